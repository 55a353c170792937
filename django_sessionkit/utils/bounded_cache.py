"""Caches with a limited number of entries. When such a cache is full, it is emptied; refilling it is cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")

#: the maximum length of a key in characters; longer texts are rare or sent by an attacker
LONG = 200

_MOST_ENTRIES = 1024


def keep(cache: dict[K, T], key: K, value: T, most: int) -> None:
    """Add an entry to a cache of at most ``most`` entries."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value


class BoundedCache(dict[str, T]):
    """Cache the results of a function of one text."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, text: str) -> T:
        value = self._find(text)
        if len(text) <= LONG:
            keep(self, text, value, _MOST_ENTRIES)
        return value
