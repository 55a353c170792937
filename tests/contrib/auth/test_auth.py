"""The bridge from django.contrib.auth, with real logins; also with django-axes, if installed."""

from __future__ import annotations

import re
from contextlib import ExitStack
from importlib import import_module, reload
from importlib.util import find_spec
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user, login, logout
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends import cache as cache_sessions
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import cache
from django.db import OperationalError
from django.db.models import UUIDField
from django.http import JsonResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.urls import include, path
from support.loops import async_to_sync
from support.manual.project import keep_receivers
from support.payload_canaries import CANARY
from support.sessions import abrowser, browser, sign_in, untimed

from django_sessionkit import conf, get_session, regenerate_session, signals
from django_sessionkit.contrib.auth import AuthBridge, AuthSource, users
from django_sessionkit.policy.decisions import REFUSED
from django_sessionkit.session.loader import context_for
from django_sessionkit.sources import SessionSource

pytestmark = pytest.mark.django_db

if find_spec("axes"):
    import_module(
        "axes.conf"
    )  # its defaults go into the settings that are active at its import, which must not be those of a test

BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"
DESK = {"pattern": "/page", "role": "editors"}


@pytest.fixture(autouse=True)
def project(settings):
    """A project with the bridge, which is one line in the settings."""
    settings.ROOT_URLCONF = "support.auth_urls"
    settings.SESSIONKIT_PROTECT = [DESK]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, BRIDGE]
    return settings


@pytest.fixture
def ann():
    user = User.objects.create_user("ann", f"{CANARY}@example.org", "anns")
    user.groups.add(Group.objects.create(name="writers"), Group.objects.create(name="editors"))
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    return user


@pytest.fixture
def bob():
    return User.objects.create_user("bob", password="bobs")


def placed(client):
    return client.session.get("__session__")


def logged_in(user, client=None):
    """Log in as before the bridge was installed: without a session dict."""
    client = client or browser()
    client.force_login(user)
    session = client.session
    session.pop("__session__")
    session.save()
    return client


def who(client):
    return client.get("/who/").json()["user_id"]


def awho(client):
    return async_to_sync(client.get)("/awho/").json()["user_id"]


VISITORS = pytest.mark.parametrize(("make", "ask"), [(browser, who), (abrowser, awho)], ids=["sync", "async"])


# Login and logout -----------------------------------------------------------------------------------------------------


def test_a_log_in_fills_the_dict(ann):
    client = browser()
    assert client.post("/enter/", {"username": "ann", "password": "anns"}).status_code == 302
    assert untimed(placed(client)) == {
        "user_id": str(ann.pk),
        "email": f"{CANARY}@example.org",
        "roles": ["editors", "writers"],
        "permissions": ["auth.view_user"],
    }
    assert client.get("/page/").status_code == 200


def test_a_log_in_by_await_fills_the_dict(ann):
    client = abrowser()
    assert async_to_sync(client.get)("/aenter/ann/").json() == {"user_id": str(ann.pk)}
    assert placed(client)["roles"] == ["editors", "writers"]
    assert async_to_sync(client.get)("/apage/").status_code == 200
    assert awho(client) == str(ann.pk)


def test_a_log_out_clears_it(ann):
    heard = []

    def hear(sender, **kwargs):
        heard.append(kwargs["user"])

    signals.session_cleared.connect(hear)
    try:
        client, aclient = browser(), abrowser()
        client.force_login(ann)
        assert client.post("/leave/").status_code == 302
        assert (placed(client), who(client), len(heard)) == (None, None, 1)
        aclient.force_login(ann)
        assert async_to_sync(aclient.get)("/aleave/").json() == {"session": None}
        assert (placed(aclient), awho(aclient), len(heard)) == (None, None, 2)
    finally:
        signals.session_cleared.disconnect(hear)


