"""The seam between contrib.auth, which proves who somebody is, and SessionKit, which guards.

Receivers rather than a LoginView subclass: they also cover every other door to ``login()``, such as
a social log-in added later or ``client.force_login`` in tests.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from django_sessionkit import clear_session, set_session

from .access import session_for
from .models import User


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    # login() has changed the session key already; set_session does so again, because rights have grown.
    set_session(request, session_for(user))


@receiver(user_logged_out)
def end_session(request: HttpRequest, **kwargs: Any) -> None:
    # logout() empties the whole session right after this; clearing first tells the audit trail who left.
    clear_session(request)
