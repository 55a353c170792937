"""Lists of patterns, and paths to match against them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.pattern_index import PatternIndex
from django_sessionkit.policy.rule_parser import parse_rule
from django_sessionkit.policy.rules import RuleSet

_PATHS = 200


class Shape(NamedTuple):
    """One kind of pattern: the template of the pattern, and of a path that only this pattern matches."""

    pattern: str
    hit: str


_EXACT = Shape("/app{0}/area{1}/page/edit", "/app{0}/area{1}/page/edit")
_TAIL = Shape("/app{0}/area{1}/**", "/app{0}/area{1}/page/edit/more")
_INNER = Shape("/app{0}/area{1}/*/edit", "/app{0}/area{1}/some/page/edit")
_FIRST = Shape("/*/tool{1}/**", "/team{0}/tool{1}/page/edit")

KINDS: dict[str, tuple[Shape, ...]] = {
    "exact": (_EXACT,),
    "tail-wildcard": (_TAIL,),
    "mixed": (_EXACT, _TAIL, _EXACT, _INNER, _TAIL),
    "leading-wildcard": (_EXACT, _TAIL, _EXACT, _INNER, _TAIL, _EXACT, _TAIL, _EXACT, _TAIL, _FIRST),
}


class RuleList(NamedTuple):
    """A list of rules of one kind, with paths that match one of them (hits), and paths that match none (misses)."""

    texts: list[str]
    hits: list[str]
    answers: list[int]  # which rule decides about each of the hits
    misses: list[str]

    @classmethod
    def of(cls, kind: str, size: int) -> RuleList:
        """Return the list of ``size`` rules. It is the same every time."""
        shapes = KINDS[kind]
        asked = [n * size // _PATHS for n in range(_PATHS)]
        random.Random(size).shuffle(asked)  # noqa: S311
        return cls(
            [_filled(shapes[n % len(shapes)].pattern, n) for n in range(size)],
            [_filled(shapes[n % len(shapes)].hit, n) for n in asked],
            asked,
            [_miss(n) for n in range(_PATHS)],
        )

    def index(self) -> PatternIndex:
        """Return SessionKit's index of the list."""
        return PatternIndex(self.patterns())

    def patterns(self) -> list[tuple[int, Pattern]]:
        """Return the patterns of the index with their numbers."""
        return [(number, Pattern(text)) for number, text in enumerate(self.texts)]

    def rule_set(self) -> RuleSet:
        """Return the rules, each with its number as its name. They remember the paths that they were asked for."""
        return RuleSet([parse_rule({"pattern": one, "deny": True}, str(n)) for n, one in enumerate(self.texts)])


def _filled(text: str, number: int) -> str:
    return text.format(number % 50, number)


def _miss(number: int) -> str:
    """Pages that no rule matches: elsewhere on the site, or in the same part of it as a protected page."""
    return (f"/news/item{number}/page/edit", f"/app{number % 50}/public{number}/page/edit")[number % 2]


def first_match(covering: Callable[[str], tuple[int, ...]], path: str) -> int | None:
    """Return the number of the rule that decides, or ``None``."""
    return next(iter(covering(path)), None)
