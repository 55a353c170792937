"""The public functions that read the session and check access. Each async variant runs the same flow with ``await``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .explanation import builder
from .explanation.report import Explanation
from .guard import preview
from .guard.evaluator import evaluate_about
from .guard.questions import ais_met, all_permissions, asession_has, is_met, role_and_permission, session_has
from .guard.shown_session import public_fields
from .policy.decisions import Decision
from .requirements import AnyPermission, Authenticated, Permission, Requirement, Role
from .responses.enforcement import enforced, required
from .session.context import current_context
from .session.loader import current_loader
from .session.value import Session
from .utils.awaiting import needs_await
from .utils.callers import Caller
from .utils.sansio import arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest

_AUTHENTICATED = Authenticated()


def get_session() -> Session | None:
    """Return the session of the current request, or ``None`` for an anonymous caller or outside a request.

    On a running event loop, the session must already be loaded by a rule, a decorator, a mixin or
    :func:`aget_session`. Otherwise :class:`~django_sessionkit.exceptions.AsyncRequired` is raised.
    """
    context = current_context()
    return context.get() if context is not None else None


@needs_await
async def aget_session() -> Session | None:
    """Async variant of :func:`get_session`, which loads the session if necessary."""
    context = current_context()
    return await context.aget() if context is not None else None


def peek_session() -> Session | None:
    """Return the session if it is already loaded, else ``None``. It never loads, calls no project code, never raises.

    Use it in code that may run at any time, even while the session is loading: log filters, database routers,
    authentication backends. ``None`` means that there is no session or that it is not loaded yet.
    """
    context = current_context()
    return context.peek_silently() if context is not None else None


def require_session() -> Session:
    """Return the session. Raises :class:`~django_sessionkit.NotAuthenticated` if there is none.

    Raises :class:`~django_sessionkit.AccessDenied` if the session is refused or unknown for now. The middleware turns
    both exceptions into a response.
    """
    return run(required(get_session()))


async def arequire_session() -> Session:
    """Async variant of :func:`require_session`, which loads the session if necessary."""
    return await arun(required(await aget_session()))


def session_public(*fields: str) -> dict[str, Any] | None:
    """Return the part of the session that scripts in a page may read, or ``None`` without a session.

    The result is a new dict, suitable for Django's ``json_script``. It contains ``user_id``, the effective ``roles``
    and ``permissions``, and the given ``fields`` of the session. A field that the session lacks is ``None``. The
    permission ``"*"`` stands for every permission, such as those of a superuser. A wildcard that grants nothing,
    because ``SESSIONKIT_WILDCARD_PERMISSIONS`` is off, is left out.
    """
    return run(public_fields(fields), "asession_public")


@needs_await
async def asession_public(*fields: str) -> dict[str, Any] | None:
    """Async variant of :func:`session_public`, which loads the session if necessary."""
    return await arun(public_fields(fields))


def is_authenticated() -> bool:
    """Return ``True`` if there is a session."""
    return is_met(_AUTHENTICATED, "is_authenticated")


@needs_await
async def ais_authenticated() -> bool:
    """Async variant of :func:`is_authenticated`, which loads the session if necessary."""
    return await ais_met(_AUTHENTICATED, "ais_authenticated")


def has_role(*any_of: str) -> bool:
    """Return ``True`` if the session has at least one of the roles: as primary role, in ``roles``, or by inheritance.

    Without arguments, return ``False``.
    """
    return session_has("has_role", Role, *any_of)


@needs_await
async def ahas_role(*any_of: str) -> bool:
    """Async variant of :func:`has_role`, which loads the session if necessary."""
    return await asession_has("ahas_role", Role, *any_of)


def has_any_role(*any_of: str) -> bool:
    """Do the same as :func:`has_role`."""
    return session_has("has_any_role", Role, *any_of)


@needs_await
async def ahas_any_role(*any_of: str) -> bool:
    """Async variant of :func:`has_any_role`, which loads the session if necessary."""
    return await asession_has("ahas_any_role", Role, *any_of)


def has_permission(*all_of: str) -> bool:
    """Return ``True`` if the session has all of the permissions: in its dict, by a role, or by a wildcard.

    Without arguments, return ``False``.
    """
    return session_has("has_permission", Permission, *all_of)


@needs_await
async def ahas_permission(*all_of: str) -> bool:
    """Async variant of :func:`has_permission`, which loads the session if necessary."""
    return await asession_has("ahas_permission", Permission, *all_of)


def has_all_permissions(*all_of: str) -> bool:
    """Return ``True`` if the session has all of the permissions. Without arguments, any session suffices."""
    return session_has("has_all_permissions", all_permissions, *all_of)


@needs_await
async def ahas_all_permissions(*all_of: str) -> bool:
    """Async variant of :func:`has_all_permissions`, which loads the session if necessary."""
    return await asession_has("ahas_all_permissions", all_permissions, *all_of)


def has_any_permission(*any_of: str) -> bool:
    """Return ``True`` if the session has at least one of the permissions. Without arguments, return ``False``."""
    return session_has("has_any_permission", AnyPermission, *any_of)


@needs_await
async def ahas_any_permission(*any_of: str) -> bool:
    """Async variant of :func:`has_any_permission`, which loads the session if necessary."""
    return await asession_has("ahas_any_permission", AnyPermission, *any_of)


def has_role_permission(role: str, permission: str) -> bool:
    """Return ``True`` if the session has both ``role`` and ``permission``."""
    return session_has("has_role_permission", role_and_permission, role, permission)


@needs_await
async def ahas_role_permission(role: str, permission: str) -> bool:
    """Async variant of :func:`has_role_permission`, which loads the session if necessary."""
    return await asession_has("ahas_role_permission", role_and_permission, role, permission)


def evaluate(requirement: Requirement, *, obj: object = None) -> Decision:
    """Check ``requirement`` for the current session and return the :class:`~django_sessionkit.Decision`.

    A denial raises no exception. On a running event loop, use :func:`aevaluate` if a predicate is async.

    :param obj: the object that :class:`~django_sessionkit.AllowObject` asks about.
    """
    return run(evaluate_about(requirement, "evaluate", obj), "aevaluate")


@needs_await
async def aevaluate(requirement: Requirement, *, obj: object = None) -> Decision:
    """Async variant of :func:`evaluate`. It loads the session and awaits predicates; sync ones run in a thread."""
    return await arun(evaluate_about(requirement, "aevaluate", obj))


def enforce(requirement: Requirement, *, obj: object = None) -> Session | None:
    """Return the current session if it meets ``requirement``, else raise an exception.

    The result is ``None`` if the requirement is met without a session. Raises
    :class:`~django_sessionkit.NotAuthenticated` if there is no session. Raises :class:`~django_sessionkit.AccessDenied`
    if there is one, or if it is refused or unknown for now. The middleware answers both like a denial by a URL rule.

    :param obj: the object that :class:`~django_sessionkit.AllowObject` asks about.
    """
    return run(enforced(requirement, "enforce", obj), "aenforce")


async def aenforce(requirement: Requirement, *, obj: object = None) -> Session | None:
    """Async variant of :func:`enforce`. It loads the session and awaits predicates."""
    return await arun(enforced(requirement, "aenforce", obj))


def can_access(path_or_view_name: str, *args: Any, method: str = "GET", **kwargs: Any) -> bool:
    """Return ``True`` if the URL rules and the requirements of the view allow the current session to open a page.

    The view does not run, so checks inside its code are not included.

    :param path_or_view_name: a site path, with or without the mount prefix, or a URL name. For a path that matches no
        URL pattern, the result is ``False``.
    :param args: positional arguments for the URL name.
    :param method: the HTTP method.
    :param kwargs: keyword arguments for the URL name.

    Raises ``NoReverseMatch`` if the URL name cannot be reversed.
    """
    return run(preview.can_reach(path_or_view_name, args, kwargs, method), "acan_access")


@needs_await
async def acan_access(path_or_view_name: str, *args: Any, method: str = "GET", **kwargs: Any) -> bool:
    """Async variant of :func:`can_access`. It loads the session and awaits predicates."""
    return await arun(preview.can_reach(path_or_view_name, args, kwargs, method))


def explain(
    request_or_path: HttpRequest | str,
    *args: Any,
    method: str = "",
    caller: Caller = "page",
    **kwargs: Any,
) -> Explanation:
    """Explain why a request is allowed or denied: its paths, rules and requirements, and the response to a denial.

    No view runs, but predicates do.

    :param request_or_path: a request, which is explained for its own session; or a path or URL name as in
        :func:`can_access`, which is explained for the current session (see :class:`~django_sessionkit.use_session`).
    :param caller: the kind of client to explain the response for: ``"page"``, ``"htmx"`` or ``"api"``.

    Raises ``TypeError`` if ``request_or_path`` is a request and other arguments are given.
    """
    return run(builder.explain(request_or_path, args, kwargs, method, caller), "aexplain")


async def aexplain(
    request_or_path: HttpRequest | str,
    *args: Any,
    method: str = "",
    caller: Caller = "page",
    **kwargs: Any,
) -> Explanation:
    """Async variant of :func:`explain`. It loads the session and awaits predicates."""
    return await arun(builder.explain(request_or_path, args, kwargs, method, caller))


def validate_session(data: object) -> Session:
    """Validate a dict with ``SESSIONKIT_LIMITS`` and ``SESSIONKIT_SESSION_VALIDATOR``, and return it as a session.

    ``data`` may be any object. Raises only :class:`~django_sessionkit.InvalidSession`, with ``field`` and ``reason``.
    If the validator fails, this is the subclass :class:`~django_sessionkit.exceptions.NotValidated`.
    """
    return current_loader().validate(data)
