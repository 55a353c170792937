"""The parts of the session that pages and scripts may show: its effective rights, and chosen fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django_sessionkit import conf
from django_sessionkit.access import effective
from django_sessionkit.session.audit import logger
from django_sessionkit.session.context import current_context
from django_sessionkit.session.value import Session
from django_sessionkit.utils.sansio import Flow


def public_fields(fields: Sequence[Any]) -> Flow[dict[str, Any] | None]:
    """The flow of :func:`django_sessionkit.session_public`."""
    for field in fields:
        if not isinstance(field, str):
            kind = type(field).__name__
            raise TypeError(f'session_public() takes names of fields, as in session_public("plan"), not {kind}.')
    context = current_context()
    session = (yield from context.flow()) if context is not None else None
    if session is None:
        return None
    roles, permissions = yield from shown_grants(session)
    chosen = {name: session.get(name) for name in fields}
    return {**chosen, "user_id": session.user_id, "roles": roles, "permissions": permissions}


def shown_grants(session: Session) -> Flow[tuple[list[str], list[str]]]:
    """Return the effective roles and permissions, sorted; none if the access policy raises, which denies access.

    A wildcard that grants nothing is left out, because scripts take ``"*"`` for every permission.
    """
    try:
        grants = yield from effective(conf.current().policy, session)
    except Exception as error:
        logger.error("the access policy raised %s. No rights are shown.", type(error).__name__)
        return [], []
    return sorted(grants.roles), grants.granting
