"""The permission classes of ``Requires`` and ``RequiresByAction``, and their operators ``&``, ``|`` and ``~``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from rest_framework import permissions
from rest_framework.permissions import AND, OR, BasePermission

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import as_requirement, evaluate_current
from django_sessionkit.guard.objects import is_about_object, is_undecided, note_question
from django_sessionkit.policy.decisions import NO_OBJECT, Decision
from django_sessionkit.requirements import Authenticated, Nobody, Requirement
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT
from django_sessionkit.responses.caching import vary_ahead
from django_sessionkit.session.context import activate
from django_sessionkit.session.csrf import needs_csrf_check
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.utils.sansio import run
from django_sessionkit.utils.text import described
from django_sessionkit.utils.verbs import VERBS

from . import objects
from .authentication import check_csrf
from .denials import final_result, keep_for_handler

if TYPE_CHECKING:
    from django.http import HttpRequest

OnDenyObject: TypeAlias = Literal["auto", "not_found"]
_ON_DENY = ("auto", "not_found")


class _Composable(permissions.BasePermissionMetaclass, permissions.OperandHolder, permissions.SingleOperandHolder):
    """The operators ``&``, ``|`` and ``~`` for permission classes with a requirement.

    It is a subclass of every possible left operand, so Python calls its methods first even if it is the right operand.
    """

    __init__: Any = type.__init__
    __call__: Any = type.__call__
    __eq__ = type.__eq__
    __hash__ = type.__hash__

    def __and__(cls, other: Any) -> Any:
        return _combined(AND, cls, other)

    def __rand__(cls, other: Any) -> Any:
        return _combined(AND, other, cls)

    def __or__(cls, other: Any) -> Any:
        return _combined(OR, cls, other)

    def __ror__(cls, other: Any) -> Any:
        return _combined(OR, other, cls)

    def __bool__(cls) -> bool:
        raise TypeError("Requires(...) has no truth value. Combine permission classes with & | ~ and not with and/or.")

    def __invert__(cls) -> Any:
        permission: Any = cls
        return permission.opposite()


class RequirementPermission(BasePermission, metaclass=_Composable):
    """A permission with a requirement for each action, and one for all others."""

    actions: Mapping[str, Requirement]
    otherwise: Requirement | None
    hides: bool
    is_part = False

    @classmethod
    def opposite(cls) -> Any:
        otherwise = ~cls.otherwise if cls.otherwise is not None else None
        actions = {action: ~requirement for action, requirement in cls.actions.items()}
        return _permission_class(actions, otherwise, cls.hides)

    def required(self, request: Any, view: Any) -> Requirement:
        """Return the requirement for the action of the request."""
        requirement = self.actions.get(_action(request, view, self.actions), self.otherwise)
        return requirement if requirement is not None else Nobody()

    def has_permission(self, request: Any, view: Any) -> bool:
        vary_ahead(view)
        requirement = self.required(request, view)
        if not is_about_object(requirement):
            return final_result(request, bool(_decision(request, requirement, None)), self.is_part)
        is_granted = self._is_granted_so_far(request, view, requirement)
        return final_result(request, is_granted, self.is_part)

    def _is_granted_so_far(self, request: Any, view: Any, requirement: Requirement) -> bool:
        """Return ``False`` if the request is denied whatever the object is, or if there will be none."""
        has_object = objects.has_object(view)
        decision = _decision(request, requirement, UNKNOWN_OBJECT, may_wait=has_object)
        if decision.allowed or not is_undecided(decision):
            return decision.allowed
        if has_object:
            objects.expect_question(view, hides=self.hides)
        else:
            objects.refuse_without_object(requirement, view)
        return has_object

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        requirement = self.required(request, view)
        if not is_about_object(requirement):
            return True  # has_permission() has checked it
        note_question(request._request)
        is_granted = bool(_decision(request, requirement, obj))
        return final_result(request, is_granted, self.is_part, hides=self.hides)


class CombinedPermission(BasePermission, metaclass=_Composable):
    """Two permissions, combined by an operator of DRF."""

    operator: Any
    parts: tuple[Any, Any]
    hides: bool
    is_part = False

    def __init__(self) -> None:
        parts = [part() for part in self.parts]
        for part in parts:
            if isinstance(part, (RequirementPermission, CombinedPermission)):
                part.is_part = True  # the other part may grant access if this one does not
        self.joined = self.operator(*parts)

    @classmethod
    def opposite(cls) -> Any:
        """Apply De Morgan's laws down to the requirements, and require a session."""
        operator = OR if cls.operator is AND else AND
        return Requires(Authenticated()) & _combined(operator, *(~part for part in cls.parts))

    def has_permission(self, request: Any, view: Any) -> bool:
        if self.hides:  # DRF does not ask the second part of "|" before it has the object
            objects.hide_missing(view)
        return final_result(request, self.joined.has_permission(request, view) is True, self.is_part)

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        is_granted = self.joined.has_object_permission(request, view, obj) is True
        return final_result(request, is_granted, self.is_part, hides=self.hides)


