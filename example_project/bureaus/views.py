from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_sessionkit import Role, Within, evaluate, require_session

ADMIN = Within(Role("admin"))


def bureau(request: HttpRequest, name: str) -> HttpResponse:
    """The page of a bureau. A rule lets its members in. The data are those of the tenant that was judged."""
    context = {"bureau": require_session().tenant, "is_admin": evaluate(ADMIN).allowed}
    return render(request, "bureaus/bureau.html", context)


def staff(request: HttpRequest, name: str) -> HttpResponse:
    """A page for the admin of this bureau, by a rule."""
    return render(request, "bureaus/staff.html", {"bureau": require_session().tenant})
