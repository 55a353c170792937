"""The check of GraphQL schemas. Skipped if Strawberry is not installed."""

from __future__ import annotations

from enum import Enum
from importlib.util import find_spec

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from django_sessionkit import Role

if find_spec("strawberry") is None:
    pytest.skip("needs strawberry-graphql", allow_module_level=True)

import strawberry
from strawberry.django.views import AsyncGraphQLView, GraphQLView

from django_sessionkit.contrib.strawberry import Requires

EDITORS = Requires(Role("editor"))


@strawberry.input
class New:
    title: str
    featured: bool = strawberry.field(default=False, extensions=[EDITORS])


@strawberry.enum
class Kind(Enum):
    NEWS = "news"


@strawberry.type
class Wrong:
    @strawberry.field(directives=[EDITORS])
    def drafts(self) -> str:
        return "draft"

    @strawberry.field(extensions=[EDITORS])
    def add(self, new: New, kind: Kind) -> str:
        return new.title


@strawberry.type
class Right:
    @strawberry.field(extensions=[EDITORS])
    def drafts(self) -> str:
        return "draft"


class Attribute(AsyncGraphQLView):
    schema = strawberry.Schema(Wrong)


def found(*views):
    urls = [path(f"graphql{number}/", view) for number, view in enumerate(views)]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": urls})):
        return [(one.msg, one.hint) for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.E033"]


DRAFTS = (
    "Wrong.drafts has Requires among its directives. Strawberry ignores it, so nothing is checked.",
    "Write extensions=[Requires(...)].",
)
FEATURED = (
    "New.featured has Requires on a field of an input type. Strawberry ignores it, so nothing is checked.",
    "Check the value in the resolver, with enforce(...).",
)


@pytest.mark.parametrize("view", [GraphQLView, AsyncGraphQLView])
def test_requires_where_it_has_no_effect(view):
    made = view.as_view(schema=strawberry.Schema(Wrong))
    assert sorted(found(made, csrf_exempt(made))) == [FEATURED, DRAFTS]


def test_the_schema_may_be_an_attribute_of_the_view():
    assert sorted(found(Attribute.as_view())) == [FEATURED, DRAFTS]


def test_requires_among_the_extensions_is_right():
    assert found(GraphQLView.as_view(schema=strawberry.Schema(Right)), lambda request: None) == []


def test_strawberry_ignores_it_there():
    schema = strawberry.Schema(Wrong)
    assert schema.execute_sync("{ drafts }").data == {"drafts": "draft"}