def two_requests(user):
    """Return two requests that have loaded the same session."""
    client = browser()
    client.force_login(user)
    found = RequestFactory().get("/"), RequestFactory().get("/")
    for request in found:
        request.session = cache_sessions.SessionStore(client.cookies["sessionid"].value)
        request.user = get_user(request)
        assert context_for(request).get()["user_id"] == str(user.pk)
    return found


@pytest.mark.parametrize("times", [1, 2])
def test_a_log_out_ends_a_session_whose_key_changes_at_the_same_moment(ann, times):
    leaving, moving = two_requests(ann)
    for _ in range(times):
        regenerate_session(moving)
    logout(leaving)
    assert leaving.session.is_empty()
    if times == 1:  # a logout that comes too late ends nothing, as in Django
        with pytest.raises(UpdateError):
            moving.session.save()


def test_a_log_in_stays_if_the_key_of_its_session_changes_at_the_same_moment(ann):
    """The same user logs in again, with other rights."""
    entering, moving = two_requests(ann)
    regenerate_session(moving)
    ann.groups.clear()
    login(entering, ann, BACKENDS[0])
    entering.session.save()  # under a third key, because the other request has taken the second
    kept = cache_sessions.SessionStore(entering.session.session_key)
    assert (kept[SESSION_KEY], kept["__session__"]["roles"]) == (str(ann.pk), [])


@pytest.mark.parametrize("make", [browser, abrowser])
def test_who_logs_in_again_with_other_rights_gets_another_key(ann, make):
    """Django's ``login()`` keeps the key in this case. A slow request must not save the old dict that it has read."""
    client = make()
    again = (lambda: client.force_login(ann)) if make is browser else (lambda: async_to_sync(client.aforce_login)(ann))
    again()
    key = client.session.session_key
    again()
    assert client.session.session_key == key
    slow = client.session
    assert slow["__session__"]["roles"] == ["editors", "writers"]
    ann.groups.clear()
    again()
    assert client.session.session_key != key
    assert placed(client)["roles"] == []
    with pytest.raises(UpdateError):
        slow.save()
    assert placed(client)["roles"] == []


def test_somebody_else_may_log_in_during_a_request(ann, bob):
    client = browser()
    client.force_login(ann)
    assert client.get("/switch/").json() == {"before": str(ann.pk), "after": str(bob.pk)}
    assert placed(client)["roles"] == []
    assert client.get("/page/").status_code == 403


def test_a_log_in_that_no_session_keeps_fills_none(ann):
    bare, of_a_token = RequestFactory().get("/"), RequestFactory().get("/")
    of_a_token.session = browser().session
    for request in (None, bare, of_a_token):
        user_logged_in.send(User, request=request, user=ann)
        user_logged_out.send(User, request=request, user=ann)
    assert dict(of_a_token.session.items()) == {}


# A login from before the bridge ---------------------------------------------------------------------------------------


@VISITORS
def test_an_existing_log_in_is_filled_on_first_need(make, ask, ann):
    client = logged_in(ann, make())
    key = client.session.session_key
    assert ask(client) == str(ann.pk)
    assert placed(client)["roles"] == ["editors", "writers"]
    assert client.session.session_key == key


@VISITORS
def test_the_ttl_holds_for_it_too(make, ask, ann, project):
    client = logged_in(ann, make())
    project.SESSIONKIT_SESSION_TTL = 90
    ask(client)
    assert client.session.get_expiry_age() == 90


def test_where_nobody_asks_there_is_no_query_and_no_user(ann, django_assert_num_queries):
    client = logged_in(ann)
    with django_assert_num_queries(0):
        response = client.get("/open/")
    assert not response.has_header("Vary")
    assert placed(client) is None


def test_whoever_asks_pays_for_the_user_once(ann, django_assert_num_queries):
    client = browser()
    client.force_login(ann)
    with django_assert_num_queries(1):
        client.get("/page/")
    with django_assert_num_queries(0):
        assert browser().get("/page/").status_code == 302


