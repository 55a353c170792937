from __future__ import annotations

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, *args: Any) -> HttpResponse:
    """Answer 429 with ``Retry-After``, which django-axes does not send. This is the ``AXES_LOCKOUT_CALLABLE``.

    The sync and the async code of django-axes pass different arguments after the request. None of them is needed.
    """
    wait = int(get_cool_off(request).total_seconds())
    response = render(request, "429.html", {"minutes": wait // 60}, status=429)
    response["Retry-After"] = str(wait)
    response["Cache-Control"] = "no-store"
    return response
