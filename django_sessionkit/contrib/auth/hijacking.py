"""The actor of a session while django-hijack lets a user work as another one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps

from django_sessionkit import signals
from django_sessionkit.session import audit, writer
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.loader import current_loader
from django_sessionkit.session.tenants import placed
from django_sessionkit.utils.sansio import Flow, run

from . import logins

if TYPE_CHECKING:
    from django.http import HttpRequest

# The key of django-hijack in the store: the primary keys of the users who act, the one who logged in first.
_HISTORY = "hijack_history"
_MOST_ACTORS = 5
# request attribute: the session before django-hijack called login()
_BEFORE = "_sessionkit_before"


def connect() -> None:
    """Follow the signals of django-hijack, if it is installed."""
    if apps.is_installed("hijack"):
        sent: Any = import_module("hijack.signals")
        sent.hijack_started.connect(_follow)
        sent.hijack_ended.connect(_follow)


def remember(request: HttpRequest, context: SessionContext | None) -> None:
    """Note the session that ``login()`` is about to replace: nobody logs in anew when django-hijack calls it."""
    if apps.is_installed("hijack") and context is not None and context.loaded is not None:
        setattr(request, _BEFORE, context.loaded.session)


def acting(request: HttpRequest) -> dict[str, Any]:
    """Return the field ``act`` for a new dict, empty if the user logged in.

    The user who really acts is the outermost one. Those whom this user has hijacked on the way are nested.
    """
    if not apps.is_installed("hijack"):
        return {}
    history = [str(one) for one in request.session.get(_HISTORY) or ()]
    act: dict[str, Any] = {}
    for user_id in reversed([*history[:1], *history[1:][1 - _MOST_ACTORS :]]):
        act = {"act": {"user_id": user_id, **act}}
    return act


def _follow(request: HttpRequest, **kwargs: Any) -> None:
    logins.forget(request)
    before = getattr(request, _BEFORE, None)
    login = {name: before.get(name) if before is not None else None for name in ("auth_time", "amr")}
    run(_handed_over(request, {**login, **acting(request)}))


def _handed_over(request: HttpRequest, fields: Mapping[str, Any]) -> Flow[None]:
    """Store who acts as the user of the session, and the time and factors of that login. ``None`` removes a field."""
    loader = current_loader()
    context = writer.context_of(loader, request)
    before = yield from context.flow()
    if before is None:
        return
    data = {name: value for name, value in {**before.to_dict(), **fields}.items() if value is not None}
    session = placed(loader.validate(data), request)
    yield from writer.renew_key(loader, request, session.user_id)
    yield from writer.store(loader, request, session, loader.versions.carried_version(context.loaded), None)
    changed = audit.changed_fields(before, session)
    yield audit.sending(signals.session_updated, request=request, **audit.people(session), changed=changed)