# Django's login counts ------------------------------------------------------------------------------------------------


@VISITORS
def test_a_changed_password_ends_it(make, ask, ann):
    client = make()
    client.force_login(ann)
    assert ask(client) == str(ann.pk)
    ann.set_password("another")
    ann.save()
    assert ask(client) is None
    assert placed(client) is None


def test_who_changes_the_own_password_stays(ann):
    here, there = browser(), browser()
    for client in (here, there):
        client.force_login(ann)
    assert here.get("/change-password/").content.decode() == str(ann.pk)
    assert (who(here), who(there)) == (str(ann.pk), None)


BACKENDS = ["django.contrib.auth.backends.ModelBackend", "django.contrib.auth.backends.AllowAllUsersModelBackend"]


@VISITORS
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_deactivated_user_has_no_session_until_active_again(make, ask, backend, ann, project):
    project.AUTHENTICATION_BACKENDS = BACKENDS
    client = make()
    client.force_login(ann, backend)
    assert client.session[BACKEND_SESSION_KEY] == backend
    User.objects.update(is_active=False)
    assert ask(client) is None
    assert placed(client) is None
    User.objects.update(is_active=True)
    assert ask(client) == str(ann.pk)


@VISITORS
def test_a_dict_without_a_log_in_counts_as_none(make, ask, ann):
    client = make()
    session = client.session
    session["__session__"] = {"user_id": str(ann.pk), "role": "editors"}
    session["cart"] = ["book"]
    session.save()
    assert ask(client) is None
    assert dict(client.session.items()) == {"cart": ["book"]}


@VISITORS
def test_the_dict_of_somebody_else_is_exchanged(make, ask, ann, bob):
    client = make()
    client.force_login(bob)
    session = client.session
    session["__session__"] = {"user_id": str(ann.pk), "role": "admin", "plan": "premium"}
    session.save()
    assert ask(client) == str(bob.pk)
    assert untimed(placed(client)) == {"user_id": str(bob.pk), "email": "", "roles": [], "permissions": []}


@pytest.mark.parametrize("raw", [["no", "mapping"], {"role": "editors"}, {"user_id": 7}])
def test_a_malformed_dict_without_a_log_in_lets_nobody_in(raw):
    client = browser()
    session = client.session
    session["__session__"] = raw
    session.save()
    assert who(client) is None
    assert placed(client) is None


def test_a_change_in_the_request_is_seen_for_the_same_user_only(ann, bob):
    client = browser()
    client.force_login(ann)
    assert client.get(f"/disguise/{ann.pk}/").json() == {"role": "disguised"}
    assert client.get(f"/disguise/{bob.pk}/").json() == {"role": None}
    assert browser().get(f"/disguise/{bob.pk}/").json() == {"role": None}


def test_a_session_placed_by_hand_does_not_outlast_its_request():
    client = browser()
    assert client.get("/by-hand/").status_code == 200
    assert who(client) is None


def test_a_user_whom_a_token_has_proven_has_a_session_and_is_not_stored(ann):
    async def ask(request):
        async def auser():
            return ann

        request.auser = auser
        return await context_for(request).aget()

    for session in (None, browser().session):
        request, arequest = RequestFactory().get("/"), AsyncRequestFactory().get("/")
        request.user = ann
        if session is not None:
            request.session = arequest.session = session
        assert context_for(request).get().user_id == async_to_sync(ask)(arequest).user_id == str(ann.pk)
        assert session is None or dict(session.items()) == {}


def test_an_inactive_user_whom_a_token_has_proven_is_refused():
    for session in (None, browser().session):
        request = RequestFactory().get("/")
        request.user = User(pk=7, is_active=False)
        if session is not None:
            request.session = session
        context = context_for(request)
        assert (context.get(), context.fault.reason) == (None, REFUSED)


