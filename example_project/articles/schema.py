"""A GraphQL API with the same session cookie. POST also needs ``X-CSRFToken``.

All queries have one URL, and a rule opens it. So each field that is not for everybody has its own requirement. A denied
field is null, and the error has the code ``UNAUTHENTICATED`` or ``FORBIDDEN``.
"""

from __future__ import annotations

import strawberry
from django.conf import settings
from django.forms import modelform_factory
from graphql import GraphQLError
from strawberry.extensions import DisableIntrospection, MaxTokensLimiter

from django_sessionkit import AccessDenied, NotAuthenticated, Permission, Role, enforce
from django_sessionkit.contrib.strawberry import Requires

from .access import MAY_EDIT
from .models import Article, Section
from .templatetags.newsroom import clean_html

SummaryForm = modelform_factory(Article, fields=["summary"])


@strawberry.type
class Author:
    name: str
    email: str | None = strawberry.field(extensions=[Requires(Role("editor"))])


@strawberry.type(name="Article")
class Story:
    """The title and the summary are on the front page, so they are for everybody."""

    id: strawberry.ID
    title: str
    summary: str
    author: Author
    body: str | None = strawberry.field(extensions=[Requires(Permission("articles:read"))])


def _story(article: Article) -> Story:
    author = Author(name=str(article.author), email=article.author.email)
    return Story(
        id=strawberry.ID(str(article.pk)),
        title=article.title,
        summary=article.summary,
        author=author,
        body=clean_html(article.body),
    )


@strawberry.type
class Query:
    @strawberry.field
    def articles(self) -> list[Story]:
        """The latest news. URL rules protect the other sections, and those rules do not match the URL of GraphQL."""
        news = Article.objects.published().filter(section=Section.NEWS).select_related("author")
        return [_story(article) for article in news[:20]]


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[Requires(Permission("articles:write"))])
    def change_summary(self, id: strawberry.ID, summary: str) -> Story | None:
        """Change the summary of a story. As on the page to edit it, only some may do that."""
        article = Article.objects.select_related("author").filter(pk=int(id) if id.isdecimal() else 0).first()
        if article is None:
            return None
        enforce(MAY_EDIT, obj=article)
        form = SummaryForm({"summary": summary}, instance=article)
        if not form.is_valid():
            raise GraphQLError("The summary is empty or too long.", extensions={"code": "INVALID"})
        return _story(form.save())


class Schema(strawberry.Schema):
    """Log errors of this program only: no denial, which SessionKit has reported, and no query that is not valid."""

    def process_errors(self, errors, execution_context=None) -> None:
        expected = (AccessDenied, NotAuthenticated, GraphQLError, type(None))
        others = [error for error in errors if not isinstance(error.original_error, expected)]
        super().process_errors(others, execution_context)


# Anybody may send queries, so long ones are refused. The schema says which field needs which role, so only visitors of
# the demo may read it.
LIMITS = [lambda: MaxTokensLimiter(max_token_count=500)]
HIDDEN = [] if settings.DEBUG else [DisableIntrospection]

schema = Schema(Query, Mutation, extensions=[*LIMITS, *HIDDEN])
