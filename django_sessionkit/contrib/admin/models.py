"""Model admins with a requirement for each action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import BaseModelAdmin

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import as_requirement
from django_sessionkit.policy.view_marks import ViewRequirement, mark_view, next_number
from django_sessionkit.requirements import Nobody, Requirement
from django_sessionkit.session.audit import logged_user, security_logger
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.overrides import bypassing
from django_sessionkit.utils.text import described, did_you_mean

from .access import decision_for, has_no_user, keep_denial, without_object

if TYPE_CHECKING:
    from django.http import HttpRequest

    _Admin = BaseModelAdmin[Any]
else:
    _Admin = object

ACTIONS = ("view", "add", "change", "delete")
_MEANT = {"read": "view", "list": "view", "see": "view", "create": "add", "edit": "change", "update": "change"}
_MEANT |= {"write": "change", "remove": "delete", "destroy": "delete"}
_EXAMPLE = 'write requirements = {"view": Role("editor")}; what is not named is denied'
# The actions that open a page. The admin itself lets a session that may change an object see it.
_PAGES = {
    "changelist": ("view", "change"),
    "history": ("view", "change"),
    "change": ("view", "change"),
    "add": ("add",),
    "delete": ("delete",),
}
# The pages of one object. Tools do not know the object, as with RequireObjectMixin.
_OF_OBJECTS = ("history", "change", "delete")


class RequireModelAdminMixin(_Admin):
    """Require a right for each action of a ``ModelAdmin`` or an inline. Put it first among the base classes.

    ``requirements`` is a dict of requirements for ``"view"``, ``"add"``, ``"change"`` and ``"delete"``. An action that
    it does not name is denied to everyone, superusers too. Django's permissions of the user are not asked. The model is
    in the index if any of the actions is allowed. ``AllowObject`` is asked about the object of a form, in an inline
    about the parent; it denies where there is no object, as in the list.

    An action of the list (``@admin.action``) without ``permissions=`` needs ``"change"``.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` when the class is defined, if ``requirements`` is
    missing or wrong, or if another base class would answer instead of the mixin.
    """

    requirements: Mapping[str, Requirement] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for action in ACTIONS:
            _refuse_bypass(cls, f"has_{action}_permission", action)
        if "requirements" in vars(cls) or (BaseModelAdmin in cls.__mro__ and cls.requirements is None):
            cls.requirements = _checked(cls.requirements, f"{cls.__name__}.requirements")

    def _meets(self, request: HttpRequest, *actions: str, obj: object = None) -> bool:
        """Return ``True`` if the session may do one of the actions."""
        without_user = getattr(self.admin_site, "allow_without_user", False) is True
        requirements = self.requirements or {}
        for action in actions:
            if action not in requirements:
                keep_denial(request, None, f'{type(self).__name__}.requirements does not name "{action}"')
                continue
            decision = decision_for(request, requirements[action], without_user=without_user, obj=obj)
            if decision.allowed:
                return True
            keep_denial(request, decision)
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``True`` if the session meets the requirement for ``"view"``."""
        return self._meets(request, "view", obj=obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``True`` if the session meets the requirement for ``"add"``. ``obj`` is the parent of an inline."""
        return self._meets(request, "add", obj=obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``True`` if the session meets the requirement for ``"change"``."""
        return self._meets(request, "change", obj=obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return ``True`` if the session meets the requirement for ``"delete"``."""
        return self._meets(request, "delete", obj=obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return ``True`` if the session may do any of the actions."""
        return self._meets(request, *ACTIONS)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Return the actions that the session may run. One without ``permissions=`` needs ``"change"``.

        ``action_location`` is that of Django 6.1 and newer.
        """
        admin: Any = super()
        where = {} if action_location is None else {"action_location": action_location}
        found: dict[str, Any] = admin.get_actions(request, **where)
        if self._meets(request, "change"):
            return found
        return {name: one for name, one in found.items() if hasattr(_function_of(one), "allowed_permissions")}

    def get_urls(self) -> list[Any]:
        """Return the URL patterns. Each page has its requirement as a mark, for ``sessionkit_routes`` and others."""
        admin: Any = super()
        urls: list[Any] = admin.get_urls()
        for one in urls:
            page = str(one.name).removeprefix(f"{self.opts.app_label}_{self.opts.model_name}_")
            if page in _PAGES and getattr(one.callback, "model_admin", None) is self:
                requirement = self._requirement_of(page)
                listed = without_object(requirement)
                if page not in _OF_OBJECTS or listed == requirement:
                    mark_view(one.callback, ViewRequirement(listed), next_number())
        return urls

    def _requirement_of(self, page: str) -> Requirement:
        """Return the requirement for a page, for tools. The admin itself decides by the methods above."""
        requirements = self.requirements or {}
        named = dict.fromkeys(requirements[action] for action in _PAGES[page] if action in requirements)
        return reduce(or_, named) if named else Nobody()

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep the entry of the history; without a Django user, write a line to the security log."""
        admin: Any = super()
        return self._logged(request, "addition", [obj]) or admin.log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Do the same as :meth:`log_addition`."""
        admin: Any = super()
        return self._logged(request, "change", [obj]) or admin.log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Do the same as :meth:`log_addition`, for each object."""
        admin: Any = super()
        return self._logged(request, "deletion", queryset) or admin.log_deletions(request, queryset)

    def _logged(self, request: HttpRequest, action: str, objects: Iterable[Any]) -> bool:
        """Write a line for each object and return ``True``, if the session has no Django user. An entry needs one."""
        if not has_no_user(request):
            return False
        user = logged_user(context_for(request).peek())
        for one in objects:
            security_logger.info("admin: %s of %s, pk=%r, user=%s", action, self.opts.label_lower, one.pk, user)
        return True


def _function_of(action: Any) -> Any:
    """Return the function of an action: the first of a tuple, or an attribute since Django 6.1."""
    return action[0] if isinstance(action, tuple) else action.func


def _refuse_bypass(owner: type, method: str, action: str) -> None:
    """Raise ``InvalidPolicy`` if a method is called in the place of that of the mixin, and does not call it."""
    one = bypassing(owner, RequireModelAdminMixin, method)
    if one is None:
        return
    mixin = RequireModelAdminMixin.__name__
    if issubclass(one, RequireModelAdminMixin):
        hint = f'call super().{method}(...) in it; to deny it to everyone, leave out "{action}" in requirements'
    else:
        base = next(base.__name__ for base in owner.__mro__[1:] if issubclass(base, one))
        hint = f"put {mixin} before {base} in {owner.__name__}"
    raise InvalidPolicy(f"{one.__name__}.{method}()", f"is called instead of that of {mixin}", hint)


def _checked(found: object, place: str) -> Mapping[str, Requirement]:
    if found is None or not isinstance(found, Mapping):
        fault = "is missing" if found is None else f"must be a dict of requirements, not {described(found)}"
        raise InvalidPolicy(place, fault, _EXAMPLE)
    for action in found:
        if action not in ACTIONS:
            raise InvalidPolicy(place, f'unknown action "{action}"', did_you_mean(action, ACTIONS, _MEANT))
    return MappingProxyType({action: as_requirement(one, f"{place}[{action!r}]") for action, one in found.items()})
