"""What a session must have: the leaves of the algebra, and the ways to combine them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from inspect import Parameter, signature
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from .access import AccessPolicy, Grants, effective
from .algebra import And, Not, Or, Requirement
from .decisions import MISSING_PERMISSION, MISSING_ROLE, NOBODY, NONE_OF, NOT_AUTHENTICATED, POLICY, PREDICATE, Decision
from .exceptions import AsyncRequired, InvalidPolicy, Undecided
from .flows import Flow, place_of, user_call
from .names import fault_in, nfc
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = [
    "Allow",
    "And",
    "AnyPermission",
    "Authenticated",
    "Leaf",
    "Nobody",
    "Not",
    "Or",
    "Permission",
    "Public",
    "Requirement",
    "Role",
]

logger = logging.getLogger("django_sessionkit")

_DOTTED_PATH = re.compile(r"\w+(\.\w+)+")


class Leaf(Requirement):
    """A requirement that asks one question. The access policy is asked first."""

    __slots__ = ()

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        try:
            if policy.overrides_check:
                answer = yield user_call(policy.check, self, session, request)
                if answer is not None:
                    return self._verdict(answer, POLICY, "AccessPolicy.check")
            return (yield from self._judge(session, policy, request))
        except AsyncRequired:
            raise
        except Undecided:
            return self._failed()
        except Exception as error:
            _log_failure(self, error)
            return self._failed()

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        """The built-in answer of a leaf that asks the session's grants."""
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        grants = (yield from effective(policy, session)) if policy.overrides_grants else policy.grants(session)
        return self._compare(grants)

    def _compare(self, grants: Grants) -> Decision:
        raise NotImplementedError

    def _verdict(self, answer: object, reason: str, who: str) -> Decision:
        """Only the object ``True`` grants, and only ``False`` is an ordinary no."""
        if answer is True:
            return self._granted()
        if answer is False:
            return self._denied(reason)
        logger.error("%s answered with a %s instead of True or False: denied", who, type(answer).__name__)
        return self._failed()


def _log_failure(leaf: Leaf, error: Exception) -> None:
    logger.error("%r raised %s at %s: denied", leaf, type(error).__name__, place_of(error))


class Role(Leaf):
    """Any of the roles: as the primary role, among ``roles``, or inherited by ``SESSIONKIT_ROLES``."""

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(_names("Role", any_of), is_static=True)

    def _compare(self, grants: Grants) -> Decision:
        if not grants.roles.isdisjoint(self._parts):
            return self._granted()
        return self._denied(MISSING_ROLE, self._parts)


class Permission(Leaf):
    """All of the permissions."""

    __slots__ = ()

    def __init__(self, *all_of: str) -> None:
        super().__init__(_permission_names("Permission", all_of), is_static=True)

    def _compare(self, grants: Grants) -> Decision:
        missing = tuple(name for name in self._parts if not grants.has_permission(name))
        return self._denied(MISSING_PERMISSION, missing) if missing else self._granted()


class AnyPermission(Leaf):
    """At least one of the permissions."""

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(_permission_names("AnyPermission", any_of), is_static=True)

    def _compare(self, grants: Grants) -> Decision:
        if any(map(grants.has_permission, self._parts)):
            return self._granted()
        return self._denied(MISSING_PERMISSION if len(self._parts) == 1 else NONE_OF, self._parts)


class Authenticated(Leaf):
    """Any session."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((), is_static=True)

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        yield from ()
        return self._granted() if session is not None else self._denied(NOT_AUTHENTICATED)


class Public(Leaf):
    """Everybody, with a session or without."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((), is_static=True)

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        yield from ()
        return self._granted()


class Nobody(Leaf):
    """Nobody at all."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((), is_static=True)

    @property
    def is_closed(self) -> bool:
        return True

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        yield from ()
        return self._denied(NOBODY)


class Allow(Leaf):
    """Whatever a predicate of the project allows: ``fn(session)`` or ``fn(session, request)``, sync or async.

    ``fn`` may be a dotted path, imported on first use. It is called with ``session=None`` for an anonymous caller, and
    gets the request (``None`` outside one) if its second parameter has no default or is named ``request``.
    """

    __slots__ = ("_known",)
    _known: tuple[Callable[..., object], bool]  # the predicate as last found: an import may be patched

    def __init__(self, fn: Callable[..., object] | str) -> None:
        if not (_DOTTED_PATH.fullmatch(fn) if isinstance(fn, str) else callable(fn)):
            raise InvalidPolicy("Allow", "needs a callable or the dotted path of one")
        super().__init__((fn,))
        known = (None, False) if isinstance(fn, str) else (fn, wants_request(fn))
        object.__setattr__(self, "_known", known)

    def __repr__(self) -> str:
        fn = self._parts[0]
        if isinstance(fn, str):
            return f"Allow({fn!r})"
        return f"Allow({getattr(fn, '__qualname__', type(fn).__qualname__)})"

    def resolve(self) -> tuple[Callable[..., object], bool]:
        """The predicate, and whether it wants the request.

        Raises ``ImportError`` or :class:`~django_sessionkit.exceptions.InvalidPolicy`.
        """
        fn = self._parts[0]
        found = import_string(fn) if isinstance(fn, str) else fn
        if self._known[0] is not found:
            if not callable(found):
                raise InvalidPolicy(repr(self), "is not callable")
            object.__setattr__(self, "_known", (found, wants_request(found)))
        return self._known

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        fn, with_request = self.resolve()
        arguments = (session, request) if with_request else (session,)
        answer = yield user_call(fn, *arguments)
        return self._verdict(answer, PREDICATE, repr(self))


def wants_request(fn: Callable[..., object]) -> bool:
    """Whether a predicate is to be called with ``(session, request)``.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if it fits neither that nor ``(session)``.
    """
    try:
        parameters = list(signature(fn).parameters.values())
    except (TypeError, ValueError):
        return False  # a builtin without a signature
    positional = [one for one in parameters if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    catch_all = any(one.kind is Parameter.VAR_POSITIONAL for one in parameters)
    required = [one for one in positional if one.default is Parameter.empty]
    keyword_only = any(one.kind is Parameter.KEYWORD_ONLY and one.default is Parameter.empty for one in parameters)
    if keyword_only or len(required) > 2 or not (positional or catch_all):
        raise InvalidPolicy("Allow", f"{getattr(fn, '__qualname__', fn)!s} must take (session) or (session, request)")
    second = positional[1] if len(positional) > 1 else None
    return catch_all if second is None else second in required or second.name == "request"


def _names(where: str, names: tuple[object, ...]) -> tuple[str, ...]:
    if not names:
        raise InvalidPolicy(where, "needs at least one name")
    checked: list[str] = []
    for name in names:
        if not isinstance(name, str):
            raise InvalidPolicy(where, f"names must be strings, not {type(name).__name__}", f'write {where}("a", "b")')
        if not name.strip():
            raise InvalidPolicy(where, "names must not be blank")
        if fault := fault_in(name):
            raise InvalidPolicy(where, f"names must not have {fault}")
        checked.append(nfc(str(name)))
    return tuple(dict.fromkeys(checked))


def _permission_names(where: str, names: tuple[object, ...]) -> tuple[str, ...]:
    checked = _names(where, names)
    for name in checked:
        if "*" in name:
            raise InvalidPolicy(
                where, f'"{name}": a required permission cannot have a wildcard', "wildcards are for grants"
            )
    return checked
