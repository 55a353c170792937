"""Answer a world by the package: the real middleware inside Django's own request handler, without a server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from operator import and_, or_
from types import ModuleType
from typing import Any

import time_machine
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path, re_path

from django_sessionkit import requirements as r
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.signals import access_denied

from .worlds import NOW, TENANT

ALLOWED = HttpResponse("allowed")
UNKNOWN = HttpResponse("no page", status=404)
OBJECTS = {"mine": "mine", "failed": "an object"}


def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return ALLOWED


def no_view(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own page of a 404 looks for templates, which takes a fifth of the whole time."""
    return UNKNOWN


URLCONF: Any = ModuleType("worlds_urls")
URLCONF.handler404 = no_view
URLCONF.urlpatterns = [
    path("a", view, name="a"),
    path("a/<int:n>", view, name="number"),
    re_path(r"^a/(?P<w>[^/]+)/?$", view, name="word"),
    re_path(r"^(?:a|b)/b/(?P<w>[^/]+)$", view, name="deep"),
    re_path(r"^c", view, name="open"),
    re_path(r"^b/?$", view, name="b"),
]


def raises(*arguments: object) -> bool:
    raise LookupError


def is_mine(session: object, obj: object) -> bool:
    return obj == "mine"


LEAVES: dict[str, Any] = {
    "public": r.Public,
    "nobody": r.Nobody,
    "authenticated": r.Authenticated,
    "role": r.Role,
    "permission": r.Permission,
    "any_permission": r.AnyPermission,
    "recent": r.Recent,
    "factor": r.Factor,
    "impersonated": r.Impersonated,
    "allow": lambda answer: r.Allow(raises),
    "object": lambda answer: r.AllowObject(is_mine if answer == "mine" else raises),
}


def requirement(need: tuple[Any, ...]) -> r.Requirement:
    """The requirement of the package for one of the model."""
    kind, *of = need
    if kind in LEAVES:
        return LEAVES[kind](*of)  # type: ignore[no-any-return]
    parts = [requirement(one) for one in of]
    if kind == "within":
        return r.Within(parts[0])
    return ~parts[0] if kind == "not" else reduce(and_ if kind == "and" else or_, parts)


def rule(given: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in given.items() if key in ("pattern", "view", "methods")}
    return {**own, "public": True} if given.get("public") else {**own, "require": requirement(given["require"])}


def tenant_of(request: HttpRequest) -> str:
    return TENANT


class Package:
    """The package under one list of rules and one default."""

    def __init__(self) -> None:
        self.handler = BaseHandler()
        self.denied_by: str | None = None
        access_denied.connect(self._note)

    def _note(self, *, decision: Decision, **more: object) -> None:
        self.denied_by = decision.rule

    @contextmanager
    def under(self, rules: list[dict[str, Any]], default: bool, excluded: list[str]) -> Iterator[None]:
        with override_settings(
            SESSIONKIT_PROTECT=[rule(one) for one in rules],
            SESSIONKIT_GLOBAL_PROTECT=default,
            SESSIONKIT_EXCLUDE=excluded,
        ):
            yield

    def decide(self, path_info: str, method: str, session: dict[str, Any] | None) -> tuple[bool, object]:
        """``(True, None)``, or ``(False, the number of the rule)``."""
        request = HttpRequest()
        request.path = request.path_info = path_info
        request.method = method
        request.META = {"HTTP_ACCEPT": "application/json", "SERVER_NAME": "testserver", "SERVER_PORT": "80"}
        request.sessionkit_data = session  # type: ignore[attr-defined]
        self.denied_by = None
        response = self.handler.get_response(request)
        response._resource_closers.clear()  # all worlds share the response, which would keep every request
        if self.denied_by is None:
            assert response.status_code in (200, 404), response.status_code
            return True, None
        assert response.status_code in (401, 403), response.status_code
        return False, "default" if "GLOBAL" in self.denied_by else int(self.denied_by[19:-1])


@contextmanager
def running() -> Iterator[Package]:
    """A package with the settings that all worlds share, and a clock that stands still."""
    logging.disable(logging.CRITICAL)
    shared = override_settings(
        ROOT_URLCONF=URLCONF,
        MIDDLEWARE=["django_sessionkit.middleware.SessionKitMiddleware"],
        SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource",
        SESSIONKIT_LOGIN_URL="/login/",
        SESSIONKIT_TENANT=tenant_of,
        APPEND_SLASH=False,
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
    )
    try:
        with shared, time_machine.travel(NOW, tick=False):
            package = Package()
            package.handler.load_middleware()
            yield package
    finally:
        logging.disable(logging.NOTSET)
