"""A small GraphQL project with Strawberry's two views. Import this only if Strawberry is installed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import count, cycle
from typing import Annotated, Any

import strawberry
from django.http import HttpRequest
from django.urls import path
from django.views.decorators.cache import cache_page
from strawberry.django.views import AsyncGraphQLView, GraphQLView
from strawberry.extensions import FieldExtension

from django_sessionkit import Allow, AllowObject, Authenticated, Public, Recent, Role, aenforce, enforce, get_session
from django_sessionkit.contrib.strawberry import Requires

called: list[str] = []


def may(session: Any, request: HttpRequest) -> bool:
    return session is not None and session.role == "editor" and request.path.endswith("/")


async def amay(session: Any) -> bool:
    return session is not None and session.role == "editor"


def raises(session: Any) -> bool:
    raise RuntimeError("the password of the database")


def owns(session: Any, article: Any) -> bool:
    return session.user_id == article.title


answers = cycle([True, False, False])


def odd(session: Any) -> bool:
    return next(answers)


class Shouts(FieldExtension):
    """Another extension, which needs the value of a sync resolver and not an awaitable."""

    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs).upper()

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return (await next_(source, info, **kwargs)).upper()


class OnlyAsync(FieldExtension):
    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return await next_(source, info, **kwargs)


@strawberry.type
class Comment:
    text: str
    author: str | None = strawberry.field(default="Ann", extensions=[Requires(Role("editor"))])


@strawberry.type
class Article:
    title: str
    comments: list[Comment] = strawberry.field(default_factory=lambda: [Comment(text="Good.")] * 2)
    secret: str = strawberry.field(default="secret", extensions=[Requires(Role("editor"))])

    @strawberry.field(extensions=[Requires(Role("editor"))])
    def notes(self) -> str | None:
        return "notes"

    @strawberry.field(extensions=[Requires(Allow(may))])
    def checked(self) -> str | None:
        return "checked"

    @strawberry.field(extensions=[Requires(AllowObject(owns))])
    def owned(self) -> str | None:
        return "owned"

    @strawberry.field(extensions=[Requires(Allow(odd))])
    def odd(self) -> str | None:
        return "odd"

    @strawberry.field(extensions=[Requires(Allow(amay))])
    async def achecked(self) -> str | None:
        return "checked"


def articles(count: int = 3) -> list[Article | None]:
    return [Article(title=str(number)) for number in range(count)]


@strawberry.type
class Query:
    articles: list[Article | None] = strawberry.field(resolver=articles)

    @strawberry.field(extensions=[Requires(Role("editor"))], description="A page.")
    def page(self, info: strawberry.Info, name: str = "page") -> str:
        called.append(info.field_name)
        return name

    @strawberry.field(extensions=[Requires(Role("editor"))])
    async def apage(self) -> str:
        called.append("apage")
        return "apage"

    @strawberry.field(extensions=[Requires(Authenticated())])
    def me(self) -> str | None:
        session = get_session()
        return session.user_id if session is not None else "nobody"

    @strawberry.field(extensions=[Requires(Public())])
    def news(self) -> str:
        return "news"

    @strawberry.field(extensions=[Requires(Allow(amay))])
    def awaited(self) -> str | None:
        return "awaited"

    @strawberry.field(extensions=[Requires(Allow(raises))])
    def fails(self) -> str | None:
        return "open"

    @strawberry.field(extensions=[Requires(Role("editor")), Shouts()])
    def shouted(self) -> str | None:
        return "shouted"

    @strawberry.field(extensions=[Requires(Role("editor")), Shouts()])
    async def ashouted(self) -> str | None:
        return "shouted"

    @strawberry.field(extensions=[Requires(Role("editor")), OnlyAsync()])
    def mixed(self) -> str | None:
        return "mixed"

    @strawberry.field(extensions=[Requires(AllowObject(owns))])
    def nothing(self) -> str | None:
        return "open"

    @strawberry.field(extensions=[Requires(Recent(600))])
    def recent(self) -> str | None:
        return "recent"

    @strawberry.field(extensions=[Requires(Authenticated()), Requires(Role("editor"))])
    def both(self) -> str | None:
        return "both"

    @strawberry.field
    def enforced(self) -> str | None:
        enforce(Role("editor"))
        return "enforced"

    @strawberry.field
    async def aenforced(self) -> str | None:
        await aenforce(Role("editor"))
        return "enforced"


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[Requires(Role("editor"))])
    def publish(self, title: Annotated[str, strawberry.argument()] = "x") -> str | None:
        called.append("publish")
        return title

    @strawberry.mutation(extensions=[Requires(Role("editor"))])
    async def apublish(self) -> str | None:
        called.append("apublish")
        return "x"


@strawberry.type
class Subscription:
    @strawberry.subscription(extensions=[Requires(Role("editor"))])
    async def ticks(self, count: int = 2) -> AsyncGenerator[int, None]:
        for number in range(count):
            yield number

    @strawberry.subscription(extensions=[Requires(Public())])
    async def endless(self) -> AsyncGenerator[int, None]:
        for number in count():
            yield number
            await asyncio.sleep(0.01)

    @strawberry.subscription(extensions=[Requires(Public())])
    async def published(self) -> AsyncGenerator[Article, None]:
        for title in "ab":
            yield Article(title=title)


schema = strawberry.Schema(Query, Mutation, Subscription)
sync_view = GraphQLView.as_view(schema=schema)
# Newer versions have to be told that subscriptions may come over HTTP.
protocols = {"subscription_protocols": ["multipart-subscription"]}
options: Any = protocols if hasattr(AsyncGraphQLView, "subscription_protocols") else {}
async_view = AsyncGraphQLView.as_view(schema=schema, **options)

urlpatterns = [
    path("graphql/", sync_view, name="graphql"),
    path("agraphql/", async_view, name="agraphql"),
    path("cached/", cache_page(60)(sync_view)),
]
