from __future__ import annotations

import logging

import pytest
from asgiref.sync import async_to_sync
from django.test import override_settings
from support.sessions import READER, abrowser, browser

from django_sessionkit import evaluate, signals, validate_session
from django_sessionkit.audit import user_digest
from django_sessionkit.requirements import Role

ADMIN_ONLY = override_settings(
    SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "role": "admin", "name": "the admin"}, {"view": "page", "role": "x"}]
)


@pytest.fixture
def denials():
    found = []

    def receiver(sender, signal, request, decision, status, user):
        found.append((request.path, decision.rule, decision.missing, status, user))

    async def areceiver(sender, signal, **kwargs):
        found.append("async")

    signals.access_denied.connect(receiver)
    signals.access_denied.connect(areceiver)
    yield found
    signals.access_denied.disconnect(receiver)
    signals.access_denied.disconnect(areceiver)


@ADMIN_ONLY
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_denial_is_announced(denials, kind):
    get = (lambda who: browser(who).get) if kind == "sync" else (lambda who: async_to_sync(abrowser(who).get))
    get(READER)("/admin/")
    get(None)("/page/")
    digest = user_digest(validate_session(READER))
    assert [one for one in denials if one != "async"] == [
        ("/admin/", "the admin", ("admin",), 403, digest),
        ("/page/", "SESSIONKIT_PROTECT[1]", (), 302, None),
    ]
    assert denials.count("async") == 2


@ADMIN_ONLY
def test_a_denial_is_logged_by_rule_route_and_digest(caplog):
    browser(READER).get("/admin/")
    browser(READER).get("/page/")
    lines = [record.getMessage() for record in caplog.records if record.name == "django_sessionkit.security"]
    digest = user_digest(validate_session(READER))
    assert lines == [
        f"access denied: rule={rule} reason=missing_role method=GET route={route} status=403 user={digest}"
        for rule, route in (("the admin", "None"), ("SESSIONKIT_PROTECT[1]", "page/"))
    ]


@ADMIN_ONLY
def test_every_decision_is_one_debug_line(caplog):
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        browser(READER).get("/admin/")
        browser({"user_id": "1", "role": "x"}).get("/page/")
        evaluate(Role("a"))
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    lines = [line for line in lines if line.startswith(("allowed", "denied"))]
    assert lines == [
        "denied: rule=the admin reason=missing_role requirement=Role('admin') method=GET route=None",
        "allowed: rule=SESSIONKIT_PROTECT[1] reason=granted requirement=Role('x') method=GET route=page/",
        "denied: rule=None reason=not_authenticated requirement=Role('a') method=None route=None",
    ]


def test_the_digest_tells_users_apart_and_depends_on_the_key():
    one, other = (validate_session({"user_id": user}) for user in "12")
    assert user_digest(one) == user_digest(one) != user_digest(other)
    assert user_digest(None) is None
    before = user_digest(one)
    with override_settings(SECRET_KEY="another"):
        assert user_digest(one) != before
