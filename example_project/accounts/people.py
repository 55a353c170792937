"""The admins' list of people, with actions that take effect immediately on every server and in every browser.

The rule for ``/admin-area/**`` protects these views. A decorator only adds that a login must be recent.
"""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from django_sessionkit import require_session, revoke_sessions
from django_sessionkit.decorators import require

from .access import CONFIRMED
from .audit import name_digest, record
from .models import User


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    context = {"people": User.objects.order_by("username"), "me": require_session().user_id}
    return render(request, "admin_area/people.html", context)


@require_POST
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of a person."""
    person = get_object_or_404(User, pk=pk)
    revoke_sessions(str(person.pk), refresh=False)
    record("signed_out_everywhere", request, name=name_digest(person.username))
    messages.success(request, f"{person} is signed out everywhere.")
    return redirect("admin-area")


@require_POST
@require(CONFIRMED)
def demote(request: HttpRequest, pk: int) -> HttpResponse:
    """Lower the role of a person by one step. The sessions continue with the new role. It needs a recent login."""
    if str(pk) == require_session().user_id:
        messages.error(request, "Another admin has to demote you.")
        return redirect("admin-area")
    with transaction.atomic():
        person = get_object_or_404(User.objects.select_for_update(), pk=pk)
        person.demote()
        revoke_sessions(str(person.pk))
    record("demoted", request, name=name_digest(person.username))
    messages.success(request, f"{person} is demoted: {person.get_role_display()}.")
    return redirect("admin-area")
