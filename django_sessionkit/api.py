"""The public verbs that ask. Each async twin is the same flow, driven with ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import explaining, projection, reach
from .caching import hold_back_current
from .context import current_slot
from .decisions import Decision
from .evaluation import ask, denial_of, holds, is_met
from .explanation import Explanation
from .flows import Flow, arun, run
from .origin import current_origin
from .raising import reported
from .requirements import AnyPermission, Authenticated, Permission, Requirement, Role
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

_AUTHENTICATED = Authenticated()


def get_session() -> Session | None:
    """The session of the current request; ``None`` for an anonymous caller and outside a request.

    On a running event loop the session must have been loaded (by a rule, a decorator, a mixin or
    :func:`aget_session`), else :class:`~django_sessionkit.exceptions.AsyncRequired` is raised.
    """
    slot = current_slot()
    return slot.get() if slot is not None else None


async def aget_session() -> Session | None:
    """:func:`get_session` that loads with ``await``."""
    slot = current_slot()
    return await slot.aget() if slot is not None else None


def peek_session() -> Session | None:
    """The session as far as it is known already. It never loads, asks no code of yours, and never raises.

    For code that may run while the session is being loaded, or at any other time: filters of the log, database routers,
    authentication backends. ``None`` says that there is none, or that nobody has asked for it yet.
    """
    slot = current_slot()
    return slot.glimpse() if slot is not None else None


def require_session() -> Session:
    """The session, or :class:`~django_sessionkit.NotAuthenticated`, which the middleware answers.

    Raises :class:`~django_sessionkit.AccessDenied` if the session is refused or unknown for now.
    """
    return run(_require(get_session()))


async def arequire_session() -> Session:
    """:func:`require_session` that loads with ``await``."""
    return await arun(_require(await aget_session()))


def _require(session: Session | None) -> Flow[Session]:
    if session is not None:
        hold_back_current()
        return session
    slot = current_slot()
    raise (yield from reported(denial_of(slot), slot))


def session_public(*fields: str) -> dict[str, Any] | None:
    """What a script in the page may know: ``user_id``, ``roles`` and ``permissions``, as the access policy sees them,
    and the ``fields`` of the session that you name (``None`` for one that it has not).

    A new dict, fit for Django's ``json_script``; ``None`` without a session. Nothing else of the session is in it.
    """
    return run(projection.project(fields))


async def asession_public(*fields: str) -> dict[str, Any] | None:
    """:func:`session_public` that loads with ``await``."""
    return await arun(projection.project(fields))


def is_authenticated() -> bool:
    """Whether there is a session."""
    return is_met(_AUTHENTICATED)


def has_role(role: str) -> bool:
    """Whether the session has ``role``: as its primary role, among ``roles``, or by inheritance."""
    return holds(Role, role)


def has_any_role(*roles: str) -> bool:
    """Whether the session has one of ``roles``; ``False`` for none."""
    return holds(Role, *roles)


def has_permission(permission: str) -> bool:
    """Whether the session has ``permission``: its own, by a role, or by a wildcard."""
    return holds(Permission, permission)


def has_all_permissions(*permissions: str) -> bool:
    """Whether the session has all of ``permissions``; for none of them, whether there is a session."""
    return holds(Permission, *permissions) if permissions else is_authenticated()


def has_any_permission(*permissions: str) -> bool:
    """Whether the session has one of ``permissions``; ``False`` for none."""
    return holds(AnyPermission, *permissions)


def has_role_permission(role: str, permission: str) -> bool:
    """Whether the session has both ``role`` and ``permission``."""
    return has_role(role) and has_permission(permission)


def evaluate(requirement: Requirement) -> Decision:
    """Decide for the current session. Raises nothing about access: look at the decision.

    On a running event loop with an async predicate, use :func:`aevaluate`.
    """
    return run(ask(requirement))


async def aevaluate(requirement: Requirement) -> Decision:
    """:func:`evaluate` that loads the session and awaits predicates; sync predicates run in a thread."""
    return await arun(ask(requirement))


def enforce(requirement: Requirement) -> Session | None:
    """Raise unless the current session meets ``requirement``; return that session (``None`` if none was needed).

    Raises :class:`~django_sessionkit.NotAuthenticated` without a session and :class:`~django_sessionkit.AccessDenied`
    with one, or if it is refused or unknown for now. The middleware answers both as it answers a denial by URL.
    """
    return run(_enforce(requirement))


async def aenforce(requirement: Requirement) -> Session | None:
    """:func:`enforce` that loads the session and awaits predicates."""
    return await arun(_enforce(requirement))


def _enforce(requirement: Requirement) -> Flow[Session | None]:
    decision = yield from ask(requirement)
    slot = current_slot()
    session = slot.peek() if slot is not None else None
    if decision:
        hold_back_current()
        return session
    raise (yield from reported(denial_of(slot, decision), slot))


def can_access(path_or_view_name: str, *args: Any, method: str = "GET", **kwargs: Any) -> bool:
    """Whether the current session could open a page: what the URL rules and the view's own requirements would say.

    ``path_or_view_name`` is a site path (with or without the mount prefix; ``False`` if it leads nowhere) or a URL
    name with its arguments (``NoReverseMatch`` if there is none). The page is not opened; what its code asks inside
    is unknown.
    """
    return run(reach.can_reach(path_or_view_name, args, kwargs, method))


async def acan_access(path_or_view_name: str, *args: Any, method: str = "GET", **kwargs: Any) -> bool:
    """:func:`can_access` that loads the session and awaits predicates."""
    return await arun(reach.can_reach(path_or_view_name, args, kwargs, method))


def explain(
    request_or_path: HttpRequest | str,
    *args: Any,
    method: str = "",
    caller: Literal["page", "htmx", "api"] = "page",
    **kwargs: Any,
) -> Explanation:
    """Why a request is let in or not: what was read, tried, asked, and what would be answered.

    ``request_or_path`` is a request, explained for its own session, or what :func:`can_access` takes, explained for
    the current session (see :class:`~django_sessionkit.use_session`) and answered as for ``caller``: ``"page"``,
    ``"htmx"`` or ``"api"``. No view runs; predicates do.

    Of a request, nothing else can be said: further arguments raise ``TypeError``.
    """
    return run(explaining.explain(request_or_path, args, kwargs, method, caller))


async def aexplain(
    request_or_path: HttpRequest | str,
    *args: Any,
    method: str = "",
    caller: Literal["page", "htmx", "api"] = "page",
    **kwargs: Any,
) -> Explanation:
    """:func:`explain` that loads the session and awaits predicates."""
    return await arun(explaining.explain(request_or_path, args, kwargs, method, caller))


def validate_session(data: object) -> Session:
    """Check a dict against ``SESSIONKIT_LIMITS`` and ``SESSIONKIT_SESSION_VALIDATOR``, and return it as a value.

    Raises :class:`~django_sessionkit.InvalidSession` with ``field`` and ``reason``, and nothing else, whatever
    ``data`` is; :class:`~django_sessionkit.exceptions.Unchecked` is one that comes of a validator that has failed.
    """
    return current_origin().validate(data)
