"""The admin of the shop."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest, HttpResponse

from django_sessionkit import Permission as Needs
from django_sessionkit import Role
from django_sessionkit.contrib.admin import RequireModelAdminMixin, SessionKitAdminSite

site = SessionKitAdminSite(Role("clerk"), "desk", allow_without_user=True)


class DeskSite(SessionKitAdminSite):
    requirement = Role("clerk") | Role("boss")
    allow_without_user = False

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and request.is_secure()

    def get_urls(self) -> list[Any]:
        self.admin_view(figures)
        return super().get_urls()


def figures(request: HttpRequest) -> HttpResponse:
    return HttpResponse("figures")


class Lines(RequireModelAdminMixin, admin.TabularInline[Permission, Group]):
    model = Permission
    requirements = {"view": Role("clerk")}


@admin.register(Group, site=site)
class Groups(RequireModelAdminMixin, admin.ModelAdmin[Group]):
    inlines = [Lines]
    requirements = {"view": Role("clerk"), "change": Role("boss") & ~Needs("groups:read-only")}

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name != "boss")
