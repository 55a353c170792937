"""The bridge from django.contrib.auth on a site whose sessions have versions."""

from __future__ import annotations

import logging

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import SESSION_KEY, login
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpResponse, JsonResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.urls import include, path
from support.loops import async_to_sync
from support.sessions import abrowser, browser

from django_sessionkit import (
    aget_session,
    arevoke_sessions,
    clear_session,
    get_session,
    has_permission,
    revoke_sessions,
    validate_session,
)
from django_sessionkit.contrib.auth import AuthSource, refresh
from django_sessionkit.versions import CacheVersions

pytestmark = pytest.mark.django_db

DESK = {"pattern": ["/page", "/apage"], "role": "editors"}
BACKEND = "django.contrib.auth.backends.ModelBackend"


class Cache(LocMemCache):
    """A cache that can be made unavailable."""

    is_down = False

    def get(self, *args, **kwargs):
        if Cache.is_down:
            raise ConnectionError("no route to the cache")
        return super().get(*args, **kwargs)


def users(request):
    """Django's user, before and after the session is read."""
    before = request.user.is_authenticated
    session = get_session()
    return JsonResponse({"before": before, "session": session is not None, "after": request.user.is_authenticated})


async def ausers(request):
    before = (await request.auser()).is_authenticated
    session = await aget_session()
    after = (await request.auser()).is_authenticated
    return JsonResponse({"before": before, "session": session is not None, "after": after})


def again(request):
    """Log in again, with the content that the session has kept."""
    login(request, User.objects.get(username="ann"), BACKEND)
    return JsonResponse({"user_id": get_session() and get_session().user_id})


def as_read_before(request):
    """Log in with a user object that was read before the rights were revoked."""
    user = User.objects.get(username="ann")
    Race.meanwhile()
    login(request, user, BACKEND)
    return HttpResponse(str(has_permission("auth.delete_user")))


def as_another(request):
    """Read the session as another user, then log in as ann."""
    transient = get_session().user_id
    login(request, User.objects.get(username="ann"), BACKEND)
    return JsonResponse({"transient": transient, "own": get_session().user_id})


class Race:
    meanwhile = None


def overtaken(user_id):
    """Revoke the rights while the version is looked up."""
    Race.meanwhile()
    return Race.version


def clear(request):
    clear_session(request)
    return HttpResponse("cleared")


urlpatterns = [
    path("clear/", clear),
    path("as-another/", as_another),
    path("users/", users),
    path("ausers/", ausers),
    path("again/", again),
    path("as-read-before/", as_read_before),
    path("", include("support.auth_urls")),
]


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = [DESK]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sessions"},
        "versions": {"BACKEND": f"{__name__}.Cache", "LOCATION": "auth-versions"},
    }
    settings.SESSIONKIT_VERSION = CacheVersions("versions")
    LocMemCache("auth-versions", {}).clear()
    Cache.is_down, Race.meanwhile, Race.version = False, lambda: None, 1
    cache.clear()
    return settings


@pytest.fixture
def ann():
    user = User.objects.create_user("ann", "ann@example.org", "anns")
    user.groups.add(Group.objects.create(name="editors"))
    return user


class Sync:
    make, prefix = staticmethod(browser), ""

    def __init__(self, user):
        self.client = self.make()
        self.client.force_login(user)

    def get(self, name):
        return self.client.get(f"/{self.prefix}{name}/")

    def who(self):
        return self.get("who").json()["user_id"]


class Async(Sync):
    make, prefix = staticmethod(abrowser), "a"

    def get(self, name):
        return async_to_sync(self.client.get)(f"/{self.prefix}{name}/")


@pytest.fixture(params=[Sync, Async])
def caller(request):
    return request.param


def placed(who):
    return who.client.session.get("__session__")


def without_dict(who):
    session = who.client.session
    session.pop("__session__")
    session.save()
    return who


