"""Admin sites for the tests: settings, tables, and model admins of Django's own models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.urls import path
from support.tables import tables

from django_sessionkit import Role
from django_sessionkit.contrib.admin import RequireModelAdminMixin

APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_sessionkit",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_sessionkit.middleware.SessionKitMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


@pytest.fixture(scope="module")
def admin_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The table of the history, which is not among those of the test site."""
    with tables("admin", APPS, django_db_blocker):
        yield


@pytest.fixture
def admin_settings(admin_tables: None, settings: Any) -> Any:
    settings.INSTALLED_APPS = APPS
    settings.MIDDLEWARE = MIDDLEWARE
    settings.TEMPLATES = TEMPLATES
    return settings


def login(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the login page")


def urls(*sites: admin.AdminSite) -> Any:
    """Return a URLconf with a login page and the admin sites, each under its name."""
    patterns = [path("login/", login, name="login"), *(path(f"{site.name}/", site.urls) for site in sites)]
    return type("urls", (), {"urlpatterns": patterns})


class PermissionLines(RequireModelAdminMixin, admin.TabularInline):
    """An inline with a foreign key to its parent."""

    model = Permission
    extra = 1
    requirements = {
        "view": Role("lines-view"),
        "add": Role("lines-add"),
        "change": Role("lines-change"),
        "delete": Role("lines-delete"),
    }


class GroupLines(RequireModelAdminMixin, admin.TabularInline):
    """An inline of the table that Django has made for a relation of many to many."""

    model = Group.permissions.through
    extra = 1
    requirements = {"view": Role("through-view"), "add": Role("through-add")}


@admin.action(permissions=["view"])
def export(modeladmin: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
    return HttpResponse(f"exported {queryset.count()}")


@admin.action(permissions=["publish"])
def publish(modeladmin: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
    return HttpResponse("published")


def rename(modeladmin: Any, request: HttpRequest, queryset: Any) -> None:
    queryset.update(model="renamed")


class Types(RequireModelAdminMixin, admin.ModelAdmin):
    search_fields = ["model"]
    ordering = ["pk"]
    inlines = [PermissionLines]
    actions = [export, publish, rename]
    list_display = ["app_label", "model"]
    list_editable = ["model"]
    requirements = {
        "view": Role("view"),
        "add": Role("add"),
        "change": Role("change"),
        "delete": Role("delete"),
    }

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request) and self.has_change_permission(request)


class Permissions(RequireModelAdminMixin, admin.ModelAdmin):
    autocomplete_fields = ["content_type"]
    inlines = [GroupLines]
    requirements = {"change": Role("change")}


def register(site: admin.AdminSite) -> admin.AdminSite:
    site.register(ContentType, Types)
    site.register(Permission, Permissions)
    return site
