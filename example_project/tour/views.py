"""Sign in as one of the people of the demo, without a password. newsroom.urls includes this only with DEBUG."""

from __future__ import annotations

from accounts.demo import ACCOUNTS
from accounts.models import User
from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from django_sessionkit.decorators import public


class PersonForm(forms.Form):
    person = forms.ChoiceField(choices=[(account.username, account.username) for account in ACCOUNTS])
    next = forms.CharField(required=False)


@public
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as a person of the demo, and go back to the page with the button."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Unknown person.")
    user = get_object_or_404(User, username=form.cleaned_data["person"])
    logout(request)  # an admin who acts as this person stops acting
    # The bridge of SessionKit follows every login, so this view does not have to set the session.
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    target = form.cleaned_data["next"]
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = settings.LOGIN_REDIRECT_URL
    return redirect(target)
