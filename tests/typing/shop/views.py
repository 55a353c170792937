"""Views: decorators, mixins and questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView, UpdateView, View
from typing_extensions import assert_type

from django_sessionkit import (
    Permission,
    RequireAuthenticatedMixin,
    RequireMixin,
    RequireObjectMixin,
    RequirePermissionMixin,
    RequireRecentMixin,
    RequireRoleMixin,
    Role,
    Session,
    acan_access,
    aenforce,
    aevaluate,
    aexplain,
    aget_session,
    ahas_all_permissions,
    ahas_any_permission,
    ahas_any_role,
    ahas_permission,
    ahas_role,
    ahas_role_permission,
    ais_authenticated,
    arequire_session,
    asession_public,
    can_access,
    enforce,
    evaluate,
    explain,
    get_session,
    has_all_permissions,
    has_any_permission,
    has_any_role,
    has_permission,
    has_role,
    has_role_permission,
    is_authenticated,
    peek_session,
    public,
    require,
    require_any_permission,
    require_authenticated,
    require_permission,
    require_recent,
    require_role,
    require_role_permission,
    require_session,
    session_public,
)
from django_sessionkit.context_processors import TemplateSession, sessionkit
from django_sessionkit.decorators import Guard
from django_sessionkit.explanation import Explanation
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.mixins import AccessMixin
from django_sessionkit.patterns import matches
from django_sessionkit.requirements import Requirement
from django_sessionkit.types import GuardedView, Options, SessionKitRequest

from .access import OWN, Order

to_upgrade: Options = {"redirect_to": reverse_lazy("upgrade"), "api": False}
editors: Guard = require_role("editor", "admin", **to_upgrade)


@editors
def reports(request: HttpRequest, year: int) -> HttpResponse:
    session = require_session()
    return HttpResponse(f"{session.user_id} {year} {session_public('plan')}")


@csrf_exempt
@require(Role("owner") | Permission("billing:read"), api=True)
@require_recent(600, api=False)
@require_permission("billing:read", "billing:write", login_url="/billing/login/")
@require_any_permission("a", "b")
@require_role_permission("owner", "billing:read")
@require_authenticated
def billing(request: SessionKitRequest) -> JsonResponse:
    session = request.sessionkit.get()
    return JsonResponse({"user": session.user_id if session is not None else None, "allowed": has_role("owner")})


@require_authenticated(on_deny="not_found")
async def account(request: SessionKitRequest) -> HttpResponse:
    first, second = await request.sessionkit.aget(), request.sessionkit.peek()
    return HttpResponse(f"{first} {second}")


@public
def about(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@public()
def contact(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Edit(RequireRoleMixin, RequirePermissionMixin, RequireRecentMixin, UpdateView[User, Any]):
    max_age = 3600
    required_roles = ["editor"]
    required_permissions = ("posts:write",)
    required_any_permission = ["posts:read", "posts:publish"]
    redirect_to = "/upgrade/"
    on_deny = "forbidden"

    def get_requirement(self) -> Requirement:
        return super().get_requirement() & ~Role("suspended")


class Page(RequireAuthenticatedMixin, TemplateView):
    template_name = "page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "may_edit": can_access("edit", pk=1)}


class ShowOrder(RequireObjectMixin, View):
    object_requirement = OWN | Role("support")
    on_deny = "not_found"
    requires_object = True

    def get_object(self) -> Order:
        return Order()

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        order: Order = self.get_object()
        return HttpResponse(order.owner)


class Owners(RequireMixin, View):
    requirement = Role("owner") | Permission("billing:read")
    login_url = "/owners/login/"
    api = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@method_decorator(require_role("editor"), name="dispatch")
class Decorated(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@public
class Open(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


def is_mixin(view: type[View]) -> bool:
    return issubclass(view, AccessMixin)


def needed(view: GuardedView[..., Any]) -> Requirement:
    return view.sessionkit_requirement


assert_type(reports.sessionkit_requirement, Requirement)
assert_type(account.sessionkit_requirement, Requirement)
assert_type(Edit.as_view().sessionkit_requirement, Requirement)
assert_type(reports(HttpRequest(), 2026), HttpResponse)
assert_type(Open().get(HttpRequest()), HttpResponse)
EVERY_REQUIREMENT = [needed(reports), needed(account), needed(Page.as_view()), needed(Owners.as_view(api=False))]


def questions(request: HttpRequest) -> list[bool]:
    explanation: Explanation = explain(request)
    decision = evaluate(Role("editor"))
    session: Session | None = enforce(Role("editor"))
    in_template: dict[str, TemplateSession] = sessionkit(request)
    return [
        *(bool(explanation), decision.allowed, session == get_session() == peek_session()),
        *(has_any_role("a", "b"), has_permission("p"), has_all_permissions("p", "q"), has_any_permission("p", "q")),
        *(has_role_permission("a", "p"), is_authenticated(), can_access("/reports/", method="POST")),
        *(in_template["sessionkit"].is_authenticated, matches("/reports/**", "/reports/may/", opens=True)),
    ]


async def aquestions(request: HttpRequest) -> list[bool]:
    explanation: Explanation = await aexplain("/reports/", caller="htmx")
    decision = await aevaluate(Role("editor"))
    session: Session | None = await aenforce(Role("editor"))
    fields: dict[str, Any] | None = await asession_public("plan")
    return [
        *(bool(explanation), decision.allowed, session == await aget_session() == await arequire_session()),
        *(await ahas_role("a"), await ahas_any_role("a", "b"), await ahas_permission("p"), fields is not None),
        *(await ahas_all_permissions("p", "q"), await ahas_any_permission("p", "q")),
        *(await ahas_role_permission("a", "p"), await ais_authenticated(), await acan_access("home", 1)),
    ]


def wrapped(get_response: Callable[[HttpRequest], HttpResponse]) -> SessionKitMiddleware:
    return SessionKitMiddleware(get_response)
