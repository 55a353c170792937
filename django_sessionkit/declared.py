"""What a view itself asks for: read from the marks that decorators and mixins leave on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from inspect import ismethod, unwrap
from itertools import count
from operator import and_
from threading import Event
from typing import Any, NamedTuple, TypeVar

from .options import DEFAULT_OPTIONS, DenialOptions
from .requirements import Requirement

F = TypeVar("F", bound=Callable[..., Any])

_PREFIX = "_sessionkit_guard_"
_PUBLIC = "_sessionkit_public_"
# Downwards: what is put around a view later is asked before it.
_numbers = count(0, -1)

next_number = _numbers.__next__

#: set once a view asks for something, and is not to be found otherwise
views_are_hidden = Event()


class Declared(NamedTuple):
    """A requirement, and how its denial is answered."""

    requirement: Requirement
    options: DenialOptions = DEFAULT_OPTIONS


def declare(view: F, mark: Declared, number: int) -> F:
    """Leave a mark on ``view`` and keep those of what it wraps: stacked requirements must all hold.

    Each mark has a ``number`` and so an attribute of its own: ``functools.update_wrapper`` copies attributes from
    view to view, sometimes outwards over others, and must not lose one.
    """
    if mark.options.on_deny == "not_found":
        views_are_hidden.set()
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


def options_under_default(view: Any, method: str) -> DenialOptions:
    """How a denial by ``SESSIONKIT_GLOBAL_PROTECT`` is answered: a view that hides itself stays hidden."""
    first = next(iter(declared(view, method)), None)
    return first.options if first is not None and first.options.on_deny == "not_found" else DEFAULT_OPTIONS


def mark_public(view: F, number: int) -> F:
    """Leave the mark of ``@public`` on a wrapper. It has a ``number`` for the same reason as a guard."""
    setattr(view, f"{_PUBLIC}{number}", True)
    view.sessionkit_public = True  # type: ignore[attr-defined]
    return view


def is_public(view: Any) -> bool:
    """Whether ``@public`` stands on this view, or on its own class. What a base class carries does not count."""
    owner = _owner(view)
    if vars(owner).get("sessionkit_public") is True:
        return True
    marks = set(_numbered(view, _PUBLIC))
    return bool(marks) and not marks <= {*_inherited(owner, "dispatch"), *_inherited_by_method(view)}


def _owner(view: Any) -> type:
    """The class of a class-based view, of a view of Django REST framework, or of a callable object."""
    for name in ("view_class", "cls"):
        owner = getattr(view, name, None)
        if isinstance(owner, type):
            return owner
    return type(view)


def _inherited(owner: type, method: str) -> list[int]:
    """The marks of ``@public`` on a method of the base classes. ``as_view()`` copies those of ``dispatch``, and
    ``method_decorator`` those of the method that it replaces.
    """
    found = [vars(base).get(method) for base in owner.__mro__[1:]]
    return [number for one in found for number in _numbered(getattr(one, "__func__", one), _PUBLIC)]


def _inherited_by_method(view: Any) -> list[int]:
    """The same for a view that is a method of an object, also inside of other decorators."""
    method = unwrap(view, stop=ismethod)
    if not ismethod(method):
        return []
    owner = method.__self__ if isinstance(method.__self__, type) else type(method.__self__)
    return _inherited(owner, method.__name__)


def _marks(view: Any) -> list[Declared]:
    """The marks on one callable, the outermost guard first."""
    return [view.__dict__[f"{_PREFIX}{number}"] for number in _numbered(view, _PREFIX)]


def _numbered(view: Any, prefix: str) -> list[int]:
    attributes = getattr(view, "__dict__", {})
    return sorted(int(name[len(prefix) :]) for name in attributes if name.startswith(prefix))
