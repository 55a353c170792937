"""What a view itself asks for: read from the marks that decorators and mixins leave on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import count
from operator import and_
from typing import Any, NamedTuple, TypeVar

from .options import DEFAULT_OPTIONS, DenialOptions
from .requirements import Requirement

F = TypeVar("F", bound=Callable[..., Any])

_PREFIX = "_sessionkit_guard_"
_numbers = count()

next_number = _numbers.__next__


class Declared(NamedTuple):
    """A requirement, and how its denial is answered."""

    requirement: Requirement
    options: DenialOptions = DEFAULT_OPTIONS


def declare(view: F, mark: Declared, number: int) -> F:
    """Leave a mark on ``view`` and keep those of what it wraps: stacked requirements must all hold.

    Each guard has a ``number`` and so an attribute of its own: ``functools.update_wrapper`` copies attributes from
    view to view, sometimes outwards over others, and must not lose one.
    """
    setattr(view, f"{_PREFIX}{number}", mark)
    view.sessionkit_requirement = reduce(and_, [one.requirement for one in _marks(view)])  # type: ignore[attr-defined]
    return view


def declared(view: Any, method: str) -> list[Declared]:
    """The requirements of a view that a URL leads to, and of the handler of a class-based one."""
    name = method.lower()
    owner = getattr(view, "view_class", None)
    if name == "head" and not hasattr(owner, "head"):
        name = "get"  # as View.setup() does
    return [*_marks(view), *_marks(getattr(owner, name, None))]


def _marks(view: Any) -> list[Declared]:
    """The marks on one callable, the outermost guard first: Python evaluates decorators from the top."""
    attributes = getattr(view, "__dict__", {})
    numbers = sorted(int(name[len(_PREFIX) :]) for name in attributes if name.startswith(_PREFIX))
    return [attributes[f"{_PREFIX}{number}"] for number in numbers]
