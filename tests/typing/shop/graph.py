"""A GraphQL schema of Strawberry."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry
from django.urls import path
from strawberry.django.views import AsyncGraphQLView, GraphQLView
from strawberry.extensions import FieldExtension

from django_sessionkit import Allow, Permission, Role, Session
from django_sessionkit.contrib.strawberry import Requires


async def is_open(session: Session | None) -> bool:
    return session is not None and session.get("plan") == "gold"


editors: Requires = Requires(Role("editor") | Permission("posts:write"))
extensions: list[FieldExtension] = [editors, Requires(Allow(is_open))]


@strawberry.type
class Article:
    title: str
    notes: str | None = strawberry.field(default=None, extensions=[editors])


def drafts() -> list[Article]:
    return [Article(title="Draft")]


async def offers() -> list[Article]:
    return []


async def published() -> AsyncGenerator[Article, None]:
    yield Article(title="News")


@strawberry.type
class Query:
    drafts: list[Article] = strawberry.field(resolver=drafts, extensions=[editors])
    offers: list[Article] = strawberry.field(resolver=offers, extensions=extensions)


@strawberry.type
class Subscription:
    published = strawberry.subscription(resolver=published, extensions=[Requires(Role("editor"))])


schema = strawberry.Schema(Query, subscription=Subscription)
urlpatterns = [
    path("graphql/", GraphQLView.as_view(schema=schema)),
    path("agraphql/", AsyncGraphQLView.as_view(schema=schema)),
]
