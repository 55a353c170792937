"""The requirements of a view itself, which decorators and mixins store as marks on the view."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from inspect import ismethod, unwrap
from itertools import count
from operator import and_
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from django_sessionkit.requirements import Requirement

from .denial_options import DEFAULT_OPTIONS, DenialOptions

if TYPE_CHECKING:
    from django.urls import ResolverMatch

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R", covariant=True)

_PREFIX = "_sessionkit_guard_"
_PUBLIC = "_sessionkit_public_"
IS_PUBLIC = "sessionkit_public"
#: the names of the marks that exempt a view from the global default
PUBLIC_LABEL, DJANGO_LABEL = "@public", "@login_not_required"
_REQUIREMENT = "sessionkit_requirement"
# The numbers descend, because a decorator that is applied later is an outer one and is checked first.
_numbers = count(0, -1)

next_number: Callable[[], int] = _numbers.__next__

#: set as soon as any view answers a denial with 404
views_are_hidden: Event = Event()


class ViewRequirement(NamedTuple):
    """A requirement of a view, and the options for answering a denial."""

    requirement: Requirement
    options: DenialOptions = DEFAULT_OPTIONS
    #: whether the view checks it for an object, which is only known inside the view
    needs_object: bool = False


class GuardedView(Protocol[P, R]):
    """A view with a requirement, as the decorators and ``as_view()`` of the mixins return it.

    ``sessionkit_requirement``: all requirements of the view, combined with ``&``.
    """

    __name__: str
    sessionkit_requirement: Requirement

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Check the requirement and call the view."""
        ...


def mark_view(view: Callable[P, R], mark: ViewRequirement, number: int) -> GuardedView[P, R]:
    """Add a mark to ``view`` and keep the marks of the views that it wraps. All stacked requirements must be met.

    Each mark has a separate attribute with its ``number``, because ``functools.update_wrapper`` copies attributes to
    the wrapper and would otherwise overwrite one mark with another.
    """
    if mark.options.on_deny == "not_found" and not mark.needs_object:
        views_are_hidden.set()
    setattr(view, f"{_PREFIX}{number}", mark)
    setattr(view, _REQUIREMENT, reduce(and_, [one.requirement for one in _marks(view)]))
    return cast("GuardedView[P, R]", view)


def requirements_of(view: Any, method: str) -> list[ViewRequirement]:
    """Return the requirements of a routed view and, for a class-based view, of its handler for ``method``."""
    name = method.lower()
    owner = getattr(view, "view_class", None)
    if name == "head" and not hasattr(owner, "head"):
        name = "get"  # as View.setup() does
    return [*_marks(view), *_marks(getattr(owner, name, None))]


def options_under_default(view: Any, method: str) -> DenialOptions:
    """Return the options for a denial by ``SESSIONKIT_GLOBAL_PROTECT``.

    A view whose first requirement answers denials with 404 is also hidden with 404 here.
    """
    first = next((one for one in requirements_of(view, method) if not one.needs_object), None)
    return first.options if first is not None and first.options.on_deny == "not_found" else DEFAULT_OPTIONS


def requires_object(view: Any) -> bool:
    """Return ``True`` if the view has ``requires_object = True``: as a function, in its class, or by ``as_view()``."""
    given = getattr(view, "view_initkwargs", None) or getattr(view, "initkwargs", None) or {}
    places = [given.get("requires_object"), *(getattr(one, "requires_object", None) for one in (view, _owner(view)))]
    return next((one for one in places if one is not None), False) is True


def dotted_name_of(view: Any) -> str:
    """Return the dotted name of a view, or of its class."""
    owner = _owner(view)
    named = view if hasattr(view, "__qualname__") and not hasattr(owner, "as_view") else owner
    return f"{named.__module__}.{named.__qualname__}"


def mark_public(view: F, number: int) -> F:
    """Add the mark of ``@public`` to a wrapper. It has a ``number`` for the same reason as in :func:`mark_view`."""
    setattr(view, f"{_PUBLIC}{number}", True)
    return mark_public_class(view)


def mark_public_class(view: F) -> F:
    """Add the mark of ``@public`` to a class, whose subclasses do not inherit it."""
    setattr(view, IS_PUBLIC, True)
    return view


def is_public(view: Any) -> bool:
    """Return ``True`` if ``@public`` was applied to this view or its class. A mark on a base class does not count."""
    owner = _owner(view)
    if vars(owner).get(IS_PUBLIC) is True:
        return True
    marks = set(_numbered(view, _PUBLIC))
    return bool(marks) and not marks <= {*_inherited(owner, "dispatch"), *_inherited_by_method(view)}


def _owner(view: Any) -> type:
    """Return the class of a class-based view, of a view of Django REST framework, or of a callable object."""
    for name in ("view_class", "cls"):
        owner = getattr(view, name, None)
        if isinstance(owner, type):
            return owner
    return type(view)


def _inherited(owner: type, method: str) -> list[int]:
    """Return the marks of ``@public`` on a method of the base classes.

    They must not count, but they are copied: ``as_view()`` copies the marks of ``dispatch``, and ``method_decorator``
    those of the method that it replaces.
    """
    found = [vars(base).get(method) for base in owner.__mro__[1:]]
    return [number for one in found for number in _numbered(getattr(one, "__func__", one), _PUBLIC)]


def _inherited_by_method(view: Any) -> list[int]:
    """Do the same for a view that is a bound method, even if it is wrapped in decorators."""
    method = unwrap(view, stop=ismethod)
    if not ismethod(method):
        return []
    owner = method.__self__ if isinstance(method.__self__, type) else type(method.__self__)
    return _inherited(owner, method.__name__)


def _marks(view: Any) -> list[ViewRequirement]:
    """Return the marks on a callable, the outermost first."""
    return [view.__dict__[f"{_PREFIX}{number}"] for number in _numbered(view, _PREFIX)]


def _numbered(view: Any, prefix: str) -> list[int]:
    attributes = getattr(view, "__dict__", {})
    return sorted(int(name[len(prefix) :]) for name in attributes if name.startswith(prefix))


_API_PACKAGES = ("rest_framework", "ninja")


def api_package_of(view: Any) -> str | None:
    """Return ``"rest_framework"`` or ``"ninja"`` if a class or module of the view comes from there, else ``None``."""
    owner = getattr(view, "cls", None) or type(getattr(view, "__self__", None))
    modules = [getattr(view, "__module__", None) or "", *(base.__module__ for base in getattr(owner, "__mro__", ()))]
    packages = (module.partition(".")[0] for module in modules)
    return next((one for one in packages if one in _API_PACKAGES), None)


def is_login_not_required(view: Any) -> bool:
    """Return ``True`` if Django's ``@login_not_required`` marks the view, as ``LoginRequiredMiddleware`` finds it.

    A view of Django REST framework never counts, because the framework marks all of its views.
    """
    return getattr(view, "login_required", True) is False and api_package_of(view) != "rest_framework"


def exempting_mark(match: ResolverMatch | None, *, honors_django: bool) -> str | None:
    """Return the mark that exempts the view from the global default: ``@public``, ``@login_not_required`` or ``None``.

    ``honors_django``: whether the mark of Django counts (``SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED``).
    """
    if match is None:
        return None
    if is_public(match.func):
        return PUBLIC_LABEL
    return DJANGO_LABEL if honors_django and is_login_not_required(match.func) else None