def test_a_dict_without_a_log_in_is_not_that_of_a_user_whom_a_token_has_proven(ann):
    request = RequestFactory().get("/")
    request.session, request.user = sign_in(browser(), {"user_id": str(ann.pk), "role": "admin"}).session, ann
    assert context_for(request).get().roles == ("editors", "writers")


def test_a_user_who_is_not_exactly_authenticated_is_nobody(ann):
    client = browser()
    client.force_login(ann)
    request = RequestFactory().get("/")
    request.session = client.session
    request.user = SimpleNamespace(pk=ann.pk, is_authenticated=lambda: False, is_active=True)
    assert context_for(request).get() is None


def test_a_request_without_the_middleware_of_auth(ann):
    bare, abare = RequestFactory().get("/"), AsyncRequestFactory().get("/")
    context, acontext = context_for(bare), context_for(abare)
    assert (context.get(), context.fault) == (None, None)
    assert (async_to_sync(acontext.aget)(), acontext.fault) == (None, None)
    client = browser()
    client.force_login(ann)
    bare, abare = RequestFactory().get("/"), AsyncRequestFactory().get("/")
    bare.session, abare.session = client.session, client.session
    assert context_for(bare).get().user_id == str(ann.pk)
    assert async_to_sync(context_for(abare).aget)().user_id == str(ann.pk)


# The content of the dict ----------------------------------------------------------------------------------------------


@VISITORS
def test_too_many_permissions_give_no_session_and_a_line_in_the_log(make, ask, ann, project, caplog):
    project.SESSIONKIT_LIMITS = {"permissions_count": 2}
    client = make()
    client.force_login(ann)
    ann.user_permissions.set(Permission.objects.all())
    assert ask(client) == str(ann.pk)  # the dict is from before
    root = make()
    root.force_login(User.objects.get())
    assert placed(root) is None
    assert "contrib.auth login without a session: field=permissions reason=" in caplog.text
    hint = "; change what AuthBridge.session_of() returns, or set SESSIONKIT_LIMITS ("
    assert caplog.text.count(hint) == caplog.text.count("login without a session")
    caplog.clear()
    assert ask(root) is None
    assert placed(root) is None
    assert "contrib.auth login without a session: field=permissions reason=" in caplog.text
    assert SESSION_KEY in root.session  # still logged in to Django
    client.force_login(User.objects.get())
    assert placed(client) is None  # the old one does not stay either


# Users who are logged in to Django but have no session ----------------------------------------------------------------


def visits(client, path="/page/", **headers):
    """Return the status and the redirect target."""
    get = client.get if type(client) is type(browser()) else async_to_sync(client.get)
    answer = get(path, headers=headers)
    return answer.status_code, answer.get("Location")


def too_many_permissions(user, settings):
    settings.SESSIONKIT_LIMITS = {"permissions_count": 1}
    user.user_permissions.set(Permission.objects.all())


def too_long_a_group(user, settings):
    settings.SESSIONKIT_LIMITS = {"role_length": 5}


def inactive(user, settings):
    settings.AUTHENTICATION_BACKENDS = [BACKENDS[1]]
    User.objects.update(is_active=False)


def refused_by_the_validator(user, settings):
    settings.SESSIONKIT_SESSION_VALIDATOR = f"{__name__}.refuses"


def refuses(data):
    raise ValueError(CANARY)


REFUSALS = {
    too_many_permissions: (
        "permissions",
        "AuthBridge.session_of() returns, or set SESSIONKIT_LIMITS (permission_length",
    ),
    too_long_a_group: ("roles", "AuthBridge.session_of() returns, or set SESSIONKIT_LIMITS (role_length"),
    inactive: ("session", "reason=is of a user who is not active; use ModelBackend in AUTHENTICATION_BACKENDS"),
    refused_by_the_validator: ("custom", "SESSIONKIT_SESSION_VALIDATOR"),
}


