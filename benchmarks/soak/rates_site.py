"""The sites that are compared: one page, protected in different ways. Sessions are in the memory of the one worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import markcoroutinefunction
from casbin import Enforcer, Model

from benchmarks import site

STACK = os.environ.get("SOAK_STACK", "bare")

site.configure()

from django.contrib.auth.decorators import login_required, permission_required  # noqa: E402
from django.contrib.auth.models import Permission, User  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

_AUTH = [site.SESSION, site.AUTHENTICATION]
_MIDDLEWARE = {
    "bare": [site.SESSION],
    "bare, reads the session": [site.SESSION],
    "SessionKit": [site.SESSION, site.SESSIONKIT],
    "SessionKit, public page": [site.SESSION, site.SESSIONKIT],
    "casbin": [site.SESSION, f"{__name__}.casbin_middleware"],
    "Django's decorators": _AUTH,
    "django-stronghold": [*_AUTH, site.STRONGHOLD],
}
STACKS = tuple(_MIDDLEWARE)
_RULES = [*site.rules(9), {"pattern": "/team/**", "role": "reader", "permission": "area1:read"}]

_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && r.act == p.act
"""


def page(request: HttpRequest) -> HttpResponse:
    """The page. Its text has more bytes than a redirect or a denial needs to be told apart."""
    return HttpResponse("page")


async def apage(request: HttpRequest) -> HttpResponse:
    """The async variant of :func:`page`."""
    return HttpResponse("page")


def _views() -> tuple[Callable[..., Any], Callable[..., Any]]:
    if STACK == "bare, reads the session":
        return site.reading_page, site.areading_page
    if STACK == "Django's decorators":
        # permission_required() asks the database, so login_required() alone would be cheaper and would check less
        check = permission_required("auth.view_user", raise_exception=True)
        return login_required(check(page)), login_required(check(apage))
    return page, apage


_SYNC, _ASYNC = _views()
urlpatterns = [
    path("team/page/", _SYNC),
    path("team/apage/", _ASYNC),
    path("open/page/", _SYNC),
    path("open/apage/", _ASYNC),
]


def casbin_middleware(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Ask casbin about the user id in the session, the path and the method, with ten rules."""
    enforce = _enforcer().enforce

    def middleware(request: HttpRequest) -> HttpResponse:
        who = request.session.get("__session__", {}).get("user_id", "")
        return get_response(request) if enforce(who, request.path, request.method) else HttpResponse(status=403)

    async def amiddleware(request: HttpRequest) -> HttpResponse:
        who = (await request.session.aget("__session__", {})).get("user_id", "")
        allowed = enforce(who, request.path, request.method)
        return await get_response(request) if allowed else HttpResponse(status=403)

    if os.environ.get("SOAK_ASYNC"):
        markcoroutinefunction(amiddleware)
        return amiddleware
    return middleware


casbin_middleware.async_capable = bool(os.environ.get("SOAK_ASYNC"))  # type: ignore[attr-defined]
casbin_middleware.sync_capable = not os.environ.get("SOAK_ASYNC")  # type: ignore[attr-defined]


def _enforcer() -> Enforcer:
    model = Model()
    model.load_model_from_text(_MODEL)
    enforcer = Enforcer(model)
    enforcer.add_policies([[f"role{number}", f"/app{number}/*", "GET"] for number in range(9)])
    enforcer.add_policy("reader", "/team/*", "GET")
    enforcer.add_role_for_user(site.READER["user_id"], "reader")
    return enforcer


def _prepare() -> None:
    site.settings.MIDDLEWARE = _MIDDLEWARE[STACK]
    site.settings.ROOT_URLCONF = __name__
    site.settings.SESSIONKIT_PROTECT = _RULES
    user, _ = User.objects.get_or_create(username="reader")
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    site.store_login(user)


def wsgi() -> Any:
    """Return the site for gunicorn."""
    _prepare()
    return get_wsgi_application()


def asgi() -> Any:
    """Return the site for uvicorn, which calls this on its event loop."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(_prepare).result()
    return get_asgi_application()
