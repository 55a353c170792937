"""The check of requirements where an API framework expects a permission class or an auth function."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from django_sessionkit import Role

if find_spec("rest_framework") is None or find_spec("ninja") is None:
    pytest.skip("needs djangorestframework and django-ninja", allow_module_level=True)

from ninja import NinjaAPI
from rest_framework.views import APIView

from django_sessionkit.contrib.drf import Requires
from django_sessionkit.contrib.ninja import SessionAuth, answer_denials


def found(*urls):
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": urls})):
        return [(one.msg, one.hint) for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.E030"]


@pytest.mark.parametrize(
    ("classes", "count"),
    [([Role("a")], 1), ((Requires(Role("b")), Role("a")), 1), ([Requires(Role("a"))], 0), (Requires(Role("a")), 0)],
)
def test_the_permission_classes_of_a_view(classes, count):
    view = type("Page", (APIView,), {"permission_classes": classes, "__module__": "shop.views"})
    messages = found(path("page/", view.as_view()), path("again/", view.as_view()), path("f/", lambda request: None))
    message = "shop.views.Page.permission_classes: has Role('a'), which the framework cannot call. Every request fails."
    hint = "Write Requires(Role('a')). Import it from django_sessionkit.contrib.drf."
    assert messages == [(message, hint)] * count


@pytest.mark.parametrize(
    ("auth", "count"), [(Role("a"), 1), ([SessionAuth(), Role("a")], 1), (SessionAuth(Role("a")), 0), (None, 0)]
)
def test_the_auth_of_an_operation(auth, count):
    def page(request):
        return HttpResponse("page")

    page.__module__, page.__qualname__ = "shop.api", "page"
    api = NinjaAPI(urls_namespace=f"bare-{id(page)}", docs_url=None)
    api.get("page/", auth=auth)(page)
    answer_denials(api)
    message = "auth of shop.api.page: has Role('a'), which the framework cannot call. Every request fails."
    hint = "Write auth=SessionAuth(Role('a')). Import it from django_sessionkit.contrib.ninja."
    assert found(path("api/", api.urls)) == [(message, hint)] * count