def _permission_class(
    actions: Mapping[str, Requirement], otherwise: Requirement | None, hides: bool
) -> type[BasePermission]:
    return _made(RequirementPermission, actions=actions, otherwise=otherwise, hides=hides)


def _combined(operator: Any, *parts: Any) -> type[BasePermission]:
    if not all(isinstance(part, (type, permissions.OperandHolder, permissions.SingleOperandHolder)) for part in parts):
        raise InvalidPolicy("Requires", "combines with permission classes only", 'write Requires(Role("editor"))')
    hides = any(getattr(part, "hides", False) is True for part in parts)
    return _made(CombinedPermission, operator=operator, parts=parts, hides=hides)


def _made(base: type[BasePermission], **attributes: Any) -> type[BasePermission]:
    make: Any = _Composable
    made: type[BasePermission] = make("Requires", (base,), attributes)
    return made


def Requires(requirement: Requirement, *, on_deny: OnDenyObject = "auto") -> type[BasePermission]:
    """Return a permission class for a requirement: ``permission_classes = [Requires(Role("editor"))]``.
    Combine it with other permission classes by ``&``, ``|`` and ``~``.

    A requirement with :class:`~django_sessionkit.AllowObject` is checked when the view asks for its object, which
    ``get_object()`` does. Before that, only what is sure without the object is denied. A request without an object,
    such as for a list, is denied if the object would matter. If the view sends a 2xx response without having asked, it
    raises :class:`~django_sessionkit.exceptions.InvalidPolicy` instead.

    :param on_deny: ``"not_found"`` answers a denied object with 404, as one that does not exist.
    """
    return _permission_class({}, as_requirement(requirement, "Requires"), _hides(on_deny, "Requires"))


def RequiresByAction(
    actions: Mapping[str, Requirement], otherwise: Requirement | None = None, *, on_deny: OnDenyObject = "auto"
) -> type[BasePermission]:
    """Return a permission class with a requirement for each action: ``{"list": Public(), "create": Role("editor")}``.
    The key is the action of a view set, or in other views the method in lower case. Other actions need ``otherwise``;
    without it, nobody is allowed, not even under ``~``. ``on_deny`` is that of :func:`Requires`.
    """
    place = "RequiresByAction"
    if not isinstance(actions, Mapping):
        raise InvalidPolicy(place, f"needs a mapping, not {type(actions).__name__}", 'such as {"list": Public()}')
    if verb := next((action for action in actions if action in VERBS), None):
        raise InvalidPolicy(place, f'"{verb}" is not an action', f'write the method in lower case: "{verb.lower()}"')
    checked = {action: as_requirement(requirement, f"{place}, {action!r}") for action, requirement in actions.items()}
    rest = as_requirement(otherwise, f"{place}, otherwise") if otherwise is not None else None
    return _permission_class(checked, rest, _hides(on_deny, place))


def _hides(on_deny: object, place: str) -> bool:
    if on_deny not in _ON_DENY:
        raise InvalidPolicy(place, f'on_deny must be "auto" or "not_found", not {described(on_deny)}')
    return on_deny == "not_found"


def _action(request: Any, view: Any, named: Mapping[str, Requirement]) -> str:
    """Return the action of the request. As in rules, GET includes HEAD."""
    action: str = getattr(view, "action", None) or request.method.lower()
    return "get" if action == "head" and action not in named else action


def _decision(request: Any, requirement: Requirement, obj: object, *, may_wait: bool = False) -> Decision:
    """Return the decision, and keep a denial for the handler. ``may_wait``: an undecided one is no denial yet."""
    http: HttpRequest = request._request
    with activate(context_for(http)) as session_context:
        if (
            session_context.is_loaded
            and session_context.request is http
            and not current_loader().source.is_current(http)
        ):
            session_context.invalidate()  # a rule has loaded the session before DRF authenticated the user
        decision = run(evaluate_current(requirement, "evaluate", obj), "aevaluate")
        session = session_context.peek()
        fault = session_context.fault
    is_open = obj is UNKNOWN_OBJECT and is_undecided(decision)
    if is_open and not may_wait:
        decision = replace(decision, reason=NO_OBJECT, requirement=requirement)
    passes = decision.allowed or (is_open and may_wait)
    keep_for_handler(http, None if passes else decision, fault)
    if passes and session is not None and needs_csrf_check(http):
        check_csrf(request)
    return decision