def test_a_demotion_is_there_at_once_and_the_log_in_goes_on(caller, ann):
    here, there = caller(ann), caller(ann)
    assert here.get("page").status_code == there.get("page").status_code == 200
    ann.groups.clear()
    assert here.get("page").status_code == 200
    revoke_sessions(str(ann.pk))
    assert [one.get("page").status_code for one in (here, there)] == [403, 403]
    assert [one.who() for one in (here, there)] == [str(ann.pk)] * 2
    assert placed(here)["roles"] == []


def test_to_sign_out_everywhere_ends_the_log_in_too(caller, ann):
    here, there = caller(ann), caller(ann)
    async_to_sync(arevoke_sessions)(str(ann.pk), refresh=False)
    for one in (here, there):
        assert one.get("users").json() == {"before": True, "session": False, "after": False}
        assert SESSION_KEY not in one.client.session
        assert one.who() is None
    here.client.force_login(ann)
    assert here.get("page").status_code == 200
    assert there.who() is None


def test_nobody_has_to_have_asked_django_who_it_is(caller, ann, project):
    project.MIDDLEWARE = [one for one in project.MIDDLEWARE if not one.endswith("AuthenticationMiddleware")]
    here = caller(ann)
    assert here.who() == str(ann.pk)
    revoke_sessions(str(ann.pk), refresh=False)
    assert here.who() is None
    assert SESSION_KEY not in here.client.session


@pytest.fixture
def adopting(project):
    """A site on which versions are new."""
    project.SESSIONKIT_VERSION = CacheVersions("versions", adopt_unversioned=True)


@pytest.mark.usefixtures("adopting")
def test_a_log_in_from_before_is_filled_unless_it_has_been_ended(caller, ann):
    here, there = without_dict(caller(ann)), without_dict(caller(ann))
    assert here.who() == str(ann.pk)
    assert placed(here)["__version__"] == str(CacheVersions("versions")(str(ann.pk)))
    revoke_sessions(str(ann.pk), refresh=False)
    assert there.get("users").json() == {"before": True, "session": False, "after": False}
    assert SESSION_KEY not in there.client.session


def test_a_log_in_without_a_dict_ends_because_nobody_knows_whether_it_had_been_ended(caller, ann):
    idle = without_dict(caller(ann))
    revoke_sessions(str(ann.pk), refresh=False)
    LocMemCache("auth-versions", {}).clear()
    assert idle.get("users").json() == {"before": True, "session": False, "after": False}
    assert SESSION_KEY not in idle.client.session


def test_a_user_whose_dict_is_not_valid_stays_logged_in_for_django(caller, ann, project):
    project.SESSIONKIT_LIMITS = {"roles_count": 1}
    ann.groups.add(Group.objects.create(name="writers"))
    here = caller(ann)
    assert here.get("users").json() == {"before": True, "session": False, "after": True}
    assert SESSION_KEY in here.client.session


class Impersonating:
    """Replace the user for one request, as django-impersonate does, or as a token does next to a cookie."""

    sync_capable, async_capable = True, False
    stateless = False

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "as" in request.GET:
            user = User.objects.get(username=request.GET["as"])
            request.user = Stateless(user) if Impersonating.stateless else user
        return self.get_response(request)


class Stateless:
    """A user that is in no table."""

    is_authenticated = is_active = True

    def __init__(self, user):
        self.pk = user.pk

    def get_email_field_name(self):
        return "email"


@pytest.fixture
def impersonating(project):
    where = project.MIDDLEWARE.index("django_sessionkit.middleware.SessionKitMiddleware")
    project.MIDDLEWARE = [*project.MIDDLEWARE[:where], f"{__name__}.Impersonating", *project.MIDDLEWARE[where:]]
    Impersonating.stateless = False
    return User.objects.create_user("bob")


