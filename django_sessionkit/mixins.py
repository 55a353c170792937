"""Mixins for class-based views, sync and async. Put them first: ``class Edit(RequireRoleMixin, UpdateView)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from django.views.generic import View

from .exceptions import InvalidPolicy
from .policy.denial_options import DenialOptions, OnDeny
from .policy.view_marks import ViewRequirement, mark_view, next_number
from .requirements import AnyPermission, Authenticated, Permission, Requirement, Role
from .responses import check_view
from .responses.caching import vary
from .utils.sansio import arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise


class AccessMixin(View):
    """The base class of the mixins. If a view has several mixins, the session must meet all of them.

    ``redirect_to``, ``login_url``, ``on_deny`` and ``api`` have the same meaning as the response keys of a rule.
    """

    redirect_to: str | Promise | None = None
    login_url: str | Promise | None = None
    on_deny: OnDeny = "auto"
    api: bool | None = None

    _last_requirement: Requirement

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """Validate the requirement when the URLconf is loaded, and set it on the view.

        Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for a missing or invalid attribute.
        """
        view = super().as_view(**initkwargs)
        instance = cls(**initkwargs)
        return mark_view(
            view, ViewRequirement(instance.get_requirement(), instance.get_denial_options()), next_number()
        )

    def get_requirement(self) -> Requirement:
        """Return the combined requirement of all mixins of this class. It is called again for every request.

        Override it to extend ``super().get_requirement()`` with a requirement that attributes cannot express. It must
        work without a request, because ``as_view()`` calls it when the URLconf is loaded. Use ``Allow`` for a
        requirement that depends on the request.
        """
        declaring = [one for one in type(self).__mro__ if "_declared_requirement" in vars(one)]
        parts: list[Requirement] = [vars(one)["_declared_requirement"](self) for one in declaring]
        return reduce(and_, parts)

    def _reused_requirement(self) -> Requirement:
        """Return the requirement: the same object as for the last request if it is equal, so decisions stay cached."""
        owner, requirement = type(self), self.get_requirement()
        last: Requirement | None = vars(owner).get("_last_requirement")
        if last == requirement:
            return last
        owner._last_requirement = requirement
        return requirement

    def get_denial_options(self) -> DenialOptions:
        """Return the options for the response to a denial."""
        options = {
            "redirect_to": self.redirect_to,
            "login_url": self.login_url,
            "on_deny": self.on_deny,
            "api": self.api,
        }
        return DenialOptions.parse(options, type(self).__name__)

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


class RequireMixin(AccessMixin):
    """Require any requirement: ``requirement = Role("owner") | Permission("billing:read")``."""

    requirement: Requirement | None = None

    def _declared_requirement(self) -> Requirement:
        if not isinstance(self.requirement, Requirement):
            raise InvalidPolicy(f"{type(self).__name__}.requirement", "must be a requirement", 'such as Role("owner")')
        return self.requirement


class RequireAuthenticatedMixin(AccessMixin):
    """Require a session."""

    def _declared_requirement(self) -> Requirement:
        return Authenticated()


class RequireRoleMixin(AccessMixin):
    """Require at least one of ``required_roles``."""

    required_roles: Sequence[str] | None = None

    def _declared_requirement(self) -> Requirement:
        return Role(*_names(self, "required_roles", self.required_roles))


class RequirePermissionMixin(AccessMixin):
    """Require all of ``required_permissions`` and at least one of ``required_any_permission``.

    At least one of the two attributes must be set.
    """

    required_permissions: Sequence[str] | None = None
    required_any_permission: Sequence[str] | None = None

    def _declared_requirement(self) -> Requirement:
        parts: list[Requirement] = []
        if self.required_any_permission is not None:
            parts.append(AnyPermission(*_names(self, "required_any_permission", self.required_any_permission)))
        if self.required_permissions is not None or not parts:
            parts.append(Permission(*_names(self, "required_permissions", self.required_permissions)))
        return reduce(and_, parts)


def _names(view: View, attribute: str, names: object) -> Sequence[str]:
    if not isinstance(names, (list, tuple, set, frozenset)) or not names:
        raise InvalidPolicy(f"{type(view).__name__}.{attribute}", "must be a list of names", 'write ["name"]')
    return sorted(names) if isinstance(names, (set, frozenset)) else names
