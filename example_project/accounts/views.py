"""My session, and what its owner may change about it.

Log-in and log-out are contrib.auth's own views: see accounts.urls. accounts.bridge follows them.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from django_sessionkit import regenerate_session, require_session, revoke_sessions, update_session
from django_sessionkit.decorators import public, require_authenticated

from .forms import PlanForm, ProfileForm
from .models import User


@require_safe
def my_session(request: HttpRequest) -> HttpResponse:
    """No decorator and no rule: SESSIONKIT_GLOBAL_PROTECT asks for a session, any session."""
    session = require_session()
    form = ProfileForm(initial={name: session[name] for name in ProfileForm.Meta.fields})
    return _show(request, form)


def _show(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    context = {
        "session": require_session(),
        "form": form,
        "expires": request.session.get_expiry_date(),
    }
    return render(request, "accounts/session.html", context)


@require_POST
@require_authenticated
def change_profile(request: HttpRequest) -> HttpResponse:
    """The account is the truth and the session its copy, so both are written."""
    user = User.objects.get(pk=require_session().user_id)
    form = ProfileForm(request.POST, instance=user)
    if not form.is_valid():
        return _show(request, form)
    user = form.save()
    update_session(request, {"display_name": str(user), "bio": user.bio})
    messages.success(request, "Your profile is saved.")
    return redirect("accounts:session")


@require_POST
@require_authenticated
def renew_key(request: HttpRequest) -> HttpResponse:
    """The same session under a new key: whoever may have copied the old cookie holds nothing."""
    regenerate_session(request)
    messages.success(request, "Your session has a new key; the old one is dead.")
    return redirect("accounts:session")


@require_POST
@require_authenticated
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Whoever is in with this account anywhere has to know the password."""
    revoke_sessions(require_session().user_id, refresh=False)
    logout(request)
    messages.success(request, "You are signed out everywhere.")
    return redirect("home")


@public
@require_safe
def upgrade(request: HttpRequest) -> HttpResponse:
    """Where the premium rule sends people. @public lifts the global default, and nothing else."""
    return render(request, "accounts/upgrade.html")


@require_POST
def change_plan(request: HttpRequest) -> HttpResponse:
    """Guarded by a rule on the view's name. In this demo, money is no object."""
    form = PlanForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Unknown plan.")
    plan = form.cleaned_data["plan"]
    User.objects.filter(pk=require_session().user_id).update(plan=plan)
    update_session(request, {"plan": plan})
    messages.success(request, f"You are on the {plan} plan now.")
    return redirect("articles:premium" if plan == "premium" else "accounts:upgrade")