@pytest.mark.parametrize("stateless", [False, True])
def test_who_is_somebody_else_for_a_request_stays_logged_in(ann, impersonating, stateless):
    here, bob = Sync(ann), str(impersonating.pk)
    Impersonating.stateless = stateless
    before = placed(here)
    for _ in range(2):
        assert here.client.get("/who/?as=bob").json()["user_id"] == bob
        assert placed(here) == before
        assert here.who() == str(ann.pk)
    assert here.client.get("/page/?as=bob").status_code == 403
    for again in (True, False):
        revoke_sessions(bob, refresh=again)
        assert here.client.get("/who/?as=bob").json()["user_id"] == bob  # proven anew for each request
    assert placed(here) == before
    assert here.get("page").status_code == 200


def test_who_is_somebody_else_and_gone_has_no_session_and_stays_logged_in(ann, impersonating, project):
    """The user was read before the version, and has been deleted since."""
    project.SESSIONKIT_VERSION = overtaken
    here = Sync(ann)
    before = placed(here)
    Race.meanwhile = lambda: User.objects.filter(username="bob").update(is_active=False)
    assert here.client.get("/who/?as=bob").json()["user_id"] is None
    Race.meanwhile = lambda: None
    assert (here.who(), placed(here)) == (str(ann.pk), before)


def test_a_transient_or_filled_session_costs_one_look_up_as_well(caller, ann, impersonating, project):
    asked = []
    project.SESSIONKIT_VERSION = lambda user_id: asked.append(user_id) or "1"
    here = caller(ann)
    assert asked == [str(ann.pk)] * 2  # before the rights are read, and for the session that login() replaces
    asked.clear()
    for url in ("who", "page"):
        here.get(url)
        assert asked == [str(ann.pk)]
        asked.clear()
    without_dict(here)
    assert here.who() == str(ann.pk)
    assert asked == [str(ann.pk)]
    client = Sync(ann).client
    asked.clear()
    assert client.get("/who/?as=bob").json()["user_id"] == str(impersonating.pk)
    assert asked == [str(impersonating.pk)]


def test_a_transient_session_ends_with_a_login_in_the_same_request(ann, impersonating):
    here = Sync(ann)
    assert here.client.get("/as-another/?as=bob").json() == {"transient": str(impersonating.pk), "own": str(ann.pk)}
    assert here.who() == str(ann.pk)


def test_the_log_in_of_another_is_not_ended_under_asgi_either(ann, impersonating):
    """This tests the source alone, because a sync middleware would move the request off the event loop."""

    async def ask():
        request = AsyncRequestFactory().get("/")
        request.session = await sync_to_async(lambda: Async(ann).client.session)()
        request.user = impersonating

        async def auser():
            return impersonating

        request.auser = auser
        await AuthSource().aread(request)
        await AuthSource().aend(request)
        return await request.session.aget(SESSION_KEY), await request.session.aget("__session__")

    key, kept = async_to_sync(ask)()
    assert (key, kept["user_id"]) == (str(ann.pk), str(ann.pk))


def test_a_new_log_in_is_not_ended_by_what_an_old_one_has_left(ann):
    here = Sync(ann)
    revoke_sessions(str(ann.pk), refresh=False)
    assert here.client.get("/again/").json() == {"user_id": str(ann.pk)}
    assert here.who() == str(ann.pk)


def test_a_user_who_is_gone_is_not_renewed(caller, ann):
    here = caller(ann)
    revoke_sessions(str(ann.pk))
    User.objects.update(is_active=False)
    assert here.who() is None
    assert here.get("page").status_code == 302


def test_without_a_store_nobody_is_renewed(ann):
    request = RequestFactory().get("/")
    assert refresh(validate_session({"user_id": "7"}), request) is None
    request.user = ann
    assert refresh(validate_session({"user_id": str(ann.pk)}), request) is None


def test_rights_are_never_older_than_their_version_at_log_in(ann):
    User.objects.update(is_superuser=True)
    Race.meanwhile = lambda: User.objects.update(is_superuser=False)
    assert browser().get("/as-read-before/").content == b"False"


def test_rights_are_never_older_than_their_version_when_renewed(caller, ann, project):
    User.objects.update(is_superuser=True)
    project.SESSIONKIT_VERSION = overtaken
    here = caller(ann)
    assert "superuser" in placed(here)["roles"]
    Race.meanwhile, Race.version = lambda: User.objects.update(is_superuser=False), 2
    assert here.get("users").json() == {"before": True, "session": True, "after": True}
    assert "superuser" not in placed(here)["roles"]
    assert placed(here)["__version__"] == "2"


