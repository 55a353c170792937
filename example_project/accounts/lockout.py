from __future__ import annotations

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, *args: Any) -> HttpResponse:
    """AXES_LOCKOUT_CALLABLE: 429 with the ``Retry-After`` that django-axes leaves out.

    Its sync and its async middleware pass different arguments after the request; none of them is needed.
    """
    wait = int(get_cool_off(request).total_seconds())
    response = render(request, "429.html", {"minutes": wait // 60}, status=429)
    response["Retry-After"] = str(wait)
    response["Cache-Control"] = "no-store"
    return response
