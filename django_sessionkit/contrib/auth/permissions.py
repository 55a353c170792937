"""An authentication backend that answers ``user.has_perm()`` from the session of the current request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import evaluate_current
from django_sessionkit.guard.questions import cached_requirement
from django_sessionkit.guard.shown_session import shown_grants
from django_sessionkit.requirements import Permission, Requirement
from django_sessionkit.session.context import current_context, loads
from django_sessionkit.session.value import Session
from django_sessionkit.session.versioning import NoSessionHere
from django_sessionkit.utils.sansio import Flow, arun, run

from . import users
from .roles import declared_permissions


class SessionPermissions:
    """Answer ``user.has_perm()`` from the current session. List it last in ``AUTHENTICATION_BACKENDS``.

    It grants a permission if the session has it (in its dict, by a role, by a wildcard, by the access policy), belongs
    to the user (``str(user.pk)`` is its ``user_id``) and no object is given, and if the user is active. In all other
    cases, outside a request and while the session is loading too, it grants nothing and the other backends decide. It
    never authenticates anybody.

    A sync method on a running event loop needs a loaded session, as :func:`django_sessionkit.has_permission` does.
    """

    def authenticate(self, request: Any, **credentials: Any) -> None:
        """Return ``None``: another backend has to check the credentials."""

    async def aauthenticate(self, request: Any, **credentials: Any) -> None:
        """Async variant of :meth:`authenticate`."""

    def get_user(self, user_id: Any) -> None:
        """Return ``None``: no login belongs to this backend."""

    async def aget_user(self, user_id: Any) -> None:
        """Async variant of :meth:`get_user`."""

    def has_perm(self, user_obj: Any, perm: Any, obj: object = None) -> bool:
        """Return ``True`` if the session of ``user_obj`` has the permission ``perm``, a name as in the session."""
        return run(_holds(user_obj, perm, obj), "user.ahas_perm")

    async def ahas_perm(self, user_obj: Any, perm: Any, obj: object = None) -> bool:
        """Async variant of :meth:`has_perm`, which loads the session if necessary."""
        return await arun(_holds(user_obj, perm, obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return ``True`` if the session of ``user_obj`` has a permission whose name begins with ``app_label`` and a
        dot.
        """
        return bool(run(_held(user_obj, None, f"{app_label}."), "user.ahas_module_perms"))

    async def ahas_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Async variant of :meth:`has_module_perms`, which loads the session if necessary."""
        return bool(await arun(_held(user_obj, None, f"{app_label}.")))

    def get_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Return the names of the permissions that the session of ``user_obj`` has.

        A wildcard is not a name: it stands for the permissions of the models that it grants.
        """
        return run(_held(user_obj, obj), "user.aget_all_permissions")

    async def aget_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Async variant of :meth:`get_all_permissions`, which loads the session if necessary."""
        return await arun(_held(user_obj, obj))

    def get_user_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Return the same as :meth:`get_all_permissions`: a session does not say which group gave a permission."""
        return run(_held(user_obj, obj), "user.aget_user_permissions")

    async def aget_user_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Async variant of :meth:`get_user_permissions`, which loads the session if necessary."""
        return await arun(_held(user_obj, obj))

    def get_group_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Return an empty set, because :meth:`get_user_permissions` has all permissions."""
        return set()

    async def aget_group_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Async variant of :meth:`get_group_permissions`."""
        return set()


def _session_of(user: Any, obj: object) -> Flow[Session | None]:
    """Load the session and return it if it belongs to ``user``; ``None`` if it cannot be loaded, or for an object."""
    context, owner = current_context(), users.user_id(user)
    if context is None or owner is None or obj is not None:
        return None
    if isinstance(context, NoSessionHere) or loads.is_under_way(context):
        return None  # code that takes part in loading asks, such as SESSIONKIT_REFRESH
    session = yield from context.flow()
    return session if session is not None and session.user_id == owner else None


def _holds(user: Any, name: object, obj: object) -> Flow[bool]:
    requirement = _required(name)
    if requirement is None or (yield from _session_of(user, obj)) is None:
        return False
    return (yield from evaluate_current(requirement, "has_perm")).allowed


def _held(user: Any, obj: object, start: str = "") -> Flow[set[str]]:
    """Return the permissions whose names begin with ``start``."""
    session, held = (yield from _session_of(user, obj)), set[str]()
    if session is not None:
        for name in (yield from _candidates(session)):
            if name.startswith(start) and (yield from _holds(user, name, None)):
                held.add(name)
    return held


def _candidates(session: Session) -> Flow[Iterable[str]]:
    """Return the names to ask about: those in the session, and of all models if a wildcard or the policy may grant."""
    _, names = yield from shown_grants(session)
    may_grant_more = conf.current().policy.overrides_check or any("*" in name for name in names)
    return {*names, *(declared_permissions() if may_grant_more else ())}


def _required(name: object) -> Requirement | None:
    """Return the requirement; ``None`` for what no session holds, such as a wildcard or an object that is no name."""
    try:
        return cached_requirement(Permission, name)
    except InvalidPolicy:
        return None