@pytest.mark.parametrize("versions", [None, "django_sessionkit.versions.cached_version"])
@pytest.mark.parametrize("spoil", REFUSALS)
@VISITORS
def test_a_login_that_gives_no_valid_session_is_refused_and_never_sent_round(
    make, ask, spoil, versions, ann, project, caplog
):
    project.SESSIONKIT_VERSION = versions
    spoil(ann, project)
    client = make()
    client.force_login(User.objects.get(), project.AUTHENTICATION_BACKENDS[0])
    assert placed(client) is None
    field, fix = REFUSALS[spoil]
    begin = f"contrib.auth login without a session: field={field} reason="
    refused = [line for line in caplog.messages if "without a session" in line]
    assert spoil is inactive or refused
    assert all(line.startswith(begin) for line in refused)
    caplog.clear()
    assert visits(client) == (403, None)
    assert visits(client, **{"hx-request": "true"}) == (403, None)
    assert visits(client, accept="application/json") == (403, None)
    assert any(line.startswith(begin) for line in caplog.messages)
    assert fix in caplog.text
    assert CANARY not in caplog.text
    assert ask(client) is None
    assert visits(client, "/open/") == (200, None)
    assert SESSION_KEY in client.session


def test_a_user_without_a_login_goes_to_the_login_page_as_before(ann):
    assert visits(browser()) == (302, "/login/?next=/page/")
    client = browser()
    client.force_login(ann)
    User.objects.all().delete()
    assert visits(client) == (302, "/login/?next=/page/")


@pytest.mark.parametrize("address", ["no address", "a@" + "b" * 320, "a@b\n", 7, b"a@b"])
@VISITORS
def test_a_faulty_address_is_left_out_and_the_session_stays(make, ask, address, ann, monkeypatch, caplog):
    plain = AuthBridge.session_of
    monkeypatch.setattr(AuthBridge, "session_of", lambda self, user: {**plain(self, user), "email": address})
    client = make()
    client.force_login(ann)
    assert "email" not in placed(client)
    assert ask(client) == str(ann.pk)
    assert visits(client) == (200, None)
    assert re.search(r"e-mail address left out of a session: (must|has) ", caplog.text)
    assert address == 7 or str(address) not in caplog.text


@VISITORS
def test_an_address_without_an_at_sign_in_the_database(make, ask, ann):
    User.objects.update(email="ann")
    client = make()
    client.force_login(User.objects.get())
    assert visits(client) == (200, None)


def test_the_longest_names_of_django_are_no_hindrance(ann):
    group = Group.objects.create(name="g" * 150)
    kind = ContentType.objects.create(app_label="a" * 100, model="m" * 100)
    permission = Permission.objects.create(name="n", content_type=kind, codename="c" * 100)
    ann.groups.add(group)
    ann.user_permissions.add(permission)
    client = browser()
    client.force_login(User.objects.get())
    assert visits(client) == (200, None)
    assert group.name in placed(client)["roles"]
    assert f"{kind.app_label}.{permission.codename}" in placed(client)["permissions"]


@VISITORS
def test_while_the_rights_of_a_user_cannot_be_read_the_login_stays(make, ask, ann, project, monkeypatch):
    client = logged_in(ann, make())

    def down(self, user):
        raise OperationalError(CANARY)

    with monkeypatch.context() as patch:
        patch.setattr(AuthBridge, "session_of", down)
        assert visits(client) == (503, None)
        assert SESSION_KEY in client.session
    assert visits(client) == (200, None)


# A token beside a cookie ----------------------------------------------------------------------------------------------


def give_back(request, how):
    """The logout of a token, as knox reports it. The login of the browser is independent of it."""
    if how == "exchanged":
        request.user = User.objects.get(pk=request.user.pk)
    elif how == "another":
        request.user = User.objects.get(username="bob")
    get_session()
    user_logged_out.send(sender=User, request=request, user=request.user)
    return JsonResponse({"session": get_session() is not None})


