"""The types of the public names. Checked by mypy and pyright, never run. Each ``type: ignore`` is an error for both."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.views import View
from typing_extensions import assert_type

from django_sessionkit import (
    Allow,
    Decision,
    Permission,
    RequireRoleMixin,
    Role,
    Session,
    aevaluate,
    aget_session,
    ahas_role,
    can_access,
    enforce,
    evaluate,
    explain,
    get_session,
    public,
    require,
    require_authenticated,
    require_role,
    require_session,
    set_session,
    use_session,
    validate_session,
)
from django_sessionkit.explanation.report import Explanation
from django_sessionkit.requirements.algebra import Requirement
from django_sessionkit.testing import asign_in, override_policy, sign_in
from django_sessionkit.types import Rule, SessionKitRequest

assert_type(get_session(), Session | None)
assert_type(require_session(), Session)
assert_type(validate_session({}), Session)
assert_type(validate_session({}).user_id, str)
assert_type(validate_session({}).roles, tuple[str, ...])
assert_type(validate_session({}).permissions, frozenset[str])
assert_type(evaluate(Role("a")), Decision)
assert_type(enforce(Role("a")), Session | None)
assert_type(can_access("home", 1, pk=2, method="POST"), bool)
assert_type(explain("home", 1, pk=2, method="POST", caller="api"), Explanation)
assert_type(sign_in(Client(), role="a", plan="free"), Client)
assert_type(sign_in(AsyncClient(), permissions=["p"]), AsyncClient)
assert_type(Role("a") & ~Permission("p") | Allow("a.b"), Requirement)


@require_role("admin", redirect_to="/upgrade/", api=False)
def view(request: HttpRequest, pk: int) -> HttpResponse:
    set_session(request, {"user_id": "1"}, ttl=60)
    return HttpResponse()


@require_authenticated
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@require(Role("a") | Permission("p"))
@require_authenticated(on_deny="not_found")
async def aview(request: HttpRequest, slug: str) -> HttpResponse:
    assert_type(await aget_session(), Session | None)
    assert_type(await aevaluate(Role("a")), Decision)
    assert_type(await ahas_role("a", "b"), bool)
    return HttpResponse()


@public
def open_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@use_session({"user_id": "1"})
def command(count: int) -> str:
    return str(count)


def positional(check: Callable[[HttpRequest, int], HttpResponse]) -> None: ...
def awaited(check: Callable[[HttpRequest, str], Coroutine[Any, Any, HttpResponse]]) -> None: ...


positional(view)
awaited(aview)
assert_type(bare(HttpRequest()), HttpResponse)
assert_type(open_view(HttpRequest()), HttpResponse)
assert_type(command(3), str)

view(HttpRequest(), "text")  # type: ignore[arg-type]
command("text")  # type: ignore[arg-type]
require_role("admin", on_deny="elsewhere")  # type: ignore[arg-type]
require_role("admin", redirect="/x/")  # type: ignore[call-arg]
Role(["admin"])  # type: ignore[arg-type]
require("admin")  # type: ignore[arg-type]
validate_session({}).user_id = "2"  # type: ignore[misc]
validate_session({}).plan  # type: ignore[attr-defined]  # noqa: B018
validate_session({})["plan"] = "free"  # type: ignore[index]
view.sessionkit_requiremnt  # type: ignore[attr-defined]  # noqa: B018

Allow(lambda session: session is not None and session["plan"] == "premium")
Allow(lambda session, request: session is not None and request is not None and request.is_secure())
Allow(lambda session: session["plan"] == "premium")  # type: ignore[index]
Allow(lambda session, request: request.is_secure())  # type: ignore[arg-type, misc]
Allow(lambda session: session and session["plan"])  # type: ignore[arg-type, return-value]
Allow(lambda session, request, plan: True)  # type: ignore[arg-type, misc]
Allow(7)  # type: ignore[call-overload]


def rule(one: Rule) -> None: ...


rule({"pattern": "/a/", "role": "editor"})
rule({"pattern": "/a/", "rol": "editor"})  # type: ignore[typeddict-unknown-key]
rule({"pattern": "/a/", "role": ["editor"]})  # type: ignore[typeddict-item]
rule({"pattern": "/a/", "roles": "editor"})  # type: ignore[typeddict-item]
rule({"pattern": "/a/", "authenticated": False})  # type: ignore[typeddict-item]
rule({"pattern": "/a/", "methods": "POST"})  # type: ignore[typeddict-item]
rule({"pattern": "/a/", "methods": ["post"]})  # type: ignore[list-item]
rule({"pattern": "/a/", "on_deny": "elsewhere"})  # type: ignore[typeddict-item]
rule({"pattern": "/a/", "require": "editor"})  # type: ignore[typeddict-item]


assert_type(view.sessionkit_requirement, Requirement)
assert_type(RequireRoleMixin.as_view().sessionkit_requirement, Requirement)


def with_session(request: SessionKitRequest) -> None:
    assert_type(request.sessionkit.get(), Session | None)
    assert_type(request.sessionkit.peek(), Session | None)


class Page(RequireRoleMixin, View):
    required_roles = ("admin",)

    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


with use_session(None) as session:
    assert_type(session, Session | None)


@override_policy(global_protect=True)
async def signed_in() -> None:
    assert_type(await asign_in(AsyncClient(), role="a"), AsyncClient)
