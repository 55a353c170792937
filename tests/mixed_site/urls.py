"""Pages of the project: open to everyone with a session, for editors, with a second factor, and of two APIs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path
from ninja import NinjaAPI
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sessionkit import Permission, require_session
from django_sessionkit.contrib.drf import Requires
from django_sessionkit.contrib.ninja import SessionAuth, answer_denials

api = NinjaAPI()
answer_denials(api)


@api.get("stock/", auth=SessionAuth(Permission("shop.change_stock")))
def stock(request: HttpRequest) -> dict[str, Any]:
    return {"user": request.auth.session.user_id}  # type: ignore[attr-defined]


class Prices(APIView):
    permission_classes = (Requires(Permission("shop.change_price")),)

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.pk})


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<h1>Welcome, {require_session().email}</h1>")


def reports(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>Reports</h1>")


def articles(request: HttpRequest) -> HttpResponse:
    """Show the form that publishes an article."""
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    button = "<button>Publish</button>"
    return HttpResponse(f'<h1>Articles</h1><form method="post" action="/articles/publish/">{field}{button}</form>')


def publish(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>Published</h1>")


def grow_old(request: HttpRequest) -> HttpResponse:
    """Let the login be an hour older."""
    request.session["__session__"]["auth_time"] -= 3600
    request.session.modified = True
    return HttpResponse("<h1>One hour later</h1>")


urlpatterns = [
    path("articles/", articles, name="articles"),
    path("articles/publish/", publish, name="publish"),
    path("grow-old/", grow_old),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("", home, name="home"),
    path("reports/", reports, name="reports"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("prices/", Prices.as_view(), name="prices"),
    path("api/", api.urls),
]
