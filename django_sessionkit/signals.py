"""Signals for an audit trail.

The sender is always :class:`~django_sessionkit.Session`. All signals are sent with ``send_robust()``: if a receiver
raises an exception, Django logs it and nothing else changes.

``request`` is the current ``HttpRequest``, or ``None`` outside a request. ``user`` is a keyed digest of the user id, or
``None``. It distinguishes users without identifying them. No signal contains a value of the session. A receiver that
needs one calls :func:`django_sessionkit.get_session`.

``actor`` is the digest of the user who really acts, if somebody acts as the user (field ``act``), else ``None``.

- ``session_registered(request, user, actor)``: :func:`~django_sessionkit.set_session` stored a session, or the
  ``contrib.auth`` bridge did so after a login.
- ``session_updated(request, user, actor, changed)``: :func:`~django_sessionkit.update_session` changed a session, or
  ``SESSIONKIT_REFRESH`` renewed it. ``changed`` contains the names of the changed fields; ``custom`` stands for all
  fields that are not standard.
- ``session_confirmed(request, user, actor)``: :func:`~django_sessionkit.confirm_session` renewed the time of the login.
- ``session_cleared(request, user, actor)``: :func:`~django_sessionkit.clear_session` removed a session, or a logout did
  so with the ``contrib.auth`` bridge.
- ``session_rejected(request, field, reason)``: a stored dict was malformed or out of date. There is no session.
- ``access_denied(request, decision, status, user, actor)``: a denial is about to be sent, or was raised by
  :func:`~django_sessionkit.enforce` or a similar function, even if project code catches it. Each denial is signalled
  once. ``status`` is the HTTP status; for a raised denial it is the status that the middleware answers with. For a
  WebSocket it is the close code. Outside a request it is ``None``.
"""

from __future__ import annotations

from django.dispatch import Signal

session_registered: Signal = Signal()
session_updated: Signal = Signal()
session_confirmed: Signal = Signal()
session_cleared: Signal = Signal()
session_rejected: Signal = Signal()
access_denied: Signal = Signal()
