"""The page "My session", and the actions on it.

Login and logout use the views of contrib.auth: see accounts.urls. accounts.bridge follows them.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_sessionkit import confirm_session, regenerate_session, require_session, revoke_sessions, update_session
from django_sessionkit.decorators import public, require, require_authenticated, require_role

from .access import IN_PERSON
from .forms import ConfirmForm, PlanForm, ProfileForm
from .models import User


@require_safe
def my_session(request: HttpRequest) -> HttpResponse:
    """Without a decorator and a rule, SESSIONKIT_GLOBAL_PROTECT requires any session."""
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
    """Update the account and the session, because the session contains a copy of the account."""
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
    """Give the session a new key. A copy of the old cookie stops working."""
    regenerate_session(request)
    messages.success(request, "Your session has a new key. The old key no longer works.")
    return redirect("accounts:session")


@require_POST
@require_authenticated
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all sessions of this account. Every browser has to log in again."""
    revoke_sessions(require_session().user_id, refresh=False)
    logout(request)
    messages.success(request, "You are signed out everywhere.")
    return redirect("home")


@require_safe
@require_role("suspended")
def suspended(request: HttpRequest) -> HttpResponse:
    """The page that the rule "newsroom" redirects suspended accounts to, also after they log in."""
    return render(request, "accounts/suspended.html")


@require_http_methods(["GET", "HEAD", "POST"])
@require(IN_PERSON)
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password again. SESSIONKIT_REAUTH_URL sends users here whose login is not recent.

    An admin who acts as somebody does not know this password, and must not guess it.
    """
    form = ConfirmForm(request, request.POST or None)
    target = request.POST.get("next") or request.GET.get("next") or reverse("home")
    if form.is_valid():
        confirm_session(request, amr=["pwd"])
        is_own = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
        return redirect(target if is_own else "home")
    return render(request, "accounts/confirm.html", {"form": form, "next": target})


@public
@require_safe
def upgrade(request: HttpRequest) -> HttpResponse:
    """The page that the premium rule redirects to. @public exempts it from the global default only."""
    return render(request, "accounts/upgrade.html")


@require_POST
def change_plan(request: HttpRequest) -> HttpResponse:
    """Change the plan. A rule on the view name protects this view. The demo charges nothing."""
    form = PlanForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Unknown plan.")
    plan = form.cleaned_data["plan"]
    User.objects.filter(pk=require_session().user_id).update(plan=plan)
    update_session(request, {"plan": plan})
    messages.success(request, f"You are on the {plan} plan now.")
    return redirect("articles:premium" if plan == "premium" else "accounts:upgrade")
