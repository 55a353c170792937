"""Sites that are easy to bypass: each is a URLconf that accepts many forms of a path for one page.

The header ``X-Page`` of a response has the kind of the page, so that HEAD can be tested too.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter
from django.urls.resolvers import RoutePattern
from django.utils.decorators import sync_and_async_middleware
from django.views.static import serve

UPLOADS = Path(__file__).parents[2] / "attacked_site" / "uploads"
PROTECTED = "protected"
ORDINARY = "ordinary"

POLICY: list[dict[str, Any]] = [
    {"pattern": "/open/**", "public": True},
    {"pattern": ["/admin/**", "/kiosk/**", "/caf\u00e9/**", "/media/private/**"], "role": "admin"},
    {"pattern": ["/item/7", "/tag/secret", "/report", "/mounted/wiki", "/login/*", "/"], "role": "admin"},
    {"pattern": ["/crew/settings", "/team-red/a/b/c/items/7/**", "/backstage/tasks"], "role": "admin"},
]
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
INNER = ["support.attacks.sites.answering", "support.attacks.sites.rewriting"]
MIDDLEWARE = [
    SESSIONS,
    "support.attacks.sites.choose_site",
    "django.middleware.locale.LocaleMiddleware",
    OURS,
    *INNER,
]
SETTINGS: dict[str, Any] = {
    "MIDDLEWARE": MIDDLEWARE,
    "ROOT_URLCONF": "support.attacks.sites",
    "SESSIONKIT_PROTECT": POLICY,
    "LANGUAGES": [("en", "English"), ("de", "Deutsch"), ("pt-br", "Portugu\u00eas")],
}


def page(kind: str) -> HttpResponse:
    return HttpResponse(kind, headers={"X-Page": kind})


def protected(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return page(PROTECTED)


def ordinary(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return page(ORDINARY)


def lenient(request: HttpRequest, name: str) -> HttpResponse:
    """A content system that accepts nearly every form of a page's path."""
    text = unicodedata.normalize("NFC", re.sub(r"[\x00-\x1f\x7f-\x9f]", "", name))
    segments = "/".join(one.strip() for one in text.split("/"))
    found = posixpath.normpath("/" + segments)
    is_protected = re.match("/+(?:admin|kiosk|caf\u00e9)(?:/|$)", found, re.IGNORECASE)
    return page(PROTECTED if is_protected else ORDINARY)


def upload(request: HttpRequest, path: str) -> HttpResponse:
    """Django's own file view. The content shows which of the two files it served."""
    response = serve(request, path, document_root=str(UPLOADS))
    content = b"".join(response)
    response.file_to_stream.close()
    return page(content.decode().strip() or ORDINARY)


def on_windows(request: HttpRequest, name: str) -> HttpResponse:
    """A file view on a system where a backslash is a separator and file names are case-insensitive."""
    folder = "c:\\site\\uploads"
    found = ntpath.normpath(ntpath.join(folder, name)).lower()
    return page(PROTECTED if found.startswith(f"{folder}\\private\\") else ORDINARY)


def of_item(request: HttpRequest, pk: int = 0, **kwargs: object) -> HttpResponse:
    return page(PROTECTED if pk == 7 else ORDINARY)


def of_text(request: HttpRequest, text: str, **kwargs: object) -> HttpResponse:
    """A view that converts its argument to a number, as a query by primary key does."""
    with suppress(ValueError):
        return page(PROTECTED if int(text.rpartition("/")[2]) == 7 else ORDINARY)
    return page(ORDINARY)


def of_tag(request: HttpRequest, name: str) -> HttpResponse:
    return page(PROTECTED if name == "secret" else ORDINARY)


class AnyCase:
    """A converter that accepts many texts for one value."""

    regex = "[A-Za-z]+"

    def to_python(self, value: str) -> str:
        return value.lower()

    def to_url(self, value: str) -> str:
        return value


register_converter(AnyCase, "anycase")


class ByAnyName(RoutePattern):
    """A custom route class, which matches other paths than its text."""

    def match(self, path: str) -> Any:
        return super().match(path.replace("stage-door/", "backstage/"))


def become(request: HttpRequest, role: str) -> HttpResponse:
    """A login view, in place of an auth layer."""
    request.session["__session__"] = {"user_id": role, "role": role}
    return HttpResponse("welcome")


urlpatterns = [
    path("become/<str:role>/", become),
    path("login/", ordinary),
    path("wiki/", ordinary),
    path("wiki/<path:title>", ordinary),
    path("files/<path:name>", ordinary),
    path("people/<str:name>/", ordinary),
    path("tickets/<slug:number>/", ordinary),
    re_path(r"^parts/(?P<number>[^/]+)/(?:print/)?$", ordinary),
    path("item/<int:pk>/", of_item),
    re_path(r"(?i)^forum/(?P<rest>.*)$", ordinary),
    path("administrator/", ordinary),
    path("admins/", ordinary),
    path("my/admin/", ordinary),
    path("kiosks/<path:rest>", ordinary),
    path("open/page/", ordinary),
    path("media/<path:path>", upload),
    path("admin/", protected),
    path("admin/<path:rest>", protected),
]
deep = [path("tasks/", protected), re_path(r"^tasks/(?P<rest>.+)$", protected)]


