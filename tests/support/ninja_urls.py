"""Operations of Django Ninja. Import this only if it is installed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import path
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.decorators import decorate_view
from ninja.security import APIKeyHeader
from ninja.throttling import AuthRateThrottle

from django_sessionkit import Allow, Permission, Public, Recent, Role, aenforce, enforce
from django_sessionkit.contrib.ninja import SessionAuth, answer_denials
from django_sessionkit.decorators import require_role


class Key(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> str | None:
        return key if key == "right" else None


async def is_editor(session: Any, request: HttpRequest) -> bool:
    return session is not None and session.role == "editor" and request.path.endswith("/")


def name_of(request: HttpRequest) -> Any:
    session = getattr(request.auth, "session", None)
    return session.user_id if session is not None else str(request.auth)


def build(api: NinjaAPI) -> NinjaAPI:
    editor = SessionAuth(Role("editor"))

    def operation(where: str, auth: Any) -> None:
        @api.api_operation(["GET", "POST"], f"{where}/", auth=auth, operation_id=where)
        def sync(request: HttpRequest) -> Any:
            return name_of(request)

        @api.api_operation(["GET", "POST"], f"a{where}/", auth=auth, operation_id=f"a{where}")
        async def asynchronous(request: HttpRequest) -> Any:
            return name_of(request)

    operation("page", editor)
    operation("any", SessionAuth())
    operation("public", SessionAuth(Public()))
    operation("ruled", editor)
    operation("predicate", SessionAuth(Allow(is_editor)))
    operation("not", SessionAuth(~Role("editor")))
    operation("recent", SessionAuth(Recent(600)))
    operation("either", [SessionAuth(Permission("posts:write")), Key()])
    operation("key", Key())

    @api.get("throttled/", auth=editor, throttle=AuthRateThrottle("1/d"))
    def throttled(request: HttpRequest) -> Any:
        return "page"

    @api.post("exempt/", auth=editor)
    @csrf_exempt
    def exempt(request: HttpRequest) -> Any:
        return "done"

    @api.get("enforced/")
    def enforced(request: HttpRequest) -> Any:
        enforce(Role("editor"))
        return "page"

    @api.get("aenforced/")
    async def aenforced(request: HttpRequest) -> Any:
        await aenforce(Role("editor"))
        return "page"

    return api


plain = build(NinjaAPI(urls_namespace="plain", docs_url=None))
answered = build(NinjaAPI(urls_namespace="answered", docs_url=None))
answer_denials(answered)

cached = NinjaAPI(urls_namespace="cached", docs_url=None)


@cached.get("auth/", auth=SessionAuth(Role("editor")))
@decorate_view(cache_page(60))
def cached_auth(request: HttpRequest) -> Any:
    return "page"


@cached.get("aauth/", auth=SessionAuth(Role("editor")))
@decorate_view(cache_page(60))
async def cached_aauth(request: HttpRequest) -> Any:
    return "page"


@cached.get("decorated/")
@decorate_view(cache_page(60))
@require_role("editor")
def cached_decorated(request: HttpRequest) -> Any:
    return "page"


@cached.get("adecorated/")
@decorate_view(cache_page(60))
@require_role("editor")
async def cached_adecorated(request: HttpRequest) -> Any:
    return "page"


@cached.get("open/")
@decorate_view(cache_page(60))
def cached_open(request: HttpRequest) -> Any:
    return "page"


urlpatterns = [path("cached/", cached.urls), path("plain/", plain.urls), path("answered/", answered.urls)]
