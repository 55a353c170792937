from __future__ import annotations

import os
import time
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from newsroom import urls

from django_sessionkit import require_session
from django_sessionkit.decorators import public


def slow(request: HttpRequest, name: str) -> HttpResponse:
    """Read the session, wait until the test opens the gate, and save it then."""
    role = require_session().role
    request.session["note"] = "saved late"
    gate = Path(os.environ["GATES"]) / name
    gate.with_suffix(".reached").touch()
    while not gate.exists():
        time.sleep(0.02)
    return HttpResponse(role)


@public
def stored(request: HttpRequest) -> JsonResponse:
    """Return the content of the store, valid or not."""
    kept = request.session.get("__session__", {})
    return JsonResponse({"role": kept.get("role"), "note": request.session.get("note")})


urlpatterns = [path("slow/<slug:name>/", slow), path("stored/", stored), *urls.urlpatterns]
handler403 = urls.handler403
