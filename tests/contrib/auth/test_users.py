"""If ``request.user`` is replaced for one request, that request has the new user's session. The login stays."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth import SESSION_KEY, get_user, login, logout
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.urls import include, path
from django.utils.functional import SimpleLazyObject
from support.loops import async_to_sync
from support.sessions import abrowser, browser

from django_sessionkit import (
    aclear_session,
    aget_session,
    aset_session,
    aupdate_session,
    clear_session,
    get_session,
    revoke_sessions,
    set_session,
    update_session,
)
from django_sessionkit.contrib.auth import AuthSource
from django_sessionkit.contrib.auth.users import auser_of, is_logged_in, may_have_session
from django_sessionkit.session.loader import context_for

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


def proven(request):
    """A middleware sets ``request.user``."""
    name = request.GET.get("as")
    if name is None:
        return None
    return AnonymousUser() if name == "nobody" else User.objects.get(username=name)


def impersonating(get_response):
    """Replace only ``request.user``, as django-impersonate does, or as a token does next to a cookie."""

    async def on_the_loop(request):
        if (user := await sync_to_async(proven)(request)) is not None:
            request.user = user
        return await get_response(request)

    def in_a_thread(request):
        if (user := proven(request)) is not None:
            request.user = user
        return get_response(request)

    return markcoroutinefunction(on_the_loop) if iscoroutinefunction(get_response) else in_a_thread


impersonating.sync_capable = impersonating.async_capable = True


def seen(value=None):
    """Return the state that the rest of the request sees."""
    session = get_session()
    return JsonResponse(
        {"value": value, "user_id": session and session.user_id, "plan": session and session.get("plan")}
    )


def do_set(request):
    set_session(request, {"user_id": get_session().user_id, "plan": "basic"}, ttl=60)
    return seen()


def do_update(request):
    update_session(request, {"plan": "basic"})
    return seen()


def do_clear(request):
    clear_session(request)
    return seen(request.user.username)


async def ado_set(request):
    session = await aget_session()
    await aset_session(request, {"user_id": session.user_id, "plan": "basic"}, ttl=60)
    return seen()


async def ado_update(request):
    await aupdate_session(request, {"plan": "basic"})
    return seen()


async def ado_clear(request):
    await aclear_session(request)
    return seen(request.user.username)


def do_logout(request):
    get_session()
    logout(request)
    return seen(request.user.is_authenticated)


def do_login(request):
    get_session()
    login(request, User.objects.get(username="ann"), BACKEND)
    return seen(request.user.username)


def exchange(request, how):
    """Another user is authenticated after the session was read."""
    get_session()
    bob = User.objects.get(username="bob")
    request.user = {
        "another": lambda: bob,
        "nobody": AnonymousUser,
        "the-same": lambda: User.objects.get(username="ann"),
        "later": lambda: SimpleLazyObject(lambda: get_user(request)),
    }[how]()
    return seen()


urlpatterns = [
    path("set/", do_set),
    path("update/", do_update),
    path("clear/", do_clear),
    path("aset/", ado_set),
    path("aupdate/", ado_update),
    path("aclear/", ado_clear),
    path("logout/", do_logout),
    path("login/", do_login),
    path("exchange/<how>/", exchange),
    path("", include("support.auth_urls")),
]


@pytest.fixture(params=["plain", "versions"])
def project(request, settings):
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    if request.param == "versions":
        settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    where = settings.MIDDLEWARE.index("django_sessionkit.middleware.SessionKitMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:where], f"{__name__}.impersonating", *settings.MIDDLEWARE[where:]]
    cache.clear()
    return settings


class Desk:
    """The browser of the user ann, for WSGI and ASGI."""

    def __init__(self):
        self.ann = User.objects.create_user("ann", "ann@example.org", "anns")
        self.ann.groups.add(Group.objects.create(name="editors"))
        self.bob = User.objects.create_user("bob", "bob@example.org", "bobs")
        self.sync = browser()
        self.sync.force_login(self.ann)
        self.loop = abrowser()
        self.loop.cookies = self.sync.cookies

    def get(self, url):
        return self.sync.get(url)

    def aget(self, url):
        return async_to_sync(self.loop.get)(url)

    @property
    def kept(self):
        return dict(self.sync.session.items())


@pytest.fixture
def desk(project):
    return Desk()


@pytest.mark.parametrize("write", ["set", "update", "aset", "aupdate"])
def test_what_is_written_holds_for_the_request_and_nowhere_else(desk, write):
    before = desk.kept
    answer = (desk.aget if write.startswith("a") else desk.get)(f"/{write}/?as=bob").json()
    assert (answer["user_id"], answer["plan"]) == (str(desk.bob.pk), "basic")
    assert desk.kept == before
    assert desk.get("/who/").json()["user_id"] == str(desk.ann.pk)


@pytest.mark.parametrize("url", ["/clear/", "/aclear/"])
def test_what_is_cleared_is_gone_and_the_log_in_is_not(desk, url):
    before = desk.kept
    answer = (desk.aget if url == "/aclear/" else desk.get)(f"{url}?as=bob").json()
    assert (answer["user_id"], answer["value"]) == (None, "bob")
    assert desk.kept == before


def test_nothing_that_was_written_counts_as_the_session_of_the_other_later(desk, project):
    desk.bob.groups.add(Group.objects.get())
    desk.get("/update/?as=bob")
    desk.bob.groups.clear()
    project.SESSIONKIT_PROTECT = [{"pattern": "/who", "role": "editors"}]
    assert desk.get("/who/?as=bob").status_code == 403


def test_a_log_out_ends_both(desk):
    assert desk.get("/logout/?as=bob").json() == {"value": False, "user_id": None, "plan": None}
    assert desk.kept == {}


def test_a_log_in_takes_its_place(desk, project):
    assert desk.kept["__session__"]["roles"] == ["editors"]
    desk.ann.groups.set([Group.objects.create(name="readers")])
    assert desk.get("/login/?as=bob").json()["user_id"] == str(desk.ann.pk)
    assert desk.kept["__session__"]["roles"] == ["readers"]
    project.SESSIONKIT_LIMITS = {"roles_count": 1}
    desk.ann.groups.add(Group.objects.create(name="writers"))
    assert desk.get("/login/?as=bob").json() == {"value": "ann", "user_id": None, "plan": None}


@pytest.mark.parametrize("get", [Desk.get, Desk.aget], ids=["wsgi", "asgi"])
def test_request_user_decides_on_both_kinds_of_server(desk, project, get):
    project.SESSIONKIT_PROTECT = [{"pattern": ["/page", "/apage"], "role": "editors"}]
    pages = ["/page/", "/apage/"] if get is Desk.aget else ["/page/"]
    assert [get(desk, page).status_code for page in pages] == [200] * len(pages)
    assert [get(desk, f"{page}?as=bob").status_code for page in pages] == [403] * len(pages)
    assert [get(desk, f"{page}?as=nobody").status_code for page in pages] == [302] * len(pages)


@pytest.mark.parametrize("project", ["versions"], indirect=True)
@pytest.mark.parametrize("get", [Desk.get, Desk.aget], ids=["wsgi", "asgi"])
def test_nor_does_a_revocation_end_the_log_in_then(desk, get):
    revoke_sessions(str(desk.ann.pk))
    assert get(desk, "/awho/?as=bob" if get is Desk.aget else "/who/?as=bob").json()["user_id"] == str(desk.bob.pk)
    assert desk.kept[SESSION_KEY] == str(desk.ann.pk)


@pytest.mark.parametrize("get", [Desk.get, Desk.aget], ids=["wsgi", "asgi"])
def test_who_is_nobody_has_no_session_and_stays_logged_in(desk, get):
    before = desk.kept
    assert get(desk, "/awho/?as=nobody" if get is Desk.aget else "/who/?as=nobody").json()["user_id"] is None
    assert desk.kept == before
    assert desk.get("/who/").json()["user_id"] == str(desk.ann.pk)


def test_a_dict_that_is_not_valid_lends_nothing_and_never_the_log_in(desk, project):
    project.SESSIONKIT_LIMITS = {"roles_count": 1}
    desk.bob.groups.add(*(Group.objects.create(name=name) for name in ("one", "two")))
    assert desk.get("/who/?as=bob").json()["user_id"] is None
    assert desk.get("/who/").json()["user_id"] == str(desk.ann.pk)


def test_nor_does_the_dict_of_somebody_else_count_where_ones_own_is_not_valid(desk, project):
    project.SESSIONKIT_LIMITS = {"roles_count": 1}
    desk.bob.groups.add(*(Group.objects.create(name=name) for name in ("one", "two")))
    client = browser()
    client.force_login(desk.bob)
    session = client.session
    session["__session__"] = {**desk.kept["__session__"], "plan": "premium"}
    session.save()
    assert client.get("/who/").json()["user_id"] is None
    assert "__session__" not in client.session


@pytest.mark.parametrize(("how", "stays"), [("another", False), ("nobody", False), ("the-same", True), ("later", True)])
def test_who_is_exchanged_afterwards_takes_the_session_along(desk, how, stays):
    before = desk.kept
    assert desk.get(f"/exchange/{how}/").json()["user_id"] == (str(desk.ann.pk) if stays else None)
    assert desk.kept == before


def test_a_request_that_is_gone_is_asked_for_nothing(desk):
    request = RequestFactory().get("/")
    request.session = desk.sync.session
    context = context_for(request)
    assert context.get().user_id == str(desk.ann.pk)
    watch = context.loaded.current_value
    del request
    assert watch()["user_id"] == str(desk.ann.pk)
    assert context.get().user_id == str(desk.ann.pk)


def test_a_request_without_a_store_cannot_be_watched():
    assert AuthSource().watch(RequestFactory().get("/")) is None


def test_a_session_is_current_until_the_user_is_replaced_also_before_it_is_read():
    request: HttpRequest = RequestFactory().get("/")
    request.user = AnonymousUser()
    source = AuthSource()
    assert source.is_current(request)
    source.read(request)
    assert source.is_current(request)
    request.user = AnonymousUser()
    assert not source.is_current(request)


def test_clear_session_logs_out_of_django_as_well(project):
    desk = Desk()
    for url, client in (("/clear/", desk.sync), ("/aclear/", desk.loop)):
        client.force_login(desk.ann)
        answer = client.get(url) if client is desk.sync else async_to_sync(client.get)(url)
        assert answer.json()["user_id"] is None
        assert SESSION_KEY not in client.session
        assert desk.get("/who/").json()["user_id"] is None


def test_the_user_of_a_request_without_a_store_is_who_it_is_about(project):
    request: HttpRequest = RequestFactory().get("/")
    request.user = User.objects.create_user("token")
    assert context_for(request).get().user_id == str(request.user.pk)


def test_a_load_and_a_view_that_awaits_its_user_share_one_query(project, django_assert_num_queries):
    client, request = browser(), RequestFactory().get("/")
    client.force_login(User.objects.create_user("ann"))
    request.session = client.session
    assert SESSION_KEY in request.session
    AuthenticationMiddleware(lambda request: HttpResponse()).process_request(request)

    async def both():
        return await auser_of(request), await request.auser()

    with django_assert_num_queries(1):
        one, other = async_to_sync(both)()
    assert one is other


def test_a_lazy_user_is_loaded_in_a_thread():
    ann, request = User.objects.create_user("ann"), AsyncRequestFactory().get("/")
    request.user = SimpleLazyObject(lambda: User.objects.get())

    async def name():
        return (await auser_of(request)).pk

    assert async_to_sync(name)() == ann.pk


def test_whether_a_lazy_user_may_have_a_session_is_not_looked_up():
    ann, asked = User(pk=7), []
    lazy = SimpleLazyObject(lambda: asked.append(True) or ann)
    assert may_have_session(lazy, "8")
    assert not asked
    assert lazy.pk == 7
    assert [may_have_session(user, known) for user in (lazy, ann) for known in ("7", "8")] == [True, False] * 2


def test_a_key_that_reads_like_none_is_no_log_in():
    request = RequestFactory().get("/")
    request.session = browser().session
    assert not is_logged_in(request, SimpleNamespace(pk="None"))
    assert not is_logged_in(request, SimpleNamespace(pk=None))
    assert not is_logged_in(None, SimpleNamespace(pk=None))
