"""What decides about a request to a route, apart from its view."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path

from django_sessionkit import Authenticated, Role
from django_sessionkit.decorators import public
from django_sessionkit.matrix.deciders import deciders_of
from django_sessionkit.matrix.route_paths import request_for
from django_sessionkit.urlconf.inventory import list_routes

EDITORS = {"name": "editors", "pattern": "/page", "role": "editor"}


def page(request):
    return HttpResponse("page")


@pytest.mark.parametrize(
    ("settings_", "labels", "requirements"),
    [
        ({}, (), []),
        ({"SESSIONKIT_PROTECT": [EDITORS]}, ("editors",), [Role("editor")]),
        ({"SESSIONKIT_PROTECT": [{"name": "open", "pattern": "/page", "public": True}, EDITORS]}, ("open",), []),
        ({"SESSIONKIT_PROTECT": [EDITORS], "SESSIONKIT_LOGIN_URL": "/page/"}, ("login page", "editors"), []),
        ({"SESSIONKIT_GLOBAL_PROTECT": True}, ("SESSIONKIT_GLOBAL_PROTECT",), [Authenticated()]),
        ({"SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": ["/page"]}, ("SESSIONKIT_EXCLUDE",), []),
    ],
)
def test_rules_an_exemption_or_the_default(settings_, labels, requirements, settings):
    settings.ROOT_URLCONF = (path("page/", page, name="page"),)
    for name, value in settings_.items():
        setattr(settings, name, value)
    found = deciders_of(request_for(list_routes()[0], "GET", "/page/"))
    assert found.labels == labels
    assert [one for one, _ in found.requirements] == requirements


def test_a_mark_exempts_from_the_default(settings):
    settings.ROOT_URLCONF, settings.SESSIONKIT_GLOBAL_PROTECT = (path("page/", public(page)),), True
    assert deciders_of(request_for(list_routes()[0], "GET", "/page/")) == (("@public",), ())
