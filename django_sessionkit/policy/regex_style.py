"""Recognize regular expressions where a URL pattern belongs, and propose the pattern that they may mean."""

from __future__ import annotations

import re
from collections.abc import Callable

_STYLE = re.compile(r"[$^\[\\(]|[)\]}.][*+]")
# What a regular expression is made of, and the wildcard that stands for it.
_SIMPLER: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"^\^|\$$|\\Z$"), ""),
    (re.compile(r"\(\?P<\w+>(?:[^()]*)\)|\((?!\?)[^()|]*\)|\(\?:[^()|]*\)"), lambda found: _inside(found[0])),
    (re.compile(r"/\?$"), "/"),
    (re.compile(r"\.[*+]\??"), "**"),
    (re.compile(r"(?:\[[^\]]*\]|\\[dwS])(?:[+*]|\{[\d,]+\})"), "*"),
    (re.compile(r"\\([.\-/_])"), r"\1"),
]


def is_regex(text: str) -> bool:
    """Return ``True`` if ``text`` looks like a regular expression."""
    return _STYLE.search(text) is not None


def as_pattern(text: str) -> str:
    """Return a pattern that matches the same paths or a few more, or ``""`` if there is no simple one."""
    for found, simpler in _SIMPLER:
        text = found.sub(simpler, text)
    return "" if is_regex(text) or "|" in text else f"/{text.removeprefix('/')}"


def _inside(group: str) -> str:
    """Return what is in the brackets of a group."""
    return re.sub(r"^\((?:\?P<\w+>|\?:)?|\)$", "", group)
