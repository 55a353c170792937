"""Select the part of the session that scripts in a page may read: user id, rights, and chosen fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import conf
from .access import effective
from .session import audit
from .session.context import current_context
from .session.value import Session
from .utils.sansio import Flow


def project(fields: Sequence[Any]) -> Flow[dict[str, Any] | None]:
    """The flow of :func:`django_sessionkit.session_public`."""
    for field in fields:
        if not isinstance(field, str):
            kind = type(field).__name__
            raise TypeError(f'session_public(): a field is a string, as in session_public("plan", "theme"), not {kind}')
    context = current_context()
    session = (yield from context.flow("asession_public")) if context is not None else None
    if session is None:
        return None
    roles, permissions = yield from _rights(session)
    chosen = {name: session.get(name) for name in fields}
    return {**chosen, "user_id": session.user_id, "roles": sorted(roles), "permissions": sorted(permissions)}


def _rights(session: Session) -> Flow[tuple[frozenset[str], frozenset[str]]]:
    """Return effective roles and permissions; none if the access policy raises, which also denies access."""
    try:
        grants = yield from effective(conf.current().policy, session)
    except Exception as error:
        audit.logger.error("the access policy raised %s. No rights are shown.", type(error).__name__)
        return frozenset(), frozenset()
    return grants.roles, grants.permissions