class Urls:
    """A URLconf as an object."""

    def __init__(self, *patterns: Any) -> None:
        self.urlpatterns = [*patterns, path("login/", ordinary), path("page/", ordinary)]


SITES = {
    "lenient": Urls(path("<path:name>", lenient)),
    "any-case": Urls(re_path(r"(?i)^kiosk/(?P<rest>.*)$", protected)),
    "any-case-include": Urls(re_path(r"(?i)^KIOSK/", include([re_path(r"(?i)^.*$", protected)]))),
    "unanchored": Urls(re_path("admin/", protected)),
    "unanchored-include": Urls(re_path("admin/", include([re_path("tasks/", protected)]))),
    "optional": Urls(re_path(r"^/?admin(?:/(?P<rest>.*))?/?$", protected)),
    "newline": Urls(path("admin/<str:page>", protected), path("admin/<str:page>/", protected)),
    "dollar": Urls(re_path(r"^admin/tasks\s*$", protected), re_path(r"^admin/tasks/($|\n)", protected)),
    "nested": Urls(path("", include(([path("admin/", include((deep, "inner")))], "outer"), namespace="first"))),
    "translated": Urls(*i18n_patterns(path("admin/<path:rest>", protected), path("<path:name>", lenient))),
    "aliases": Urls(path("item/<int:pk>/", of_item), path("tag/<anycase:name>/", of_tag)),
    "numbers": Urls(path("item/<str:text>/", of_text)),
    "numbers-in-slugs": Urls(path("item/<slug:text>/", of_text)),
    "numbers-below": Urls(path("item/<path:text>", of_text)),
    "numbers-captured": Urls(re_path(r"^item/([^/]+)/?$", of_text)),
    "numbers-included": Urls(path("<slug:kind>/", include([path("<str:text>/", of_text)]))),
    "optional-character": Urls(re_path("^crew", include([re_path("^/?settings/$", protected)]))),
    "optional-class": Urls(re_path("^crew", include([re_path("^[/-]*?settings/?$", protected)]))),
    "optional-group": Urls(re_path("^crew(?:/|--){0,1}settings/$", protected)),
    "many-forms": Urls(re_path(r"^(?:team-)?(?P<team>\w+)/", include([path("a/b/c/items/<int:pk>/", of_item)]))),
    "own-class": Urls(URLPattern(ByAnyName("backstage/tasks/", is_endpoint=True), protected)),
    "own-class-include": Urls(URLResolver(ByAnyName("backstage/"), [path("tasks/", protected)])),
    "optional-report": Urls(re_path(r"(?i)^report(?:\.json|\.csv)?/?$", protected)),
    "optional-word": Urls(re_path(r"^report(?:\.\w+)?/?$", protected)),
    "suffixes": Urls(re_path("^report", protected)),
    "beside": Urls(path("login/<path:rest>", protected)),
    "mounted": Urls(path("wiki/", protected)),
    "home": Urls(path("", protected)),
    "rewritten": Urls(path("admin/<path:rest>", protected)),
    "answered": Urls(),
    "windows": Urls(path("media/<path:name>", on_windows)),
    "windows-folder": Urls(path("", include([re_path(r"^media/(?P<name>.*)$", on_windows)]))),
}


Hook = Callable[[HttpRequest], HttpResponse | None]


def middleware_of(hook: Hook) -> Any:
    """Return a middleware, sync and async, that calls the hook before each request. The hook may respond itself."""

    @sync_and_async_middleware
    def factory(get_response: Any) -> Any:
        def middleware(request: HttpRequest) -> Any:
            response = hook(request)
            return response if response is not None else get_response(request)

        async def amiddleware(request: HttpRequest) -> Any:
            response = hook(request)
            return response if response is not None else await get_response(request)

        return amiddleware if iscoroutinefunction(get_response) else middleware

    return factory


@middleware_of
def choose_site(request: HttpRequest) -> None:
    """Set the URLconf of the request, as for several hosts."""
    if request.headers.get("X-Site") in SITES:
        request.urlconf = SITES[request.headers["X-Site"]]  # type: ignore[attr-defined]


@middleware_of
def rewriting(request: HttpRequest) -> None:
    """Take the path from a header, inside the guard, as some projects do."""
    if request.headers.get("X-Site") == "rewritten":
        request.path_info = request.headers.get("X-Original-URL", request.path_info)


@middleware_of
def answering(request: HttpRequest) -> HttpResponse | None:
    """Respond inside the guard, as file servers do. Ignore case and slashes."""
    return lenient(request, request.path_info) if request.headers.get("X-Site") == "answered" else None
