"""An admin acts as somebody else, to see what this person sees.

django-hijack logs the admin in as the person, and back. Each time, the session gets a new key and nothing of the other
session. The bridge of SessionKit writes into the session who really acts. accounts.audit logs both.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.views.decorators.http import require_POST
from hijack.views import AcquireUserView, ReleaseUserView

from django_sessionkit import Impersonated, enforce
from django_sessionkit.decorators import require

from .access import CONFIRMED, MAY_ACT_AS
from .models import User


def may_act_as(*, hijacker: User, hijacked: User) -> bool:
    """Raise an exception unless the session may act as an account. This is the ``HIJACK_PERMISSION_CHECK``."""
    enforce(MAY_ACT_AS, obj=hijacked)
    return True


class ActAs(AcquireUserView):
    """Answer 404 to a key that is no number, which would be a server error."""

    def get_object(self, queryset: Any = None) -> User:
        try:
            return super().get_object(queryset)
        except ValueError as error:
            raise Http404 from error


# The rule for /admin-area/** requires an admin. The decorator adds a recent login.
act_as = require_POST(require(CONFIRMED)(ActAs.as_view()))
stop_acting = require_POST(require(Impersonated())(ReleaseUserView.as_view(success_url="admin-area")))
