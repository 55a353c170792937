"""The system check of requirements for a tenant without a tenant."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.http import HttpResponse
from django.urls import path

from django_sessionkit import Role, Within
from django_sessionkit.checks.settings import SETTING_IDS
from django_sessionkit.decorators import require


@require(~Within(Role("editor")) | Role("admin"))
def view(request):
    return HttpResponse()


urlpatterns = [path("inside/", view), path("again/", view), path("editor/", view)]
pytestmark = pytest.mark.urls(__name__)


def found(*ids):
    return [one for one in run_checks() if one.id in ids]


def test_a_requirement_for_a_tenant_needs_the_setting(settings):
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/inside/", "role": "editor", "within": True, "name": "inside"},
        {"pattern": "/editor/", "role": "editor"},
    ]
    messages = found("sessionkit.E032")
    assert [one.msg.partition(" requires")[0] for one in messages] == ["inside", f"{__name__}.view"]
    settings.SESSIONKIT_TENANT = lambda request: None
    assert found("sessionkit.E032") == []
    settings.SESSIONKIT_TENANT = 5
    assert found("sessionkit.E032") == []
    assert found(*SETTING_IDS.values())[0].id == "sessionkit.E031"


def test_names_inside_are_checked_for_typos(settings):
    settings.SESSIONKIT_TENANT = lambda request: None
    settings.SESSIONKIT_ROLES = {"editro": {}, "admin": {}}
    (message,) = found("sessionkit.W005")
    assert '"editor"' in message.msg
