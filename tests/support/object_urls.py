"""Views about one object: an order, which belongs to somebody."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.auth.models import Group
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.generic import DeleteView, DetailView, UpdateView

from django_sessionkit import AllowObject, Permission, RequireObjectMixin, RequireRoleMixin, aenforce, enforce
from django_sessionkit.types import SessionKitRequest


class Order:
    def __init__(self, pk: int, owner: str) -> None:
        self.pk, self.owner = pk, owner


#: who owns which order
OWNERS = {1: "1", 2: "2", 3: "3"}
#: the orders that the function has been called for
asked: list[Any] = []


def is_owner(session, order):
    asked.append(order)
    return session is not None and session.user_id == order.owner


async def ais_owner(session, order, request):
    asked.append(order)
    return session is not None and session.user_id == order.owner


def fetch(pk: int) -> Order:
    if pk not in OWNERS:
        raise Http404("No order found matching the query")
    return Order(pk, OWNERS[pk])


OWN = AllowObject(is_owner)


def as_it_is(method):
    """Return a method that does the same as ``method``."""

    @wraps(method)
    def same(*args, **kwargs):
        return method(*args, **kwargs)

    return same


class Fetches(View):
    """A base class that knows nothing of the mixin."""

    def get_object(self) -> Order:
        return fetch(self.kwargs["pk"])

    def get(self, request, pk):
        return HttpResponse(f"order {self.get_object().pk}")


class Show(RequireObjectMixin, Fetches):
    object_requirement = OWN


class OrAdmin(RequireObjectMixin, Fetches):
    object_requirement = OWN | Permission("users:manage")


class Last(Fetches, RequireObjectMixin):
    object_requirement = OWN


class Overriding(Show):
    def get_object(self):
        found = super().get_object()
        found.owner = "3"  # what is sent is asked about, not what it was made of
        return found


class Own(RequireObjectMixin, View):
    object_requirement = OWN

    def get_object(self):
        return fetch(self.kwargs["pk"])

    def get(self, request, pk):
        return HttpResponse(f"order {self.get_object().pk}")


@method_decorator(as_it_is, name="get_object")
class Decorated(Own):
    """``method_decorator`` replaces the method after the class is defined."""


class Aside(RequireObjectMixin, View):
    object_requirement = AllowObject(ais_owner)

    async def get_object(self):
        return fetch(self.kwargs["pk"])

    async def get(self, request, pk):
        found = await self.get_object()
        return HttpResponse(f"order {found.pk}")


class Ahead(Aside):
    async def get_object(self):
        return await super().get_object()


class Named(RequireObjectMixin, View):
    object_requirement = OWN

    async def aget_object(self):
        return fetch(self.kwargs["pk"])

    async def get(self, request, pk):
        found = await self.aget_object()
        return HttpResponse(f"order {found.pk}")


class Early(Show):
    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.order = self.get_object()

    def get(self, request, pk):
        return HttpResponse(f"order {self.order.pk}")


class Twice(RequireObjectMixin, View):
    object_requirement = OWN
    order = None

    def get_object(self):
        self.order = self.order or fetch(self.kwargs["pk"])
        return self.order

    def get(self, request, pk):
        return HttpResponse(f"order {self.get_object().pk} {self.get_object().pk}")


class ByRole(RequireRoleMixin, Show):
    required_roles = ["editor"]


class RoleLast(Show, RequireRoleMixin):
    required_roles = ["editor"]


class Forgetful(RequireObjectMixin, Fetches):
    object_requirement = OWN

    def get(self, request, pk):
        return HttpResponse(f"order {pk}", status=int(request.GET.get("status", 200)))


class AForgetful(Aside):
    async def get(self, request, pk):
        return HttpResponse(f"order {pk}")


class Empty(Show):
    def get_object(self):
        return None


class EditGroup(RequireObjectMixin, UpdateView):
    model, fields, success_url = Group, ["name"], "/"
    template_name = "who.html"
    object_requirement = AllowObject(lambda session, group: session is not None and group.name == session.user_id)


class ShowGroup(RequireObjectMixin, DetailView):
    model, template_name = Group, "who.html"
    object_requirement = EditGroup.object_requirement


class DeleteGroup(RequireObjectMixin, DeleteView):
    model, success_url = Group, "/"
    template_name = "who.html"
    object_requirement = EditGroup.object_requirement
    on_deny = "not_found"


def enforcing(request: SessionKitRequest, pk: int) -> HttpResponse:
    order = fetch(pk)
    enforce(OWN, obj=order)
    return HttpResponse(f"order {order.pk}")


async def aenforcing(request: SessionKitRequest, pk: int) -> HttpResponse:
    order = fetch(pk)
    await aenforce(AllowObject(ais_owner), obj=order)
    return HttpResponse(f"order {order.pk}")


def unasked(request: SessionKitRequest, pk: int) -> HttpResponse:
    status = int(request.GET.get("status", 200))
    if "stream" in request.GET:
        return StreamingHttpResponse(iter([b"order"]), status=status)
    return HttpResponse(f"order {pk}", status=status)


class Required(Fetches):
    requires_object = True

    def get(self, request, pk):
        return HttpResponse(f"order {pk}")


enforcing.requires_object = aenforcing.requires_object = unasked.requires_object = True  # type: ignore[attr-defined]

#: views that send an order to its owner alone: name, view
OWNED = {
    "show": Show.as_view(),
    "last": Last.as_view(),
    "own": Own.as_view(),
    "decorated": Decorated.as_view(),
    "aside": Aside.as_view(),
    "ahead": Ahead.as_view(),
    "named": Named.as_view(),
    "early": Early.as_view(),
    "twice": Twice.as_view(),
    "enforcing": enforcing,
    "aenforcing": aenforcing,
}

urlpatterns = [
    *(path(f"{name}/<int:pk>/", view, name=name) for name, view in OWNED.items()),
    path("or-admin/<int:pk>/", OrAdmin.as_view()),
    path("overriding/<int:pk>/", Overriding.as_view()),
    path("by-role/<int:pk>/", ByRole.as_view()),
    path("role-last/<int:pk>/", RoleLast.as_view()),
    path("hidden/<int:pk>/", Show.as_view(on_deny="not_found"), name="hidden"),
    path("ahidden/<int:pk>/", Aside.as_view(on_deny="not_found")),
    path("upgrade/<int:pk>/", Show.as_view(redirect_to="/plans/")),
    path("login-url/<int:pk>/", Show.as_view(login_url="/special/")),
    path("program/<int:pk>/", Show.as_view(api=True)),
    path("forgetful/<int:pk>/", Forgetful.as_view()),
    path("aforgetful/<int:pk>/", AForgetful.as_view()),
    path("empty/<int:pk>/", Empty.as_view()),
    path("unasked/<int:pk>/", unasked),
    path("required/<int:pk>/", Required.as_view()),
    path("given/<int:pk>/", Fetches.as_view()),
    path("group/<int:pk>/", ShowGroup.as_view()),
    path("group/<int:pk>/edit/", EditGroup.as_view()),
    path("group/<int:pk>/delete/", DeleteGroup.as_view()),
    path("plans/", lambda request: HttpResponse("plans")),
    path("special/", lambda request: HttpResponse("log in")),
    path("login/", lambda request: HttpResponse("log in"), name="login"),
    path("", lambda request: HttpResponse("home")),
]