def test_rights_are_never_older_than_their_version_when_filled(caller, ann, project):
    User.objects.update(is_superuser=True)
    project.SESSIONKIT_VERSION = overtaken
    here = without_dict(caller(ann))
    Race.meanwhile = lambda: User.objects.update(is_superuser=False)
    assert here.get("users").json()["session"] is True
    assert "superuser" not in placed(here)["roles"]


def test_who_is_deactivated_while_logging_in_has_no_session(ann, project):
    project.SESSIONKIT_VERSION = overtaken
    Race.meanwhile = lambda: User.objects.update(is_active=False)
    client = browser()
    assert client.get("/again/").json() == {"user_id": None}
    assert "__session__" not in client.session


def test_who_changes_the_password_while_logging_in_has_no_session(ann):
    """The user of the login is read again, as Django reads it: the hash of the password must be that of the login."""
    request, bridge = RequestFactory().get("/"), apps.get_app_config("sessionkit_auth")
    request.session = browser().session
    login(request, ann, BACKEND)
    assert bridge.current_dict(request, ann, {"__version__": "1"})["__version__"] == "1"
    User.objects.update(password="another")
    assert bridge.current_dict(request, ann, {"__version__": "1"}) is None


def test_who_is_deactivated_while_it_is_filled_has_no_session(caller, ann, project):
    project.SESSIONKIT_VERSION = overtaken
    here = without_dict(caller(ann))
    Race.meanwhile = lambda: User.objects.update(is_active=False)
    assert here.get("users").json() == {"before": True, "session": False, "after": False}


def test_out_of_reach_one_can_log_in_for_django_and_does_so_again_afterwards(caller, ann, caplog):
    Cache.is_down = True
    here = caller(ann)
    assert SESSION_KEY in here.client.session
    assert (placed(here), here.who()) == (None, None)
    assert here.get("users").json() == {"before": True, "session": False, "after": True}
    errors = {record.getMessage() for record in caplog.records if record.levelno == logging.ERROR}
    assert errors == {
        "session counts as absent, its version could not be checked: SESSIONKIT_VERSION raised ConnectionError"
    }
    Cache.is_down = False
    assert here.get("users").json() == {"before": True, "session": False, "after": False}
    here.client.force_login(ann)
    assert here.who() == str(ann.pk)


@pytest.mark.parametrize("url", ["/leave/", "/clear/"])
def test_out_of_reach_one_can_log_out(caller, ann, url):
    here = caller(ann)
    Cache.is_down = True
    post = here.client.post if caller is Sync else async_to_sync(here.client.post)
    post(url)
    assert placed(here) is None
    Cache.is_down = False
    assert here.who() is None


def test_out_of_reach_nothing_is_lost(caller, ann):
    here = caller(ann)
    Cache.is_down = True
    assert here.who() is None
    assert here.get("page").status_code == 503
    Cache.is_down = False
    assert here.get("page").status_code == 200


def test_what_was_lost_ends_the_log_in(caller, ann):
    here = caller(ann)
    LocMemCache("auth-versions", {}).clear()
    assert here.get("users").json() == {"before": True, "session": False, "after": False}


def test_a_project_may_renew_what_was_lost(caller, ann, project):
    project.SESSIONKIT_VERSION = CacheVersions("versions", refresh_when_lost=True)
    here = caller(ann)
    LocMemCache("auth-versions", {}).clear()
    ann.groups.clear()
    assert here.get("page").status_code == 403
    assert here.who() == str(ann.pk)


def test_a_project_may_say_itself_what_renews(caller, ann, project):
    project.SESSIONKIT_REFRESH = lambda session, request: None
    here = caller(ann)
    revoke_sessions(str(ann.pk))
    assert here.get("users").json() == {"before": True, "session": False, "after": False}
