"""Find rules that protect the pages of one language only, while the other languages of ``i18n_patterns`` are open."""

from __future__ import annotations

from collections.abc import Iterator

from django_sessionkit.patterns import split
from django_sessionkit.requirements import Nobody

from .coverage import PolicyCoverage
from .rule_faults import Finding

_MOST_SHOWN = 3


def open_languages(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules with a pattern such as ``/de/reports/**``, if the same page is open in another language."""
    by_route = _languages_by_route(coverage)
    found: dict[int, Finding] = {}
    for selector, covered in zip(coverage.selectors, coverage.covers, strict=True):
        rule, text = coverage.rules[selector.number], selector.pattern.text
        language = _beginning(text)
        if rule.is_public or isinstance(rule.requirement, Nobody) or language not in coverage.settings.languages:
            continue
        for route in covered:
            verbs = [verb for verb in coverage.verbs(route) if rule.matches_method(verb)]
            missing = coverage.settings.languages - by_route.get(route, coverage.settings.languages)
            if missing and any(_is_open(coverage, route, verb) for verb in verbs):
                fault = (
                    f'the pattern "{text}" protects only the language "{language}" of {coverage.routes[route].text}. '
                    f"The page is open to everyone in other languages ({_shown(missing)})."
                )
                rest = text.removeprefix(f"/{language}") or "/"
                flag = "" if rule.i18n else ', and remove "i18n": False'
                hint = f'Write "{rest}"{flag}. A pattern without a language applies to every language.'
                found.setdefault(selector.number, Finding(rule.label, fault, hint, selector.number))
    return list(found.values())


def _beginning(text: str) -> str:
    return next(iter(split(text)), "")


def _languages_by_route(coverage: PolicyCoverage) -> dict[int, frozenset[str]]:
    """Return, for each route with a language prefix, the languages that the patterns of rules name.

    A route is left out if a pattern matches it in another way.
    """
    found: dict[int, frozenset[str]] = {}
    others = set()
    for route, text in _matches(coverage):
        language = _beginning(text)
        if language not in coverage.settings.languages or not coverage.routes[route].is_prefixed:
            others.add(route)
        found[route] = found.get(route, frozenset()) | {language}
    return {route: languages for route, languages in found.items() if route not in others}


def _matches(coverage: PolicyCoverage) -> Iterator[tuple[int, str]]:
    """Yield the routes that each pattern matches, with the pattern."""
    for selector, covered in zip(coverage.selectors, coverage.covers, strict=True):
        rule = coverage.rules[selector.number]
        for route in covered:
            if rule.matches_view(coverage.routes[route].view_name):
                yield route, selector.pattern.text


def _is_open(coverage: PolicyCoverage, route: int, verb: str) -> bool:
    """Return ``True`` if nothing but a rule for one language protects the route, and nothing says that it is public."""
    is_checked = coverage.marks(route, verb) or coverage.routes[route].external_check or coverage.meets_default(route)
    return not is_checked and not coverage.is_said_to_be_public(route) and coverage.decider(route, verb) is None


def _shown(languages: frozenset[str]) -> str:
    names = sorted(languages)
    return ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
