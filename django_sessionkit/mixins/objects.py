"""The mixin that checks a requirement for the object of a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isawaitable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import Http404

from django_sessionkit.conf.installed import require_middleware_for_views
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import as_requirement
from django_sessionkit.guard.objects import is_about_object, refuse_unasked
from django_sessionkit.policy.view_marks import GuardedView, ViewRequirement, mark_view, next_number
from django_sessionkit.requirements import Requirement
from django_sessionkit.responses.enforcement import enforced_for_object, missing_object
from django_sessionkit.session.context import fetching
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.sansio import Flow, arun, run

from .access import ResponseOptions, refuse_without_effect

if TYPE_CHECKING:
    from django.http import HttpRequest

_METHODS = ("get_object", "aget_object")
_ON_A_LOOP = "sync_to_async(self.get_object)"

# The methods below that check what they return.
_checking: WeakSet[Callable[..., Any]] = WeakSet()


class RequireObjectMixin(ResponseOptions):
    """Require ``object_requirement`` for the object that ``get_object()`` returns, or ``aget_object()``.

    ``object_requirement = AllowObject(is_author) | Permission("posts:moderate")``. It is checked after each call of the
    method from outside, sync or async, but only once for the same object. A denial is raised from there, so the code
    after it does not run: 403, the login page or 401 for an anonymous caller, or 404 with ``on_deny = "not_found"``,
    the same as for an object that does not exist. In views of Django REST framework, use ``Requires(...)``.

    If the view sends a 2xx response and has never called the method, ``dispatch()`` raises
    :class:`~django_sessionkit.exceptions.InvalidPolicy` instead of returning the response.
    """

    object_requirement: Requirement | None = None
    requires_object = True

    _checked: tuple[object, object] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if _is_of_rest_framework(cls):
            fault = "is a view of Django REST framework, which fetches objects in its own way"
            raise InvalidPolicy(cls.__name__, fault, "write permission_classes = [Requires(...)]")
        _check_results(cls)

    @classmethod
    def as_view(cls, *args: Any, **initkwargs: Any) -> GuardedView[..., Any]:
        """Validate the requirement when the URLconf is loaded, and set it on the view.

        The arguments are those of the view class. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for a
        missing or invalid attribute, and for a view without ``get_object()``.
        """
        require_middleware_for_views()
        refuse_without_effect(cls)
        _check_results(cls)  # a decorator of the class may have replaced a method
        if not any(hasattr(cls, name) for name in _METHODS):
            hint = "write get_object(), or call enforce(requirement, obj=...) where the view has the object"
            raise InvalidPolicy(cls.__name__, "has no get_object(), so nothing would be checked", hint)
        if given := sorted(set(_METHODS) & set(initkwargs)):
            hint = f"write {given[0]}() in the class"
            raise InvalidPolicy(f"{cls.__name__}.as_view()", f"{given[0]} would not be checked", hint)
        base: Any = super()
        view: Callable[..., Any] = base.as_view(*args, **initkwargs)
        instance = cls(**initkwargs)
        mark = ViewRequirement(instance.get_object_requirement(), instance.get_denial_options(), needs_object=True)
        return mark_view(view, mark, next_number())

    def get_object_requirement(self) -> Requirement:
        """Return the requirement for the object. ``as_view()`` calls it without a request too."""
        place = f"{type(self).__name__}.object_requirement"
        if self.object_requirement is None:
            raise InvalidPolicy(place, "is missing", "write object_requirement = AllowObject(function)")
        requirement = as_requirement(self.object_requirement, place)
        if not is_about_object(requirement):
            hint = "write AllowObject(function), or use RequireMixin with requirement"
            raise InvalidPolicy(place, f"{requirement!r} asks nothing about the object", hint)
        return requirement

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Call the view. Raises ``InvalidPolicy`` if it has sent a 2xx response without fetching its object."""
        response = super().dispatch(request, *args, **kwargs)
        return self._aresponse(request, response) if isawaitable(response) else self._response(request, response)

    def _response(self, request: HttpRequest, response: Any) -> Any:
        refuse_unasked(request, response, type(self).__name__)
        return response

    async def _aresponse(self, request: HttpRequest, response: Any) -> Any:
        return self._response(request, await response)

    def _check_object(self, found: object) -> Flow[object]:
        requirement, session = self.get_object_requirement(), context_for(self.request).peek()
        last = self._checked
        if last is None or last[0] is not found or last[1] is not session or not requirement.is_stable:
            session = yield from enforced_for_object(self.request, requirement, found, self.get_denial_options())
            self._checked = found, session
        return found

    def _missing(self, error: Http404) -> Flow[Http404]:
        """Return what to raise if there is no object."""
        return (yield from missing_object(self.request)) if self.on_deny == "not_found" else error

    async def _acheck_object(self, found: Any, name: str) -> object:
        outer = fetching.get()
        fetching.set((self, name))
        try:
            obj = await found
        except Http404 as error:
            raise await arun(self._missing(error)) from None
        finally:
            fetching.set(outer)
        return await arun(self._check_object(obj))


def _is_of_rest_framework(owner: type) -> bool:
    return any(base.__module__.partition(".")[0] == "rest_framework" for base in owner.__mro__)


def _check_results(owner: type[RequireObjectMixin]) -> None:
    """Let ``get_object()`` and ``aget_object()`` of ``owner`` check what they return."""
    for name in _METHODS:
        found = getattr(owner, name, None)
        if found is not None and found not in _checking:
            own = vars(owner).get(name)
            setattr(owner, name, _checked_method(owner, name, own if own is not None else _inherited(owner, name)))


def _inherited(owner: type, name: str) -> Callable[..., Any]:
    def inherited(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(super(owner, self), name)(*args, **kwargs)

    return inherited


def _checked_method(owner: type, name: str, method: Any) -> Callable[..., Any]:
    @wraps(method)
    def checked(self: RequireObjectMixin, *args: Any, **kwargs: Any) -> Any:
        fetch = method.__get__(self, owner)
        outer = fetching.get()
        if outer == (self, name) and getattr(type(self), name) is not checked:
            return fetch(*args, **kwargs)  # called by the method of a subclass, which checks its own result
        fetching.set((self, name))
        try:
            found = fetch(*args, **kwargs)
        except Http404 as error:
            raise run(self._missing(error), _ON_A_LOOP) from None
        finally:
            fetching.set(outer)
        return self._acheck_object(found, name) if isawaitable(found) else run(self._check_object(found), _ON_A_LOOP)

    _checking.add(checked)
    return markcoroutinefunction(checked) if iscoroutinefunction(method) else checked
