"""The page where a user confirms the login must not ask for a confirmed login itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from django.urls import resolve, reverse
from django.utils.functional import Promise

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.first_match import first_matches
from django_sessionkit.policy.path_variants import VariantReader
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.requirements import Factor, Recent, Requirement, leaves

from .urlconf import uses_language_prefix

if TYPE_CHECKING:
    from django.urls import ResolverMatch

_NAME = "SESSIONKIT_REAUTH_URL"


def check() -> None:
    """Raise ``InvalidPolicy`` if the page needs a recent login or a factor. This loads the URLconf."""
    page = conf.current().reauth_url
    path = _path_of(page) if page is not None else None
    if path is None:
        return
    for place, requirement in _required_at(path):
        asked = next(leaves(requirement, Recent, Factor), None)
        if asked is not None:
            fault = f"the page {path} needs {asked!r} itself, by {place}. Nobody could confirm a login there"
            raise InvalidPolicy(_NAME, fault, f"require only a session there: {_remedy(place, path)}")


def _remedy(place: str, path: str) -> str:
    if place.startswith("the view"):
        return "remove the decorator or mixin"
    return f'add {{"pattern": "{path}", "authenticated": True}} above {place}'


def _path_of(page: str | Promise) -> str | None:
    """Return the path of the page, or ``None`` if there is no such page. Another check reports that."""
    with suppress(Exception):
        text = str(page)
        return text.partition("?")[0].partition("#")[0] if text.startswith("/") else reverse(text)
    return None


def _required_at(path: str) -> Iterator[tuple[str, Requirement]]:
    """Yield what rules and the view require from a caller that opens the page, or sends its form."""
    settings, match = conf.current(), _match_of(path)
    languages = settings.languages if uses_language_prefix(None) else frozenset()
    name = match.view_name if match is not None else None
    for method in ("GET", "POST"):
        variants = VariantReader().variants(path, path, languages)
        for found in first_matches(settings.rules, variants, method, name, resolved=True):
            if found.rule is not None:
                yield found.rule.label, found.rule.requirement
        for mark in requirements_of(match.func, method) if match is not None else ():
            yield f"the view {name}", mark.requirement


def _match_of(path: str) -> ResolverMatch | None:
    with suppress(Exception):
        return resolve(path)
    return None
