"""The base class of the mixins, and the errors for mixins that would not be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, TypeAlias

from django.views.generic import View

from django_sessionkit.conf.installed import require_middleware_for_views
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import as_requirement
from django_sessionkit.guard.objects import refuse_without_object
from django_sessionkit.policy.denial_options import DenialOptions, OnDeny
from django_sessionkit.policy.view_marks import GuardedView, ViewRequirement, mark_view, next_number
from django_sessionkit.requirements import Requirement
from django_sessionkit.responses import check_view
from django_sessionkit.responses.caching import vary
from django_sessionkit.utils.near_names import ATTRIBUTES
from django_sessionkit.utils.overrides import bypassing
from django_sessionkit.utils.sansio import arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    _View: TypeAlias = View[Any]  # any kind of response: the mixin goes with all views
else:
    _View = View


def _refuse_unchecked(owner: type[AccessMixin]) -> None:
    """Raise ``InvalidPolicy`` for a ``dispatch()`` that is called before that of the mixins and does not call it.

    The requirement would not be checked. Django REST framework has such a method in ``APIView``.
    """
    one = bypassing(owner, AccessMixin, "dispatch")
    if one is None:
        return
    order = owner.__mro__[: owner.__mro__.index(AccessMixin)]
    fault = "does not call super().dispatch(), so the requirement would not be checked"
    mixin = next((base.__name__ for base in order[order.index(one) + 1 :] if issubclass(base, AccessMixin)), None)
    is_own = mixin is None or issubclass(one, AccessMixin)
    hint = "return super().dispatch(...)" if is_own else f"put {mixin} before {one.__name__} in {owner.__name__}"
    raise InvalidPolicy(f"{one.__name__}.dispatch()", fault, hint)


class ResponseOptions(_View):
    """A view with the options for the response to a denial.

    ``redirect_to``, ``login_url``, ``on_deny`` and ``api`` have the same meaning as the response keys of a rule.
    """

    redirect_to: str | Promise | None = None
    login_url: str | Promise | None = None
    on_deny: OnDeny = "auto"
    api: bool | None = None

    def get_denial_options(self) -> DenialOptions:
        """Return the options for the response to a denial."""
        options = {
            "redirect_to": self.redirect_to,
            "login_url": self.login_url,
            "on_deny": self.on_deny,
            "api": self.api,
        }
        return DenialOptions.parse(options, type(self).__name__)


class AccessMixin(ResponseOptions):
    """The base class of the mixins. If a view has several mixins, the session must meet all of them."""

    _last_requirement: Requirement

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _refuse_unchecked(cls)

    @classmethod
    def as_view(cls, *args: Any, **initkwargs: Any) -> GuardedView[..., Any]:
        """Validate the requirement when the URLconf is loaded, and set it on the view.

        The arguments are those of the view class. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for a
        missing or invalid attribute.
        """
        require_middleware_for_views()
        refuse_without_effect(cls)
        base: Any = super()
        view: Callable[..., Any] = base.as_view(*args, **initkwargs)
        instance = cls(**initkwargs)
        mark = ViewRequirement(instance._requirement_without_request(), instance.get_denial_options())
        return mark_view(view, mark, next_number())

    def get_requirement(self) -> Requirement:
        """Return the combined requirement of all mixins of this class. It is called again for every request.

        Override it to extend ``super().get_requirement()`` with a requirement that attributes cannot express. It must
        work without a request, because ``as_view()`` calls it when the URLconf is loaded. Use ``Allow`` for a
        requirement that depends on the request.
        """
        declaring = [one for one in type(self).__mro__ if "_declared_requirement" in vars(one)]
        parts: list[Requirement] = [vars(one)["_declared_requirement"](self) for one in declaring]
        if not parts:
            raise InvalidPolicy(type(self).__name__, "requires nothing", "use RequireMixin or one of its siblings")
        return reduce(and_, parts)

    def _requirement_without_request(self) -> Requirement:
        try:
            return self._reused_requirement()
        except AttributeError as error:
            place, hint = f"{type(self).__name__}.get_requirement()", "use Allow(function) for what depends on it"
            raise InvalidPolicy(place, f"must work without a request, but raised: {error}", hint) from error

    def _reused_requirement(self) -> Requirement:
        """Return the requirement: the same object as for the last request if it is equal, so decisions stay cached."""
        owner = type(self)
        requirement = as_requirement(self.get_requirement(), f"{owner.__name__}.get_requirement()")
        last: Requirement | None = vars(owner).get("_last_requirement")
        if last is not None and last == requirement:
            return last
        hint = "write object_requirement = ... with RequireObjectMixin"
        refuse_without_object(requirement, f"{owner.__name__}.get_requirement()", "dispatch()", hint)
        owner._last_requirement = requirement
        return requirement

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Check the requirement, then call the view or return the response to the denial."""
        if self.view_is_async:
            return self._adispatch(request, *args, **kwargs)
        denial = run(check_view(request, self._reused_requirement(), self.get_denial_options()))
        return vary(super().dispatch(request, *args, **kwargs)) if denial is None else denial

    async def _adispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        denial = await arun(check_view(request, self._reused_requirement(), self.get_denial_options()))
        if denial is not None:
            return denial
        view: Any = super()
        return vary(await view.dispatch(request, *args, **kwargs))


#: attributes, and the mixin that reads each of them
_READ_BY = {
    "object_requirement": "RequireObjectMixin",
    "required_any_permission": "RequirePermissionMixin",
    "required_permissions": "RequirePermissionMixin",
    "required_roles": "RequireRoleMixin",
    "requirement": "RequireMixin",
}


def _without_effect(owner: Any) -> Iterator[tuple[str, str]]:
    """Yield the attributes that a view of the class ``owner`` must not have, and what to do instead."""
    for name, right in ATTRIBUTES.items():
        yield name, f"write {right} = ..." if right == "object_requirement" else f'write {right} = ["name"]'
    bases = {base.__name__ for base in owner.__mro__}
    is_standard = getattr(owner, "get_requirement", AccessMixin.get_requirement) is AccessMixin.get_requirement
    for name, mixin in _READ_BY.items():
        if mixin not in bases and (is_standard or mixin == "RequireObjectMixin"):
            yield name, f"add {mixin} to the base classes"


def refuse_without_effect(owner: type[ResponseOptions]) -> None:
    """Raise ``InvalidPolicy`` for an attribute of a view that nothing reads.

    An attribute that another base class declares has its meaning there, as in Django's ``PermissionRequiredMixin``.
    """
    for name, hint in _without_effect(owner):
        declaring = [one for one in owner.__mro__ if name in vars(one)]
        if declaring and all(issubclass(one, ResponseOptions) for one in declaring):
            raise InvalidPolicy(f"{owner.__name__}.{name}", "has no effect", hint)
