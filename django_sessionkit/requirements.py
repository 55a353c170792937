"""The requirements: roles, permissions, predicates and so on. Combine them with ``&``, ``|`` and ``~``."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar, overload

from django.utils.module_loading import import_string

from .access import AccessPolicy, Grants, effective
from .exceptions import AsyncRequired, InvalidPolicy, NotEvaluated
from .policy.algebra import And, Not, Or, Record, Requirement
from .policy.decisions import (
    MISSING_PERMISSION,
    MISSING_ROLE,
    NOBODY,
    NONE_OF,
    NOT_AUTHENTICATED,
    POLICY,
    PREDICATE,
    Decision,
)
from .policy.names import checked_permissions, checked_roles
from .policy.predicates import wants_request
from .utils.sansio import Flow, place_of, user_call
from .utils.text import described

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .session.value import Session

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

L = TypeVar("L", bound=Requirement)

logger: logging.Logger = logging.getLogger("django_sessionkit")

_DOTTED_PATH = re.compile(r"\w+(\.\w+)+")


class Leaf(Requirement):
    """Base class of requirements that combine no others. A custom access policy is applied before the built-in check.

    Any exception that the policy, its ``check()`` or a predicate raises makes the check failed, which denies access.
    """

    __slots__ = ()

    def flow(
        self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None, record: Record | None = None
    ) -> Flow[Decision]:
        try:
            if policy.overrides_check:
                result = yield user_call(policy.check, self, session, request)
                if result is not None:
                    return self._verdict(result, POLICY, "AccessPolicy.check")
            return (yield from self._judge(session, policy, request))
        except AsyncRequired:
            raise
        except NotEvaluated:
            return self._failed()
        except Exception as error:
            _log_failure(self, error)
            return self._failed()

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        """Do the built-in check. This one compares the grants of the session; an anonymous caller is denied."""
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        grants = (yield from effective(policy, session)) if policy.overrides_grants else policy.grants(session)
        return self._evaluate(grants)

    def _evaluate(self, grants: Grants) -> Decision:
        raise NotImplementedError

    def _verdict(self, result: object, reason: str, who: str) -> Decision:
        """Grant on ``True``, deny on ``False``. Any other value, even a truthy one, makes the check failed."""
        if result is True:
            return self._granted()
        if result is False:
            return self._denied(reason)
        logger.error("%s returned %s instead of True or False. Access was denied.", who, described(result))
        return self._failed()


def _log_failure(leaf: Leaf, error: Exception) -> None:
    logger.error("%r raised %s at %s. Access was denied.", leaf, type(error).__name__, place_of(error))


class Role(Leaf):
    """Require at least one of the roles.

    A session has a role if it is its primary role, is in ``roles``, or is inherited by ``SESSIONKIT_ROLES``.
    """

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(checked_roles("Role", any_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        if not grants.roles.isdisjoint(self.parts):
            return self._granted()
        return self._denied(MISSING_ROLE, self.parts)


class Permission(Leaf):
    """Require all of the permissions."""

    __slots__ = ()

    def __init__(self, *all_of: str) -> None:
        super().__init__(checked_permissions("Permission", all_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        missing = tuple(name for name in self.parts if not grants.has_permission(name))
        return self._denied(MISSING_PERMISSION, missing) if missing else self._granted()


class AnyPermission(Leaf):
    """Require at least one of the permissions."""

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(checked_permissions("AnyPermission", any_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        if any(map(grants.has_permission, self.parts)):
            return self._granted()
        return self._denied(MISSING_PERMISSION if len(self.parts) == 1 else NONE_OF, self.parts)


class _WithoutNames(Leaf):
    """A requirement that depends on nothing but whether there is a session."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((), is_static=True)

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        yield from ()
        return self._decide(session)

    def _decide(self, session: Session | None) -> Decision:
        return self._denied(NOBODY)


class Authenticated(_WithoutNames):
    """Require a session, with any roles and permissions."""

    __slots__ = ()

    def _decide(self, session: Session | None) -> Decision:
        return self._granted() if session is not None else self._denied(NOT_AUTHENTICATED)


class Public(_WithoutNames):
    """Allow everyone, with or without a session."""

    __slots__ = ()

    def _decide(self, session: Session | None) -> Decision:
        return self._granted()


class Nobody(_WithoutNames):
    """Allow no one."""

    __slots__ = ()

    @property
    def is_closed(self) -> bool:
        return True


class Allow(Leaf):
    """Require that a function of the project returns ``True``.

    :param fn: a function ``fn(session)`` or ``fn(session, request)``, sync or async, or its dotted path, which is
        imported on first use. It must return ``True`` or ``False``.

    For an anonymous caller, ``session`` is ``None``. The function receives the request (``None`` outside a request) if
    its second parameter has no default value or is named ``request``. If it raises an exception or returns another
    value, access is denied. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``fn`` is neither callable
    nor a dotted path, or takes other parameters.
    """

    __slots__ = ("_known",)
    _known: tuple[Callable[..., object], bool]  # the predicate as last imported; tests may patch it

    @overload
    def __init__(self, fn: str) -> None: ...
    @overload
    def __init__(self, fn: Callable[[Session | None], bool | Awaitable[bool]]) -> None: ...
    @overload
    def __init__(self, fn: Callable[[Session | None, HttpRequest | None], bool | Awaitable[bool]]) -> None: ...
    def __init__(self, fn: Callable[..., object] | str) -> None:
        if not (_DOTTED_PATH.fullmatch(fn) if isinstance(fn, str) else callable(fn)):
            raise InvalidPolicy("Allow", f"needs a callable or its dotted path, not {_shown(fn)}")
        super().__init__((fn,))
        known = (None, False) if isinstance(fn, str) else (fn, wants_request(fn))
        object.__setattr__(self, "_known", known)

    def __repr__(self) -> str:
        fn = self.parts[0]
        if isinstance(fn, str):
            return f"Allow({fn!r})"
        return f"Allow({getattr(fn, '__qualname__', type(fn).__qualname__)})"

    def resolve(self) -> tuple[Callable[..., object], bool]:
        """Return the predicate, and whether it takes the request.

        Raises ``ImportError``, or :class:`~django_sessionkit.exceptions.InvalidPolicy` if the predicate is wrong.
        """
        fn = self.parts[0]
        found = import_string(fn) if isinstance(fn, str) else fn
        if self._known[0] is not found:
            if not callable(found):
                raise InvalidPolicy(repr(self), f"{fn} is not callable")
            object.__setattr__(self, "_known", (found, wants_request(found)))
        return self._known

    def _judge(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        fn, with_request = self.resolve()
        arguments = (session, request) if with_request else (session,)
        result = yield user_call(fn, *arguments)
        return self._verdict(result, PREDICATE, repr(self))


def _shown(fn: object) -> str:
    return f'"{fn}"' if isinstance(fn, str) else described(fn)


def leaves(requirement: Requirement, *kinds: type[L]) -> Iterator[L]:
    """Yield the requirements of these kinds that ``requirement`` contains or is."""
    if isinstance(requirement, kinds):
        yield requirement
    for child in requirement.children:
        yield from leaves(child, *kinds)


def role_names(requirement: Requirement) -> Iterator[str]:
    """Yield every role that ``requirement`` contains."""
    return (name for one in leaves(requirement, Role) for name in one.parts)
