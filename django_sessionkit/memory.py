"""Answers that are kept because they are asked for again: never more than a known number of entries and bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: a longer text is not worth a place in a memory, or is hostile
LONG = 200

_MOST_REMEMBERED = 1024


class Memory(dict[str, T]):
    """Answers about texts. Emptied when full: it is filled again in no time."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, text: str) -> T:
        answer = self._find(text)
        if len(text) <= LONG:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[text] = answer
        return answer
