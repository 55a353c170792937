"""What the words of a requirement are made of."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

#: the binding of words that never need brackets, as that of ``~``
TIGHT = 3


class Phrase(NamedTuple):
    """A part of a sentence. ``binding`` is that of its words, as for the operators: "or" binds less than "and"."""

    text: str
    binding: int = TIGHT

    def within(self, binding: int) -> str:
        """Return the text, in brackets if the words around it bind more."""
        return f"({self.text})" if self.binding < binding else self.text


@singledispatch
def phrase_of(requirement: object) -> Phrase:
    """Return a requirement as a part of a sentence. Register a function for each kind that has words of its own."""
    return Phrase(repr(requirement))
