"""A cache with a limited number of entries and a limited key length."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: the maximum length of a key in characters; longer texts are rare or sent by an attacker
LONG = 200

_MOST_ENTRIES = 1024


class BoundedCache(dict[str, T]):
    """Cache the results of a function of one text. When the cache is full, it is emptied; refilling it is cheap."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, text: str) -> T:
        answer = self._find(text)
        if len(text) <= LONG:
            if len(self) >= _MOST_ENTRIES:
                self.clear()
            self[text] = answer
        return answer
