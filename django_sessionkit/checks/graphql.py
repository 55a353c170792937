"""The check of GraphQL schemas. Strawberry is not imported: a schema is found in the view of its URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from django_sessionkit.lint import coverage
from django_sessionkit.urlconf.views import unwrap

_ADAPTER = "django_sessionkit.contrib.strawberry"


def check_graphql_fields(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report ``Requires`` where Strawberry ignores it: on a field of an input type, and among the directives."""
    policy_coverage = coverage.current()
    routes = policy_coverage.routes if policy_coverage is not None else ()
    found = dict.fromkeys(one for route in routes for schema in _schemas(route.callback) for one in _ignored(schema))
    return [
        Error(
            f"{place} has Requires {where}. Strawberry ignores it, so nothing is checked.",
            hint=hint,
            id="sessionkit.E033",
        )
        for place, where, hint in found
    ]


def _schemas(view: Any) -> Iterator[Any]:
    """Yield the schema of a view of Strawberry: a keyword of ``as_view()``, or an attribute of its class."""
    for one in unwrap(view):
        given = getattr(one, "view_initkwargs", {}).get(
            "schema", getattr(getattr(one, "view_class", None), "schema", None)
        )
        if hasattr(given, "schema_converter"):
            yield given


def _ignored(schema: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the wrong position and the hint for each ``Requires`` that has no effect."""
    for kind in schema.schema_converter.type_map.values():
        for field in getattr(kind.definition, "fields", ()):
            place = f"{kind.definition.name}.{field.python_name}"
            if _has_requires(field.directives):
                yield place, "among its directives", "Write extensions=[Requires(...)]."
            if kind.definition.is_input and _has_requires(field.extensions):
                yield place, "on a field of an input type", "Check the value in the resolver, with enforce(...)."


def _has_requires(found: Any) -> bool:
    return any(type(one).__module__ == _ADAPTER for one in found or ())