@pytest.mark.parametrize("versions", [None, "django_sessionkit.versions.cached_version"])
@pytest.mark.parametrize("how", ["exchanged", "untouched", "another"])
@VISITORS
def test_a_token_that_is_given_back_leaves_the_login_of_the_browser_alone(make, ask, how, versions, ann, bob, project):
    project.SESSIONKIT_VERSION = versions
    project.ROOT_URLCONF = type(
        "urls",
        (),
        {"urlpatterns": [path("give-back/<how>/", give_back), path("", include("support.auth_urls"))]},
    )
    client = make()
    client.force_login(ann)
    before = dict(client.session.items())
    get = client.get if make is browser else async_to_sync(client.get)
    assert get(f"/give-back/{how}/").json() == {"session": how != "another"}
    assert dict(client.session.items()) == before
    assert visits(client) == (200, None)
    assert ask(client) == str(ann.pk)


def test_a_source_that_keeps_its_dict_elsewhere_is_cleared_when_django_logs_out(ann, project):
    kept = {}

    class Own(SessionSource):
        def read(self, request):
            return kept.get("dict")

        def write(self, request, data):
            kept["dict"] = data

        def remove(self, request):
            kept.pop("dict", None)

        def end(self, request):
            raise AssertionError("Django has logged out already")

        def rotate(self, request, *, empty_for=None):
            pass

        def expire_in(self, request, seconds):
            pass

    project.SESSIONKIT_SOURCE = Own()
    client = browser()
    client.force_login(ann)
    assert kept["dict"]["user_id"] == str(ann.pk)
    client.logout()
    client.force_login(ann)
    client.post("/leave/")
    assert kept == {}


class WithPlan(AuthBridge):
    """A session builder as a project may write it."""

    def session_of(self, user):
        return {**super().session_of(user), "user_id": "another", "plan": "premium"}


def test_a_subclass_adds_fields_and_cannot_change_whose_they_are(ann, project):
    project.INSTALLED_APPS = [*project.INSTALLED_APPS[:-1], f"{__name__}.WithPlan"]
    client = browser()
    client.force_login(ann)
    assert (placed(client)["user_id"], placed(client)["plan"]) == (str(ann.pk), "premium")
    filled = logged_in(ann)
    assert who(filled) == str(ann.pk)
    assert placed(filled)["plan"] == "premium"


def test_a_user_is_found_by_the_login_name_or_else_by_the_primary_key(ann, bob):
    bridge = bridge_of()
    seven = User.objects.create_user(str(ann.pk))  # the login name counts first
    for name, user in (("bob", bob), (str(bob.pk), bob), (str(ann.pk), seven)):
        assert bridge.sessionkit_dict_of(name)["user_id"] == str(user.pk)
    for unknown in ("eve", "0", "9" * 30):
        with pytest.raises(LookupError, match=f'^no user has the login name or the primary key "{unknown}"$'):
            bridge.sessionkit_dict_of(unknown)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert bridge.sessionkit_dict_of("bob") is None


def test_a_text_that_the_primary_key_refuses_is_an_unknown_user(monkeypatch):
    """Such as a UUID, whose field raises another error than a number."""
    model = SimpleNamespace(USERNAME_FIELD="username", _default_manager=SimpleNamespace(filter=only_uuids))
    monkeypatch.setattr(users, "get_user_model", lambda: model)
    with pytest.raises(LookupError, match=r'^no user has the login name or the primary key "eve"$'):
        users.find_user("eve")
    assert users.find_user(str(UUID(int=1))) == UUID(int=1)


def only_uuids(username=None, pk=None):
    found = None if pk is None else UUIDField().to_python(pk)
    return SimpleNamespace(first=lambda: found)


def test_a_user_model_without_groups_and_permissions():
    user, bridge = SimpleNamespace(pk=7, mail="", get_email_field_name=lambda: "mail"), bridge_of()
    found = {"user_id": "7", "email": "", "roles": [], "permissions": []}
    assert bridge.session_of(user) == bridge.dict_of(user) == found
    assert bridge.dict_of(SimpleNamespace(pk=7)) == found | {"email": None}


