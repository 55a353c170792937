"""Django REST framework: permission classes from requirements, authentication by session, the usual denial responses.

In DRF, ``~`` grants access after any denial. Here it grants none without a session or after a failed check.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rest_framework import exceptions, permissions
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AND, OR, BasePermission

from django_sessionkit.api import evaluate
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.guard.evaluator import as_requirement, denial_of, public_text
from django_sessionkit.policy.decisions import UNKNOWN_FOR_NOW
from django_sessionkit.requirements import Authenticated, Nobody, Requirement
from django_sessionkit.responses import RETRY_AFTER, deny_for
from django_sessionkit.responses.caching import vary_ahead
from django_sessionkit.session.context import Fault, activate
from django_sessionkit.session.csrf import has_csrf_token, needs_csrf_check
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.session.value import Session
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.sansio import run
from django_sessionkit.utils.verbs import VERBS

if TYPE_CHECKING:
    from django.http import HttpRequest

# request attributes: the last denial of a permission, and the fault of the session at that time
_REFUSAL, _FAULT = "_sessionkit_refusal", "_sessionkit_fault"


class SessionUser:
    """The ``request.user`` for a session, with the attributes that DRF needs. The session itself is ``user.session``.
    It has no permissions in ``contrib.auth``: ``is_staff`` and ``is_superuser`` are ``False``.
    """

    is_active = is_authenticated = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def pk(self) -> str:
        """The ``user_id`` of the session. Throttles use it."""
        return self.session.user_id

    id = pk

    def __str__(self) -> str:
        """Return a fixed text without the ``user_id``, because error reports show it."""
        return str(client_texts.SIGNED_IN)


class SessionKitAuthentication(SessionAuthentication):
    """Set ``request.user`` to a :class:`SessionUser` and ``request.auth`` to the session. Without one, a denial is 401.
    As in DRF's ``SessionAuthentication``, unsafe methods need a CSRF token if the session comes from a cookie.
    """

    def authenticate(self, request: Any) -> tuple[SessionUser, Session] | None:
        """Return the user and the session, or ``None``. Then DRF tries the next authentication class."""
        session = run(context_for(request._request).flow())
        vary_ahead(request.parser_context.get("view"))
        if session is None:
            return None
        if needs_csrf_check(request._request):
            self.enforce_csrf(request)
        return SessionUser(session), session

    def authenticate_header(self, request: Any) -> str | None:
        """Return the challenge, so that DRF answers 401 and not 403, or ``None`` if a login would not help."""
        return current_loader().source.challenge if context_for(request._request).fault is None else None


class Unavailable(exceptions.APIException):
    """The session cannot be looked up at the moment. DRF's exception handler answers 503 with ``Retry-After``."""

    status_code: int = 503
    wait: int = RETRY_AFTER
    default_detail: Any = public_text(Fault(UNKNOWN_FOR_NOW))
    default_code: str = "unavailable"


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


class _RequirementPermission(BasePermission, metaclass=_Composable):
    """A permission with a requirement for each action, and one for all others."""

    actions: Mapping[str, Requirement]
    otherwise: Requirement | None
    is_part = False

    @classmethod
    def opposite(cls) -> Any:
        otherwise = ~cls.otherwise if cls.otherwise is not None else None
        return _permission_class({action: ~requirement for action, requirement in cls.actions.items()}, otherwise)

    def has_permission(self, request: Any, view: Any) -> bool:
        requirement = self.actions.get(_action(request, view, self.actions), self.otherwise)
        vary_ahead(view)
        return _final(request, _is_granted(request, requirement if requirement is not None else Nobody()), self.is_part)


class _Combined(BasePermission, metaclass=_Composable):
    """Two permissions, combined by an operator of DRF."""

    operator: Any
    parts: tuple[Any, Any]
    is_part = False

    def __init__(self) -> None:
        parts = [part() for part in self.parts]
        for part in parts:
            if isinstance(part, (_RequirementPermission, _Combined)):
                part.is_part = True  # the other part may grant access if this one does not
        self._joined = self.operator(*parts)

    @classmethod
    def opposite(cls) -> Any:
        """Apply De Morgan's laws down to the requirements, and require a session."""
        operator = OR if cls.operator is AND else AND
        return Requires(Authenticated()) & _combined(operator, *(~part for part in cls.parts))

    def has_permission(self, request: Any, view: Any) -> bool:
        return _final(request, self._joined.has_permission(request, view) is True, self.is_part)

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return self._joined.has_object_permission(request, view, obj) is True


def _permission_class(actions: Mapping[str, Requirement], otherwise: Requirement | None) -> type[BasePermission]:
    return _made(_RequirementPermission, actions=actions, otherwise=otherwise)


def _combined(operator: Any, *parts: Any) -> type[BasePermission]:
    if not all(isinstance(part, (type, permissions.OperandHolder, permissions.SingleOperandHolder)) for part in parts):
        raise InvalidPolicy("Requires", "combines with permission classes only", 'write Requires(Role("editor"))')
    return _made(_Combined, operator=operator, parts=parts)


