"""The bridge with django-hijack: who acts is in the session, for as long as it lasts. Through Django's client."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.contrib.auth import SESSION_KEY, get_user, login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sessions.backends import cache as cache_sessions
from django.http import HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from support.manual.project import keep_receivers

from django_sessionkit import (
    Authenticated,
    Impersonated,
    Recent,
    evaluate,
    get_session,
    regenerate_session,
    revoke_sessions,
    signals,
    validate_session,
)
from django_sessionkit.decorators import require
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.loader import context_for, current_loader

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(find_spec("hijack") is None, reason="needs django-hijack"),
    pytest.mark.urls(__name__),
]
OWN_MEANS = Authenticated() & ~Impersonated()


def who(request):
    session = get_session()
    return JsonResponse(
        {
            "user": session and session.user_id,
            "actor": session and session.actor,
            "act": session and session.get("act"),
            "auth_time": session and session.auth_time,
            "recent": evaluate(Recent(600)).allowed,
            "hijacked": getattr(request.user, "is_hijacked", False),
        }
    )


@require(OWN_MEANS)
def pay(request):
    return HttpResponse("paid")


urlpatterns = [path("who/", who), path("pay/", pay)]
if find_spec("hijack") is not None:
    urlpatterns.append(path("hijack/", include("hijack.urls")))


@pytest.fixture(autouse=True)
def project(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "hijack", "django_sessionkit.contrib.auth.AuthBridge"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "hijack.middleware.HijackUserMiddleware"]
    settings.SESSIONKIT_PROTECT = [{"pattern": "/hijack/**", "authenticated": True}]
    settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = "/who/"
    sent = import_module("hijack.signals")
    with ExitStack() as stack:
        kept = (sent.hijack_started, sent.hijack_ended)
        keep_receivers(stack, user_logged_in, user_logged_out, user_login_failed, *kept)
        yield settings


@pytest.fixture
def people():
    return [User.objects.create_user(name, is_superuser=name != "cid", is_staff=True) for name in ("ann", "bob", "cid")]


def acquire(client, user):
    response = client.post("/hijack/acquire/", {"user_pk": user.pk, "next": "/who/"})
    assert response.status_code == 302, response.content
    return client.get("/who/").json()


def release(client):
    assert client.post("/hijack/release/", {"next": "/who/"}).status_code == 302
    return client.get("/who/").json()


def test_who_acts_is_in_the_session_until_the_release(people):
    ann, _, cid = people
    client = Client()
    client.force_login(ann)
    before = client.get("/who/").json()
    assert (before["user"], before["actor"], before["hijacked"]) == (str(ann.pk), None, False)
    assert client.get("/pay/").status_code == 200
    key = client.session.session_key
    found = acquire(client, cid)
    assert (found["user"], found["actor"], found["hijacked"]) == (str(cid.pk), str(ann.pk), True)
    assert client.get("/pay/").status_code == 403
    assert client.session.session_key != key
    after = release(client)
    assert after == before
    assert client.get("/pay/").status_code == 200


def test_chains_begin_with_the_user_who_logged_in(people):
    ann, bob, cid = (str(one.pk) for one in people)
    client = Client()
    client.force_login(people[0])
    acquire(client, people[1])
    assert acquire(client, people[2])["act"] == {"user_id": ann, "act": {"user_id": bob}}
    found = release(client)
    assert (found["user"], found["act"]) == (bob, {"user_id": ann})
    assert release(client)["act"] is None
    assert cid


def test_a_long_chain_keeps_the_first_and_the_last(people):
    client = Client()
    client.force_login(people[0])
    acquire(client, people[2])
    session = client.session
    session["hijack_history"] = list("1234567")
    del session["__session__"]
    session.save()
    found = client.get("/who/").json()
    chain = []
    act = found["act"]
    while act:
        chain.append(act["user_id"])
        act = act.get("act")
    assert chain == list("14567")


def test_nobody_becomes_a_recent_login_by_acting(people):
    client = Client()
    client.force_login(people[0])
    session = client.session
    session["__session__"] = {**session["__session__"], "auth_time": 1000, "amr": ["otp"]}
    session.save()
    found = acquire(client, people[2])
    assert (found["auth_time"], found["recent"]) == (1000, False)
    assert client.session["__session__"]["amr"] == ["otp"]
    assert release(client)["auth_time"] == 1000


def test_without_a_known_login_there_is_no_time(people, settings):
    settings.SESSIONKIT_PROTECT = []
    client = Client()
    client.force_login(people[0])
    found = acquire(client, people[2])
    assert (found["actor"], found["auth_time"], found["recent"]) == (str(people[0].pk), None, False)


def test_a_lost_dict_does_not_turn_the_actor_into_the_user(people):
    ann, _, cid = people
    client = Client()
    client.force_login(ann)
    acquire(client, cid)
    session = client.session
    del session["__session__"]
    session.save()
    found = client.get("/who/").json()
    assert (found["user"], found["actor"]) == (str(cid.pk), str(ann.pk))


def test_a_renewed_dict_does_not_either(people, settings):
    settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    ann, _, cid = people
    client = Client()
    client.force_login(ann)
    acquire(client, cid)
    revoke_sessions(str(cid.pk))
    found = client.get("/who/").json()
    assert (found["user"], found["actor"]) == (str(cid.pk), str(ann.pk))
    revoke_sessions(str(cid.pk), refresh=False)
    assert client.get("/who/").json()["user"] is None


def test_the_signals_and_the_log_know_the_actor(people, caplog):
    ann, _, cid = people
    client = Client()
    client.force_login(ann)
    seen, changes = [], []

    def receiver(signal, request, user, actor, changed=None, **kwargs):
        seen.append((user, actor))
        changes.append((request.path, changed))

    signals.session_updated.connect(receiver)
    signals.access_denied.connect(receiver)
    try:
        acquire(client, cid)
        with caplog.at_level("DEBUG", "django_sessionkit"):
            client.get("/pay/")
    finally:
        signals.session_updated.disconnect(receiver)
        signals.access_denied.disconnect(receiver)
    pair = digest(cid), digest(ann)
    assert seen == [pair, pair]
    assert changes == [("/hijack/acquire/", ("act",)), ("/pay/", None)]
    lines = [one.getMessage() for one in caplog.records]
    assert any(line.startswith("access denied") and line.endswith(" user={} actor={}".format(*pair)) for line in lines)
    assert any(line.startswith("denied: ") and line.endswith(f" actor={pair[1]}") for line in lines)


def digest(user):
    return user_digest(validate_session({"user_id": str(user.pk)}))


@pytest.mark.parametrize("has_context", [False, True])
def test_it_also_works_outside_of_the_middleware_and_in_a_tenant(people, has_context, settings):
    settings.SESSIONKIT_TENANT = lambda request: "acme"
    ann, _, cid = people
    request = signed_in(cid, [ann.pk])
    if has_context:
        request.sessionkit = SessionContext(current_loader(), request)
    import_module("hijack.signals").hijack_started.send(None, request=request, hijacker=ann, hijacked=cid)
    assert request.session["__session__"]["act"] == {"user_id": str(ann.pk)}
    if has_context:
        session = request.sessionkit.get()
        assert (session.actor, session.tenant) == (str(ann.pk), "acme")


def test_the_login_stays_if_the_key_of_its_session_changes_at_the_same_moment(people):
    ann, _, cid = people
    request, moving = signed_in(cid, [ann.pk]), RequestFactory().get("/")
    request.session.save()
    moving.session = cache_sessions.SessionStore(request.session.session_key)
    moving.user = get_user(moving)
    assert context_for(moving).get().user_id == str(cid.pk)
    regenerate_session(moving)
    import_module("hijack.signals").hijack_started.send(None, request=request, hijacker=ann, hijacked=cid)
    request.session.save()
    kept = cache_sessions.SessionStore(request.session.session_key)
    assert (kept[SESSION_KEY], kept["__session__"]["act"]) == (str(cid.pk), {"user_id": str(ann.pk)})


def signed_in(user, history):
    """Return a request without a middleware, after what django-hijack does before it sends its signal."""
    request = RequestFactory().get("/")
    request.session, request.user = cache_sessions.SessionStore(), user
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    request.session["hijack_history"] = history
    return request


def test_a_user_without_a_session_stays_without_one(people, settings):
    settings.SESSIONKIT_LIMITS = {"user_id_length": 1}
    cid = User.objects.create_user("dan", id=12345)
    client = Client()
    client.force_login(people[0])
    assert acquire(client, cid)["user"] is None


def test_without_the_package_nothing_is_read(people, settings):
    settings.INSTALLED_APPS = [one for one in settings.INSTALLED_APPS if one != "hijack"]
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "hijack" not in one]
    client = Client()
    session = client.session
    session["hijack_history"] = ["1"]
    session.save()
    client.force_login(people[2])
    assert client.get("/who/").json()["actor"] is None
