"""Find methods that are called in the place of a method that checks something, and that do not call it."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import unwrap
from types import CodeType


def bypassing(owner: type, checking: type, method: str) -> type | None:
    """Return the first base class of ``owner`` whose ``method`` is called before that of ``checking`` and does not call
    ``super()``; ``owner`` itself counts. ``None`` if there is none.
    """
    for one in owner.__mro__[: owner.__mro__.index(checking)]:
        code = getattr(unwrap(vars(one)[method]), "__code__", None) if method in vars(one) else None
        if isinstance(code, CodeType) and method not in _names_in(code):
            return one
    return None


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the attributes and global names that a function uses, also in the functions that it contains."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)