def _made(base: type[BasePermission], **attributes: Any) -> type[BasePermission]:
    make: Any = _Composable
    made: type[BasePermission] = make("Requires", (base,), {**attributes, "__module__": __name__})
    return made


def Requires(requirement: Requirement) -> type[BasePermission]:
    """Return a permission class for a requirement: ``permission_classes = [Requires(Role("editor"))]``.
    Combine it with other permission classes by ``&``, ``|`` and ``~``.
    """
    return _permission_class({}, as_requirement(requirement, "Requires"))


def RequiresByAction(actions: Mapping[str, Requirement], otherwise: Requirement | None = None) -> type[BasePermission]:
    """Return a permission class with a requirement for each action: ``{"list": Public(), "create": Role("editor")}``.
    The key is the action of a view set, or in other views the method in lower case. Other actions need ``otherwise``;
    without it, nobody is allowed, not even under ``~``.
    """
    place = "RequiresByAction"
    if not isinstance(actions, Mapping):
        raise InvalidPolicy(place, f"needs a mapping, not {type(actions).__name__}", 'such as {"list": Public()}')
    if verb := next((action for action in actions if action in VERBS), None):
        raise InvalidPolicy(place, f'"{verb}" is not an action', f'write the method in lower case: "{verb.lower()}"')
    checked = {action: as_requirement(requirement, f"{place}, {action!r}") for action, requirement in actions.items()}
    rest = as_requirement(otherwise, f"{place}, otherwise") if otherwise is not None else None
    return _permission_class(checked, rest)


def _action(request: Any, view: Any, named: Mapping[str, Requirement]) -> str:
    """Return the action of the request. As in rules, GET includes HEAD."""
    action: str = getattr(view, "action", None) or request.method.lower()
    return "get" if action == "head" and action not in named else action


def _is_granted(request: Any, requirement: Requirement) -> bool:
    http: HttpRequest = request._request
    with activate(context_for(http)) as session_context:
        if (
            session_context.is_loaded
            and session_context.request is http
            and not current_loader().source.is_current(http)
        ):
            session_context.invalidate()  # a rule has loaded the session before DRF authenticated the user
        decision = evaluate(requirement)
        session = session_context.peek()
        fault = session_context.fault
    vars(http).update({_REFUSAL: None, _FAULT: None} if decision else {_REFUSAL: decision, _FAULT: fault})
    if decision and session is not None and needs_csrf_check(http):
        _check_csrf(request)
    return decision.allowed


def _final(request: Any, is_granted: bool, is_part: bool) -> bool:
    """Raise 403 or 503 if the session is refused or unknown: DRF would answer 401, but a login would not help."""
    fault = getattr(request._request, _FAULT, None)
    if fault is not None and not (is_granted or is_part):
        raise Unavailable if fault.reason == UNKNOWN_FOR_NOW else exceptions.PermissionDenied(str(public_text(fault)))
    return is_granted


def _check_csrf(request: Any) -> None:
    """Check CSRF: DRF turns Django's check off, and other authentication classes do not know that a session is used.

    No check is needed if a token has authenticated the user to whom the session belongs.
    """
    proven_by = request.successful_authenticator
    is_of_token = proven_by is not None and current_loader().source.follows_user and has_csrf_token(request._request)
    if not is_of_token and not isinstance(proven_by, SessionAuthentication):
        SessionAuthentication().enforce_csrf(request)


def exception_handler(error: Exception, context: dict[str, Any]) -> Any:
    """Send and report the usual response to a denial. Use it as ``REST_FRAMEWORK["EXCEPTION_HANDLER"]``.
    It handles the denials of :class:`Requires`, and what ``enforce()`` and ``require_session()`` raise in a view. DRF
    handles all other exceptions.
    """
    views = import_module("rest_framework.views")  # it imports the settings, which may name a class of this module
    denial = _denial(context["request"], error)
    if not isinstance(denial, (NotAuthenticated, AccessDenied)):
        return views.exception_handler(error, context)
    views.set_rollback()
    return run(deny_for(context["request"]._request, denial))


def _denial(request: Any, error: Exception) -> Exception:
    if not isinstance(error, (exceptions.NotAuthenticated, exceptions.PermissionDenied, Unavailable)):
        return error
    if (refusal := getattr(request._request, _REFUSAL, None)) is not None:
        return AccessDenied(refusal)
    is_ours = any(isinstance(one, SessionKitAuthentication) for one in request.authenticators)
    session_context = context_for(request._request)
    return denial_of(session_context) if is_ours and session_context.fault is not None else error


with suppress(ImportError):
    from drf_spectacular.authentication import SessionScheme

    class SessionKitScheme(SessionScheme):
        """The security scheme of :class:`SessionKitAuthentication` for drf-spectacular: the session cookie."""

        target_class: Any = SessionKitAuthentication
        name: Any = "sessionKit"
        priority = 0
