"""The check of ``conftest.py`` for leaked session values works, for each way in which a value may leak."""

from __future__ import annotations

import logging

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from support.payload_canaries import CANARY
from support.sessions import HTML, JSON, READER, abrowser, browser, sign_in

from django_sessionkit import InvalidSession, evaluate, use_session
from django_sessionkit.decorators import require_role
from django_sessionkit.requirements import Allow, Role


def test_the_net_catches(canary_net):
    logging.getLogger("some.library").warning("user %s", {"secret": CANARY})
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    canary_net.look_at(HttpResponse(f"hello {CANARY}"))
    canary_net.look_at(HttpResponse(headers={"X-User": CANARY}))
    assert canary_net.caught == ["log record of some.library"] * 2 + ["response 200"] * 2
    canary_net.caught.clear()


def quoting(session):
    raise ValueError(f"bad value {dict(session)}")


def answering(session):
    return dict(session)


@require_role("admin")
def guarded(request):
    return HttpResponse()


def handler403(request, exception):
    return HttpResponse(f"{exception} {exception.decision} {exception.decision!r}", status=403)


urlpatterns = [path("guarded/", guarded), path("quoting/", guarded), path("answering/", guarded)]

RULES = [
    {"pattern": "/quoting", "allow": quoting},
    {"pattern": "/answering", "allow": answering},
    {"pattern": "/guarded", "role": "admin"},
]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("headers", [HTML, JSON, {**HTML, "hx-request": "true"}])
@pytest.mark.parametrize("url", ["/quoting/", "/answering/", "/guarded/"])
def test_no_denial_quotes_the_session(url, headers, debug, caplog):
    with (
        caplog.at_level(logging.DEBUG),
        override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=RULES, DEBUG=debug),
    ):
        assert browser(READER).get(url, headers=headers).status_code == 403
        assert async_to_sync(abrowser(READER).get)(url, headers=headers).status_code == 403
    assert "denied" in caplog.text


BAD = [
    {"user_id": f"{CANARY}\n"},
    {"user_id": "1", "email": CANARY},
    {"user_id": "1", "roles": CANARY},
    {"user_id": "1", "permissions": [CANARY * 50]},
    {"user_id": "1", CANARY: object()},
    {CANARY: CANARY},
]


@pytest.mark.parametrize("data", BAD)
def test_no_rejection_quotes_the_dict(data, caplog):
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(InvalidSession) as caught, use_session(data):
            pass
        if not any(isinstance(value, object) and type(value) is object for value in data.values()):
            assert sign_in(browser(), data).get("/who/").json() == {"user_id": None}
    assert CANARY not in f"{caught.value!r} {caught.value}"


def test_no_decision_quotes_the_session():
    with use_session(READER) as session:
        for requirement in (Role("admin"), Allow(quoting), Allow(answering), Allow(lambda session: session)):
            decision = evaluate(requirement)
            assert CANARY not in f"{decision} {decision!r}"
    assert CANARY not in f"{session!r} {session}"
