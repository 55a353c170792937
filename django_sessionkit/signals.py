"""Signals for an audit trail. All are sent robustly: a failing receiver is logged by Django and changes nothing.
The sender is always :class:`~django_sessionkit.Session`.

``request`` is the current ``HttpRequest`` (``None`` outside a request). ``user`` is a keyed digest of the user id, or
``None``: it tells users apart without naming them. No signal carries a value of the session; a receiver that needs one
calls :func:`django_sessionkit.get_session`.

- ``session_registered(request, user)``: :func:`~django_sessionkit.set_session` has written.
- ``session_updated(request, user, changed)``: ``changed`` are the names of the changed fields (``custom`` for further
  ones).
  Sent too when ``SESSIONKIT_REFRESH`` has renewed a session.
- ``session_cleared(request, user)``: :func:`~django_sessionkit.clear_session` has removed a session.
- ``session_rejected(request, field, reason)``: a stored dict was malformed, or out of date, and counts as no session.
- ``access_denied(request, decision, status, user)``: a denial is about to be sent with that HTTP status, or has been
  raised by :func:`~django_sessionkit.enforce` and the like, whether or not something answers it. Each is told once. Of
  one that was raised, ``status`` is what the middleware answers; for a WebSocket it is the close code, and outside a
  request ``None``.
"""

from __future__ import annotations

from django.dispatch import Signal

session_registered = Signal()
session_updated = Signal()
session_cleared = Signal()
session_rejected = Signal()
access_denied = Signal()