def test_an_address_is_checked_by_itself_whatever_the_limit_of_other_fields(project):
    project.SESSIONKIT_LIMITS = {"user_id_length": 1}
    user = SimpleNamespace(pk=7, mail="ann@example.org", get_email_field_name=lambda: "mail")
    assert bridge_of().dict_of(user)["email"] == "ann@example.org"


def test_the_dict_is_made_of_the_user_that_the_backend_has_returned(ann, monkeypatch):
    """A backend may put what it knows on this object. Without versions, it is not read again."""
    seen = []
    monkeypatch.setattr(AuthBridge, "session_of", lambda self, user: seen.append(user) or {})
    request = RequestFactory().get("/")
    request.session = browser().session
    login(request, ann, BACKENDS[0])
    assert [one is ann for one in seen] == [True]


def bridge_of():
    return apps.get_app_config("sessionkit_auth")


# Enabling and disabling the bridge ------------------------------------------------------------------------------------


def test_the_bridge_brings_its_source_unless_the_settings_name_one(project):
    assert isinstance(conf.current().source, AuthSource)
    project.SESSIONKIT_SOURCE = conf.DEFAULT_SOURCE
    assert type(conf.current().source).__name__ == "DjangoSessionSource"


def test_settings_that_were_read_before_the_apps_are_read_again(project):
    project.SESSIONKIT_SOURCE = conf.DEFAULT_SOURCE
    early = conf.current()
    del project.SESSIONKIT_SOURCE
    conf.latest = early
    apps.get_app_config("sessionkit_auth").ready()
    assert isinstance(conf.current().source, AuthSource)


def test_a_bridge_that_is_not_installed_does_nothing(ann, project):
    project.INSTALLED_APPS = project.INSTALLED_APPS[:-1]
    client = browser()
    client.force_login(ann)
    assert placed(client) is None
    assert who(client) is None
    request = RequestFactory().get("/")
    request.session = sign_in(browser()).session
    user_logged_out.send(User, request=request, user=ann)
    assert "__session__" in request.session


def test_the_package_of_the_bridge_in_the_list_of_apps_is_the_bridge(ann, project):
    project.INSTALLED_APPS = [*project.INSTALLED_APPS[:-1], "django_sessionkit.contrib.auth"]
    assert isinstance(apps.get_app_config("sessionkit_auth"), AuthBridge)
    client = browser()
    client.force_login(ann)
    assert who(client) == str(ann.pk)


def test_an_app_that_only_imports_the_bridge_does_not_become_it():
    assert AuthBridge.default is WithPlan.default is False


# Other apps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def receivers():
    """Disconnect the receivers that other apps connect."""
    with ExitStack() as stack:
        keep_receivers(stack, user_logged_in, user_logged_out, user_login_failed)
        yield


@pytest.mark.skipif(find_spec("axes") is None, reason="needs django-axes")
def test_django_axes_locks_and_lets_in(ann, project, receivers):
    project.INSTALLED_APPS = [*project.INSTALLED_APPS, "axes"]
    reload(import_module("axes.signals"))  # connects its receivers again, if an earlier test has disconnected them
    project.AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", BACKENDS[0]]
    project.MIDDLEWARE = [*project.MIDDLEWARE, "axes.middleware.AxesMiddleware"]
    project.AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
    project.AXES_FAILURE_LIMIT = 3
    cache.clear()
    client = browser()
    assert client.post("/enter/", {"username": "ann", "password": "anns"}).status_code == 302
    assert who(client) == str(ann.pk)
    tries = [browser().post("/enter/", {"username": "ann", "password": "wrong"}).status_code for _ in range(3)]
    assert tries[-1] == 429
    assert browser().post("/enter/", {"username": "ann", "password": "anns"}).status_code == 429
    assert who(client) == str(ann.pk)
