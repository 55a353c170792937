"""A URLconf with login and logout views of ``django.contrib.auth``, sync and async."""

from __future__ import annotations

from django.contrib.auth import alogin, alogout, authenticate, login, update_session_auth_hash
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from django_sessionkit import aget_session, get_session, set_session


async def aenter(request: HttpRequest, name: str) -> JsonResponse:
    await aget_session()
    await alogin(request, await User.objects.aget(username=name), "django.contrib.auth.backends.ModelBackend")
    return JsonResponse({"user_id": get_session().user_id})


async def aleave(request: HttpRequest) -> JsonResponse:
    await alogout(request)
    return JsonResponse({"session": await aget_session()})


def change_password(request: HttpRequest) -> HttpResponse:
    request.user.set_password("another")
    request.user.save()
    update_session_auth_hash(request, request.user)
    return HttpResponse(get_session().user_id)


def disguise(request: HttpRequest, user_id: str) -> JsonResponse:
    get_session()
    request.session["__session__"] = {"user_id": user_id, "role": "disguised"}
    session = get_session()
    return JsonResponse({"role": session.role if session else None})


def switch(request: HttpRequest) -> JsonResponse:
    """A view in which another user logs in during the request."""
    before = get_session()
    login(request, authenticate(request, username="bob", password="bobs"))
    return JsonResponse({"before": before.user_id, "after": get_session().user_id})


def by_hand(request: HttpRequest) -> HttpResponse:
    set_session(request, {"user_id": "77", "role": "admin"})
    return HttpResponse("placed")


urlpatterns = [
    path("enter/", LoginView.as_view(template_name="who.html", success_url="/who/"), name="enter"),
    path("leave/", LogoutView.as_view(next_page="/who/"), name="leave"),
    path("aenter/<name>/", aenter),
    path("aleave/", aleave),
    path("change-password/", change_password),
    path("disguise/<user_id>/", disguise),
    path("switch/", switch),
    path("by-hand/", by_hand),
    path("", include("testsite.urls")),
]
