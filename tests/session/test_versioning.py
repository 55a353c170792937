"""Out-of-date sessions: the effect of versions, over HTTP, sync and async."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, UserDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from time import sleep
from types import MappingProxyType
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory
from django.urls import path
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import AsyncBrowser, abrowser, browser, untimed

from django_sessionkit import (
    InvalidSession,
    aclear_session,
    aget_session,
    arevoke_sessions,
    aset_session,
    aupdate_session,
    clear_session,
    confirm_session,
    get_session,
    has_role,
    regenerate_session,
    revoke_sessions,
    set_session,
    signals,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.exceptions import VersionUnavailable
from django_sessionkit.policy.decisions import UNKNOWN_FOR_NOW
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import Fault, SessionContext
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.versions import CacheVersions, cached_version

STAMP = "__version__"
ANN = {"user_id": "7", "email": f"{CANARY}@example.org", "role": "editor", "plan": "premium"}


class Counting(LocMemCache):
    """A cache that counts its calls, and can be made unavailable."""

    asked: list[str] = []
    is_down = False

    def _ask(self, what):
        if Counting.is_down:
            raise ConnectionError("no route to the cache")
        Counting.asked.append(what)

    def get(self, *args, **kwargs):
        self._ask("get")
        return super().get(*args, **kwargs)

    def set(self, *args, **kwargs):
        self._ask("set")
        return super().set(*args, **kwargs)

    def add(self, *args, **kwargs):
        self._ask("add")
        return super().add(*args, **kwargs)


class Rights:
    """The current rights in the project's database."""

    now: object = None
    seen: list[tuple[object, object]] = []


def renewing(session, request):
    Rights.seen.append((session.role, request.path))
    if isinstance(Rights.now, Exception):
        raise Rights.now
    return Rights.now


async def arenewing(session, request):
    return renewing(session, request)


def asking(session, request):
    return {**ANN, "role": get_session().role}


def writing(session, request):
    return set_session(request, ANN).to_dict()


def login(request):
    set_session(request, {**ANN, **request.POST.dict()})
    return HttpResponse("in")


async def alogin(request):
    await aset_session(request, {**ANN, **request.POST.dict()})
    return HttpResponse("in")


def role(request):
    session = get_session()
    return JsonResponse({"role": session.role if session else None, "fields": sorted(session or ())})


async def arole(request):
    session = await aget_session()
    return JsonResponse({"role": session.role if session else None, "fields": sorted(session or ())})


def desk(request):
    return HttpResponse("desk")


def update(request):
    update_session(request, request.POST.dict())
    return HttpResponse("changed")


async def aupdate(request):
    await aupdate_session(request, request.POST.dict())
    return HttpResponse("changed")


def slow(request):
    """Read the session, let the rights change, and store the old data."""
    before = get_session().role
    Slow.meanwhile()
    if "update" in request.GET:
        update_session(request, {"plan": "basic"})
    request.session["seen"] = "page 3"
    return JsonResponse({"role": before})


class Slow:
    meanwhile = None


def place(request):
    """Store the dict without set_session(), as some auth layers do."""
    kind = request.POST["kind"]
    stored = request.session.get("__session__")
    if kind == "copy":
        get_session()
        request.session["__session__"] = {**stored, "plan": "basic"}
    else:
        get_session()
        request.session["__session__"] = dict(ANN)
    session = get_session()
    if "out" in request.POST:
        clear_session(request)
    return JsonResponse({"plan": session["plan"] if session else None})


def clear(request):
    clear_session(request)
    return HttpResponse("out")


async def aclear(request):
    await aclear_session(request)
    return HttpResponse("out")


async def slowly(session, request):
    await asyncio.sleep(0.02)
    return renewing(session, request)


def blocking(session, request):
    sleep(0.05)
    return renewing(session, request)


async def gathered(request):
    both = await asyncio.gather(aget_session(), aget_session())
    return JsonResponse({"roles": [session and session.role for session in both]})


async def impatient(request):
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(aget_session(), 0.005)
    session = await aget_session()
    return JsonResponse({"roles": [session and session.role]})


def threads(request):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(copy_context().run, get_session) for _ in range(2)]
        return JsonResponse({"roles": [one.result() and one.result().role for one in asked]})


urlpatterns = [
    path("login/", login),
    path("alogin/", alogin),
    path("role/", role),
    path("arole/", arole),
    path("desk/", desk),
    path("update/", update),
    path("aupdate/", aupdate),
    path("slow/", slow),
    path("place/", place),
    path("clear/", clear),
    path("aclear/", aclear),
    path("gathered/", gathered),
    path("impatient/", impatient),
    path("threads/", threads),
    path("open/", desk),
]


class Sync:
    """A browser on a WSGI site."""

    def __init__(self):
        self.client = browser()

    def login(self, **data):
        assert self.client.post("/login/", data).status_code == 200
        return self

    def get(self, path):
        return self.client.get(path)

    def role(self):
        return self.get("/role/").json()["role"]

    def post(self, where, **data):
        return self.client.post(f"/{where}/", data)

    def desk(self):
        return self.get("/desk/").status_code


class Async(Sync):
    """A browser on an ASGI site."""

    def __init__(self):
        self.client: AsyncBrowser = abrowser()

    def login(self, **data):
        assert async_to_sync(self.client.post)("/alogin/", data).status_code == 200
        return self

    def get(self, path):
        return async_to_sync(self.client.get)(path)

    def role(self):
        return self.get("/arole/").json()["role"]

    def post(self, where, **data):
        return async_to_sync(self.client.post)(f"/a{where}/", data)


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sessions"},
        "versions": {"BACKEND": f"{__name__}.Counting", "LOCATION": "versions"},
    }
    settings.SESSIONKIT_PROTECT = [{"pattern": "/desk", "role": "editor"}]
    settings.SESSIONKIT_VERSION = CacheVersions("versions")
    Rights.now, Rights.seen, Counting.asked, Counting.is_down = None, [], [], False
    LocMemCache("versions", {}).clear()
    cache.clear()
    return settings


@pytest.fixture(params=[Sync, Async])
def caller(request):
    return request.param


@pytest.fixture
def refreshing(site):
    site.SESSIONKIT_REFRESH = f"{__name__}.renewing"
    return site


def lines(caplog, level=logging.WARNING):
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "django_sessionkit.security" and record.levelno == level
    ]


def stored(who):
    return who.client.session.get("__session__")


# One node after the other.


def test_a_session_counts_on_every_device_until_it_is_revoked(caller):
    phone, desktop, other = caller().login(), caller().login(), caller().login(user_id="8")
    assert [one.role() for one in (phone, desktop, other)] == ["editor"] * 3
    revoke_sessions("7")
    assert [one.role() for one in (phone, desktop, other)] == [None, None, "editor"]
    assert phone.desk() == 302
    assert phone.login().desk() == 200
    assert desktop.role() is None


def test_the_async_twin_revokes_too(caller):
    phone = caller().login()
    async_to_sync(arevoke_sessions)("7")
    assert phone.role() is None


def described(request, field, reason, **others):
    return request.path.strip("/").removeprefix("a"), field, reason


def test_a_revoked_session_is_removed_and_told(caller, caplog):
    phone, told = caller().login(), []
    signals.session_rejected.connect(lambda **kwargs: told.append(described(**kwargs)), weak=False)
    signals.session_rejected.receivers, before = (
        signals.session_rejected.receivers[-1:],
        signals.session_rejected.receivers,
    )
    try:
        revoke_sessions("7")
        phone.role()
        phone.role()
    finally:
        signals.session_rejected.receivers = before[:-1]
    assert told == [("role", "session", "is out of date")]
    assert stored(phone) is None
    assert lines(caplog) == ["session rejected: field=session reason=is out of date"]


def test_what_else_is_in_the_store_stays(caller):
    phone = caller().login()
    session = phone.client.session
    session["basket"] = [1, 2]
    session.save()
    revoke_sessions("7")
    assert phone.role() is None
    assert phone.client.session["basket"] == [1, 2]


def test_the_version_is_no_field_of_the_session():
    phone = Sync().login()
    assert phone.client.get("/role/").json()["fields"] == ["auth_time", "email", "plan", "role", "user_id"]
    assert stored(phone)[STAMP] == str(CacheVersions("versions")("7"))


def test_a_validator_does_not_see_the_version(site):
    site.SESSIONKIT_SESSION_VALIDATOR = strict
    phone = Sync().login()
    assert phone.role() == "editor"
    revoke_sessions("7")
    assert phone.role() is None


def strict(data):
    if set(data) - {"user_id", "email", "role", "plan", "auth_time"} or "role" not in data:
        raise ValueError(data)
    return data


def test_an_update_keeps_the_version_that_the_session_had(caller):
    phone = caller().login()
    stamp = stored(phone)[STAMP]
    assert phone.post("update", plan="basic").status_code == 200
    assert (stored(phone)[STAMP], stored(phone)["plan"]) == (stamp, "basic")
    revoke_sessions("7")
    assert phone.role() is None


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
def test_a_slow_request_does_not_bring_back_what_it_had_read(refreshing, engine, tmp_path):
    """A renewed session keeps its key, so other requests of the page still work. The old copy has the old version."""
    refreshing.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    refreshing.SESSION_FILE_PATH = str(tmp_path)
    phone = Sync().login()

    def meanwhile():
        Rights.now = {**ANN, "role": "reader"}
        revoke_sessions("7")
        tablet = Sync()
        tablet.client.cookies = phone.client.cookies.copy()
        assert tablet.role() == "reader"

    Slow.meanwhile = meanwhile
    assert phone.client.get("/slow/").json() == {"role": "editor"}
    assert phone.client.session["seen"] == "page 3"
    assert stored(phone)["role"] == "editor"  # the old copy has replaced the new one
    assert phone.role() == "reader"
    assert phone.desk() == 403
    assert stored(phone)["role"] == "reader"


def test_an_update_in_a_slow_request_does_not_make_old_rights_new():
    phone = Sync().login()
    Slow.meanwhile = lambda: revoke_sessions("7")
    assert phone.client.get("/slow/", {"update": "yes"}).json() == {"role": "editor"}
    assert stored(phone)["plan"] == "basic"
    assert phone.role() is None


@pytest.mark.parametrize(
    "change", [lambda request: update_session(request, {"plan": "basic"}), lambda request: confirm_session(request)]
)
@pytest.mark.usefixtures("site")
def test_no_change_of_a_session_makes_old_rights_new(change):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.sessionkit = SessionContext(current_loader(), request)
    set_session(request, ANN)
    stamp = request.session["__session__"][STAMP]
    revoke_sessions("7")
    change(request)
    assert request.session["__session__"][STAMP] == stamp
    assert request.sessionkit.loaded.version == stamp


# Renewal.


@pytest.mark.parametrize("refresh", ["renewing", "arenewing"])
def test_a_change_of_rights_is_there_with_the_next_request(caller, site, refresh, caplog):
    site.SESSIONKIT_REFRESH = f"{__name__}.{refresh}"
    caplog.set_level(logging.INFO, "django_sessionkit")
    phone = caller().login()
    key = phone.client.session.session_key
    Rights.now = {**ANN, "role": "reader"}
    assert phone.role() == "editor"
    revoke_sessions("7")
    assert phone.role() == "reader"
    assert phone.desk() == 403
    assert len(Rights.seen) == 1  # the renewed session is stored
    assert Rights.seen[0][0] == "editor"
    assert phone.client.session.session_key == key
    revoked, renewed = lines(caplog, logging.INFO)
    assert revoked == f"sessions revoked: refresh=True user={user_digest(validate_session(ANN))}"
    assert renewed.startswith("session refreshed: changed=role user=")


def test_a_renewed_session_is_told_as_an_update(refreshing):
    phone, told = Sync().login(), []

    def receiver(**kwargs):
        told.append(kwargs["changed"])

    signals.session_updated.connect(receiver)
    Rights.now = {**ANN, "role": "reader", "plan": "basic"}
    revoke_sessions("7")
    phone.role()
    assert told == [("custom", "role")]


def test_to_sign_out_everywhere_nothing_is_renewed(caller, refreshing):
    phone = caller().login()
    Rights.now = dict(ANN)
    revoke_sessions("7", refresh=False)
    revoke_sessions("7")
    assert phone.role() is None
    assert Rights.seen == []
    assert phone.login().role() == "editor"


def test_who_has_no_session_any_more_is_not_renewed(caller, refreshing):
    phone = caller().login()
    revoke_sessions("7")
    assert phone.role() is None
    assert stored(phone) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({**ANN, "user_id": "8"}, "SESSIONKIT_REFRESH returned the dict of another user"),
        ({**ANN, "roles": "admin"}, "SESSIONKIT_REFRESH returned an invalid dict: roles: must be a list"),
        ([], "SESSIONKIT_REFRESH returned an invalid dict: session: must be a mapping"),
        (ValueError(CANARY), "SESSIONKIT_REFRESH raised ValueError"),
    ],
)
def test_a_faulty_answer_is_no_session_but_does_no_harm(caller, refreshing, answer, fault, caplog):
    phone = caller().login()
    Rights.now = answer
    revoke_sessions("7")
    assert phone.role() is None
    assert phone.desk() == 503
    (line, _) = lines(caplog, logging.ERROR)
    assert line.startswith(f"session counts as absent, its version could not be checked: {fault}")
    Rights.now = {**ANN, "role": "reader"}
    assert phone.role() == "reader"


@pytest.mark.parametrize("refresh", ["asking", "writing"])
def test_a_refresh_that_asks_for_the_session_is_told_not_to(site, refresh, caplog):
    site.SESSIONKIT_REFRESH = f"{__name__}.{refresh}"
    phone = Sync().login()
    revoke_sessions("7")
    assert phone.role() is None
    assert lines(caplog, logging.ERROR) == [
        "session counts as absent, its version could not be checked: SESSIONKIT_REFRESH failed: "
        "SESSIONKIT_REFRESH: must not read the session while it is loading; use its argument, the session"
    ]


def test_what_a_refresh_says_about_the_version_does_not_count(refreshing):
    phone = Sync().login()
    revoke_sessions("7")
    Rights.now = {**ANN, STAMP: "forged"}
    assert phone.role() == "editor"
    assert stored(phone)[STAMP] == str(CacheVersions("versions")("7"))


# Failures of the cache.


def test_what_was_evicted_revives_nothing(caller, refreshing, caplog):
    phone = caller().login()
    revoke_sessions("7", refresh=False)
    LocMemCache("versions", {}).clear()
    Rights.now = dict(ANN)
    assert phone.role() is None
    assert Rights.seen == []
    assert lines(caplog) == ["session rejected: field=session reason=is out of date"]


def test_out_of_reach_nobody_is_known_and_public_pages_are_served(caller, refreshing, caplog):
    phone = caller().login()
    Counting.is_down = True
    assert phone.role() is None
    assert phone.desk() == 503
    assert phone.get("/open/").status_code == 200
    assert lines(caplog, logging.ERROR)[0] == (
        "session counts as absent, its version could not be checked: SESSIONKIT_VERSION raised ConnectionError"
    )
    with pytest.raises(VersionUnavailable):
        revoke_sessions("7")
    Counting.is_down = False
    assert phone.role() == "editor"
    assert Rights.seen == []


def test_out_of_reach_nobody_logs_in(caller):
    Counting.is_down = True
    phone = caller()
    with pytest.raises(VersionUnavailable):
        phone.login()
    assert stored(phone) is None


def test_out_of_reach_one_can_log_out(caller):
    phone, told = caller().login(), []

    def receiver(**kwargs):
        told.append(kwargs["user"])

    signals.session_cleared.connect(receiver)
    try:
        key = phone.client.session.session_key
        Counting.is_down = True
        assert phone.post("clear").status_code == 200
        assert phone.post("clear").status_code == 200
    finally:
        signals.session_cleared.disconnect(receiver)
    Counting.is_down = False
    assert phone.role() is None
    assert phone.client.session.session_key != key
    assert len(told) == 1
    assert told[0]


def test_a_visitor_without_a_session_gets_none_by_logging_out(caller):
    nobody = caller()
    Counting.is_down = True
    assert nobody.post("clear").status_code == 200
    assert "sessionid" not in nobody.client.cookies


def not_of_ann(user_id):
    if user_id == ANN["user_id"]:
        raise ConnectionError("no route to the node of this user")
    return 1


def test_whoever_logs_in_over_a_session_that_could_not_be_looked_up_starts_empty(site):
    phone = Sync().login()
    session = phone.client.session
    session["basket"] = [1, 2]
    session.save()
    site.SESSIONKIT_VERSION = not_of_ann
    phone.login(user_id="8")
    assert "basket" not in phone.client.session


@pytest.mark.parametrize(
    ("url", "refresh"), [("/gathered/", "slowly"), ("/impatient/", "slowly"), ("/threads/", "blocking")]
)
def test_tasks_and_threads_may_ask_at_once_for_a_session_that_is_out_of_date(refreshing, url, refresh):
    refreshing.SESSIONKIT_REFRESH = f"{__name__}.{refresh}"
    phone = (Sync if url == "/threads/" else Async)().login()
    Rights.now = {**ANN, "role": "reader"}
    revoke_sessions("7")
    assert set(phone.get(url).json()["roles"]) == {"reader"}


@pytest.mark.parametrize("answer", [None, True, 1.5, "", b"1", object()])
def test_what_is_no_version_lets_nobody_in(site, answer, caplog):
    phone = Sync().login()
    site.SESSIONKIT_VERSION = lambda user_id: answer
    assert phone.role() is None
    fault = "SESSIONKIT_VERSION returned neither a string nor an integer"
    assert lines(caplog, logging.ERROR) == [f"session counts as absent, its version could not be checked: {fault}"]
    request = RequestFactory().get("/")
    request.session = phone.client.session
    (context := context_for(request)).get()
    assert context.fault == Fault(UNKNOWN_FOR_NOW, fault)


# Custom versions.


async def aversion(user_id):
    return await sync_to_async(cached_version)(user_id)


@pytest.mark.parametrize("version", [3, "three"])
def test_a_project_may_keep_versions_where_it_likes(caller, site, version):
    kept = {"7": version}
    site.SESSIONKIT_VERSION = kept.__getitem__
    phone = caller().login()
    assert phone.role() == "editor"
    assert stored(phone)[STAMP] == str(version)
    kept["7"] = 4
    assert phone.role() is None
    with pytest.raises(ImproperlyConfigured, match=r"^SESSIONKIT_VERSION: has no bump"):
        revoke_sessions("7")


def test_a_version_that_asks_for_the_session_is_told_not_to(caller, site, caplog):
    phone = caller().login()
    before = stored(phone)
    site.SESSIONKIT_VERSION = lambda user_id: str(get_session() is not None)
    assert phone.role() is None
    assert lines(caplog, logging.ERROR) == [
        "session counts as absent, its version could not be checked: SESSIONKIT_VERSION failed: "
        "SESSIONKIT_VERSION: must not read the session while it is loading; use its argument, the user_id"
    ]
    assert stored(phone) == before


def test_without_versions_nothing_can_be_revoked(site):
    del site.SESSIONKIT_VERSION
    with pytest.raises(ImproperlyConfigured) as error:
        revoke_sessions("7")
    assert str(error.value) == (
        "SESSIONKIT_VERSION: is not set, so sessions cannot be revoked; "
        'use "django_sessionkit.versions.cached_version", which has it'
    )


def test_an_async_version_is_awaited(caller, site):
    site.SESSIONKIT_VERSION = aversion
    phone = caller().login()
    assert phone.role() == "editor"
    cached_version.bump("7")
    assert phone.role() is None


# Where the version may come from.


def test_what_is_registered_is_of_the_current_version_whatever_the_data_says(caller):
    phone = caller().login()
    old = stored(phone)
    revoke_sessions("7")
    current = str(CacheVersions("versions")("7"))
    for said in (old[STAMP], "9" * 18, "9" * 5000, "forged"):
        phone.login(**{STAMP: said})
        assert stored(phone)[STAMP] == current
        assert phone.role() == "editor"
    assert STAMP not in phone.get("/role/" if caller is Sync else "/arole/").json()["fields"]


def test_nobody_chooses_a_version_that_will_come(caller):
    """A session with a future version would stay valid when the other sessions of the user end."""
    ahead = CacheVersions("versions")("7") + 1
    phone = caller().login(**{STAMP: str(ahead)})
    revoke_sessions("7")
    assert str(CacheVersions("versions")("7")) == str(ahead)
    assert phone.role() is None


@pytest.mark.parametrize("said", [5, "5", ["5"], {"a": 5}, None, True])
@pytest.mark.parametrize("is_on", [True, False])
def test_a_version_is_no_field_of_a_session(site, said, is_on):
    site.SESSIONKIT_VERSION = CacheVersions("versions") if is_on else None
    site.SESSIONKIT_SESSION_VALIDATOR = f"{__name__}.stamping"
    request = browser().get("/open/").wsgi_request
    expected = {STAMP: str(CacheVersions("versions")("7"))} if is_on else {}
    for verb in (set_session, update_session):
        session = verb(request, {**ANN, STAMP: said})
        assert STAMP not in session
        assert untimed(request.session["__session__"]) == {**ANN, **expected}
    with use_session({**ANN, STAMP: said}) as session:
        assert STAMP not in session


def stamping(data):
    return {**data, STAMP: "forged"}


def test_a_version_from_another_kind_of_mapping_does_not_count():
    request = browser().get("/open/").wsgi_request
    for data in (
        UserDict({**ANN, STAMP: "5"}),
        OrderedDict({**ANN, STAMP: "5"}),
        MappingProxyType({**ANN, STAMP: "5"}),
    ):
        assert STAMP not in set_session(request, data)
        assert request.session["__session__"][STAMP] == str(CacheVersions("versions")("7"))


def test_a_source_that_only_reads_is_renewed_for_the_request(refreshing):
    refreshing.SESSIONKIT_SOURCE = lambda request: {**ANN, STAMP: request.GET["version"]}
    version = CacheVersions("versions")
    token = version("7")
    assert browser().get("/role/", {"version": token}).json()["role"] == "editor"
    Rights.now = {**ANN, "role": "reader"}
    revoke_sessions("7")
    assert browser().get("/role/", {"version": token}).json()["role"] == "reader"
    assert browser().get("/role/", {"version": version("7")}).json()["role"] == "editor"
    revoke_sessions("7", refresh=False)
    assert browser().get("/role/", {"version": token}).json()["role"] is None


def test_a_source_that_watches_is_renewed_for_the_request(refreshing):
    refreshing.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    refreshing.SESSIONKIT_VERSION = CacheVersions("versions", adopt_unversioned=True)
    refreshing.MIDDLEWARE = [f"{__name__}.token", *refreshing.MIDDLEWARE]
    assert browser().get("/role/").json()["role"] is None
    Rights.now = {**ANN, "role": "reader"}
    assert browser().get("/role/").json()["role"] == "reader"
    refreshing.SESSIONKIT_PROTECT = [{"pattern": "/role", "role": "reader"}]  # the session is read a second time
    assert browser().get("/role/").json()["role"] == "reader"


def token(get_response):
    def middleware(request):
        request.sessionkit_data = dict(ANN)
        return get_response(request)

    return middleware


class Own(CacheVersions):
    """Versions with a custom ``may_refresh()``."""

    answer: object = True

    def may_refresh(self, stamp, version):
        if isinstance(Own.answer, Exception):
            raise Own.answer
        return Own.answer


class AsyncOwn(Own):
    async def may_refresh(self, stamp, version):
        return super().may_refresh(stamp, version)


@pytest.mark.parametrize("kind", [Own, AsyncOwn])
@pytest.mark.parametrize(
    ("answer", "role"), [(True, "reader"), (False, None), (1, None), (None, None), (ValueError(CANARY), None)]
)
def test_what_may_be_renewed_is_asked_of_the_project(caller, refreshing, kind, answer, role, caplog):
    refreshing.SESSIONKIT_VERSION = kind("versions")
    phone = caller().login()
    Own.answer, Rights.now = answer, {**ANN, "role": "reader"}
    revoke_sessions("7")
    assert phone.role() == role
    assert (stored(phone) is not None) is (role is not None or isinstance(answer, Exception))
    fault = "session counts as absent, its version could not be checked: SESSIONKIT_VERSION raised ValueError"
    assert lines(caplog, logging.ERROR) == ([fault] if isinstance(answer, Exception) else [])


def test_a_version_of_thousands_of_digits_is_no_error(caller, refreshing):
    phone = caller().login()
    session = phone.client.session
    session["__session__"] = {**ANN, STAMP: "9" * 5000}
    session.save()
    Rights.now = dict(ANN)
    assert phone.role() is None


# Dicts that were stored without set_session().


def test_a_dict_without_a_version_is_none_and_the_log_says_so(caller, caplog):
    phone = caller().login()
    session = phone.client.session
    session["__session__"] = dict(ANN)
    session.save()
    assert phone.role() is None
    assert lines(caplog) == [
        "session rejected: field=session reason=has no version, because it was not stored by set_session()"
    ]


@pytest.mark.parametrize(("adopts", "role"), [(True, "reader"), (False, None)])
def test_sessions_from_before_the_setting_are_renewed_if_a_project_says_so(caller, refreshing, adopts, role):
    refreshing.SESSIONKIT_VERSION = None
    phone = caller().login()
    assert STAMP not in stored(phone)
    refreshing.SESSIONKIT_VERSION = CacheVersions("versions", adopt_unversioned=adopts)
    Rights.now = {**ANN, "role": "reader"}
    assert phone.role() == role


def test_a_session_from_before_that_was_ended_is_not_revived_by_a_cache_that_has_lost_that(caller, refreshing):
    version, refreshing.SESSIONKIT_VERSION = refreshing.SESSIONKIT_VERSION, None
    phone = caller().login()
    refreshing.SESSIONKIT_VERSION = version
    Rights.now = dict(ANN)
    revoke_sessions("7", refresh=False)
    LocMemCache("versions", {}).clear()
    assert phone.role() is None


def test_in_the_same_request_only_what_keeps_the_version_is_seen(caplog):
    phone = Sync().login()
    assert phone.post("place", kind="copy").json() == {"plan": "basic"}
    assert phone.role() == "editor"
    assert phone.post("place", kind="new").json() == {"plan": None}
    assert Sync().post("place", kind="new").json() == {"plan": None}
    assert (
        lines(caplog, logging.ERROR)
        == ["session counts as absent, it has no current version: store it with set_session()"] * 2
    )


def test_what_is_stored_after_the_session_was_ended_is_seen_too(caplog):
    phone = Sync().login()
    revoke_sessions("7")
    assert phone.post("place", kind="new").json() == {"plan": None}
    assert lines(caplog) == ["session rejected: field=session reason=is out of date"]
    assert lines(caplog, logging.ERROR) == [
        "session counts as absent, it has no current version: store it with set_session()"
    ]


def test_who_logs_out_of_a_session_without_a_current_version_is_named():
    told = []
    signals.session_cleared.connect(keep := lambda user, **kwargs: told.append(user), weak=False)
    try:
        Sync().post("place", kind="new", out="1")
    finally:
        signals.session_cleared.disconnect(keep)
    assert told == [user_digest(validate_session(ANN))]


@pytest.mark.parametrize("stamp", [True, 1.0, None, "", ["1"], {"a": 1}])
def test_a_version_of_another_shape_is_none(site, stamp):
    site.SESSIONKIT_VERSION = lambda user_id: 1
    phone = Sync().login()
    session = phone.client.session
    session["__session__"] = {**ANN, STAMP: stamp}
    session.save()
    assert phone.role() is None


class Hostile(str):
    __slots__ = ()

    def __eq__(self, other):
        raise ValueError(CANARY)

    __hash__ = str.__hash__


def test_a_hostile_key_is_refused_as_without_versions(site):
    site.SESSIONKIT_SOURCE = lambda request: {Hostile(STAMP): 1, "user_id": "7"}
    assert Sync().role() is None
    with pytest.raises(InvalidSession):
        set_session(RequestFactory().get("/"), {Hostile(STAMP): 1, "user_id": 7})


# Cost.


def test_one_get_for_a_request_that_reads_a_session_and_none_otherwise(caller):
    phone = caller().login()
    Counting.asked = []
    phone.role()
    assert Counting.asked == ["get"]
    phone.desk()
    assert Counting.asked == ["get"] * 2
    Counting.asked = []
    for nobody in ("/open/", "/desk/", "/role/"):
        caller().get(nobody)
    phone.get("/open/")
    assert Counting.asked == []


class Watched(dict):
    """A stored dict that lists which keys are read."""

    read: list[str] = []

    def get(self, key, *default):
        Watched.read.append(key)
        return super().get(key, *default)


def test_the_version_is_read_once_for_each_load(site):
    Watched.read = []
    site.SESSIONKIT_VERSION = lambda user_id: "1"
    site.SESSIONKIT_SOURCE = lambda request: Watched({**ANN, STAMP: "1"})
    assert Sync().role() == "editor"
    assert Watched.read == [STAMP]


def test_nothing_is_asked_without_the_setting(site):
    site.SESSIONKIT_VERSION = None
    phone = Sync().login()
    assert phone.role() == "editor"
    assert Counting.asked == []
    with pytest.raises(ImproperlyConfigured, match="SESSIONKIT_VERSION"):
        revoke_sessions("7")


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("django_sessionkit.session.versioning.monotonic", lambda: now[0])
    return now


def test_within_the_interval_a_process_asks_once(caller, site, clock):
    site.SESSIONKIT_VERSION_INTERVAL = 30
    phone = caller().login()
    Counting.asked = []
    assert [phone.role() for _ in range(5)] == ["editor"] * 5
    assert Counting.asked == []
    CacheVersions("versions").bump("7")  # by another process
    clock[0] += 29
    assert phone.role() == "editor"
    clock[0] += 2
    assert phone.role() is None


def test_here_a_revocation_does_not_wait_for_the_interval(caller, site, clock):
    site.SESSIONKIT_VERSION_INTERVAL = 30
    phone = caller().login()
    revoke_sessions("7")
    assert phone.role() is None


class Overtaken(CacheVersions):
    """While a version is looked up, another thread revokes it."""

    meanwhile = None

    def __call__(self, user_id):
        found = super().__call__(user_id)
        if Overtaken.meanwhile:
            meanwhile, Overtaken.meanwhile = Overtaken.meanwhile, None
            meanwhile()
        return found


def test_here_it_does_not_wait_for_a_look_up_that_was_under_way_either(site):
    site.SESSIONKIT_VERSION_INTERVAL = 30
    site.SESSIONKIT_VERSION = Overtaken("versions")
    phone = Sync().login()
    site.SESSIONKIT_VERSION_INTERVAL = 31  # nothing is cached any more
    revoke_sessions("8")  # an earlier one of somebody else
    Overtaken.meanwhile = lambda: revoke_sessions("7")
    phone.role()
    assert phone.role() is None


def test_a_session_that_is_newer_than_what_is_remembered_is_not_taken_for_old(site, clock):
    site.SESSIONKIT_VERSION_INTERVAL = 30
    phone = Sync().login()
    version = CacheVersions("versions")
    version.bump("7")
    session = phone.client.session
    session["__session__"] = {**ANN, STAMP: str(version("7"))}
    session.save()
    assert phone.role() == "editor"


def test_what_is_remembered_has_an_end(site, clock, monkeypatch):
    monkeypatch.setattr("django_sessionkit.session.versioning._MOST_CACHED", 2)
    site.SESSIONKIT_VERSION_INTERVAL = 30
    callers = [Sync().login(user_id=str(number)) for number in range(5)]
    assert [one.role() for one in callers] == ["editor"] * 5


# Callers.


def test_an_id_that_is_none_is_refused_before_anything_happens():
    for wrong in (7, UUID(int=7), "", " ", "\n", None, b"7"):
        with pytest.raises(InvalidSession) as caught:
            revoke_sessions(wrong)
        assert caught.value.field == "user_id"
    assert Counting.asked == []


def test_an_id_is_checked_without_the_fields_that_a_project_asks_for(site):
    site.SESSIONKIT_SESSION_VALIDATOR = strict
    phone = Sync().login()
    revoke_sessions("7")
    assert phone.role() is None


def test_on_an_event_loop_the_twin_is_named():
    async def view():
        revoke_sessions("7")

    with pytest.raises(Exception, match="arevoke_sessions"):
        async_to_sync(view)()


@pytest.mark.django_db(transaction=True)
def test_what_was_read_before_the_commit_does_not_stay(refreshing):
    """Another node sees the new version before it can see the new rights."""
    phone = Sync().login()
    Rights.now = dict(ANN)
    with transaction.atomic():
        revoke_sessions("7")
        assert phone.role() == "editor"  # renewed, from the state of the database that others see
    Rights.now = {**ANN, "role": "reader"}
    assert phone.role() == "reader"


@pytest.mark.django_db(transaction=True)
def test_a_cache_that_fails_at_the_commit_is_told_and_stops_nobody_elses_work(refreshing, caplog):
    phone, done = Sync().login(), []
    Rights.now = {**ANN, "role": "reader"}
    with transaction.atomic():
        revoke_sessions("7")
        transaction.on_commit(lambda: done.append("mail sent"))
        Counting.is_down = True
    assert done == ["mail sent"]
    (line,) = lines(caplog, logging.ERROR)
    assert line.startswith("sessions could not be revoked again at the commit: SESSIONKIT_VERSION raised")
    assert line.endswith(f" user={user_digest(validate_session(ANN))}")
    Counting.is_down = False
    assert phone.role() == "reader"


def test_a_pretended_session_has_no_version():
    with use_session(ANN):
        revoke_sessions("7")
        assert has_role("editor")


def test_a_rotation_changes_nothing_about_it():
    phone = Sync().login()
    request = RequestFactory().get("/")
    request.session = phone.client.session
    regenerate_session(request)
    request.session.save()
    phone.client.cookies["sessionid"] = request.session.session_key
    assert phone.role() == "editor"


@pytest.mark.parametrize("data", [{**ANN, "roles": "x"}, {**ANN, STAMP: "old"}])
@pytest.mark.parametrize("renewed", [None, {**ANN, "role": "reader"}])
def test_a_receiver_may_ask_for_the_session_while_it_is_being_loaded(caller, refreshing, data, renewed):
    """The source is read-only. The session cannot be removed, so it would be loaded again, in an endless loop."""
    refreshing.SESSIONKIT_SOURCE = lambda request: data
    refreshing.SESSIONKIT_VERSION = CacheVersions("versions", refresh_when_lost=True)
    Rights.now, seen = renewed, []

    def receiver(**kwargs):
        session = get_session()
        seen.append(session and session.role)

    for signal in (signals.session_rejected, signals.session_updated):
        signal.connect(receiver)
    expected = renewed["role"] if renewed and STAMP in data else None
    try:
        assert caller().role() == expected
    finally:
        for signal in (signals.session_rejected, signals.session_updated):
            signal.disconnect(receiver)
    assert seen == [expected]


# A login while rights are taken away ----------------------------------------------------------------------------------


class Reading:
    """Reads the rights of a user, who is demoted when they have been read for the first time."""

    def __init__(self, ids=("7", "7")):
        self.ids = iter(ids)
        self.roles = ["admin"]

    def __call__(self):
        data = {"user_id": next(self.ids), "roles": self.roles}
        if self.roles:
            self.roles = []
            revoke_sessions("7")
        return data

    async def acall(self):
        return await sync_to_async(self)()


def test_a_function_reads_the_rights_after_the_version(site):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    assert set_session(request, Reading()).roles == ()
    assert async_to_sync(aset_session)(request, Reading().acall).roles == ()
    assert async_to_sync(aset_session)(request, Reading()).roles == ()
    stored = request.session["__session__"]
    assert stored[STAMP] == str(site.SESSIONKIT_VERSION("7"))
    with pytest.raises(InvalidSession, match="user_id: is not the same in two calls"):
        set_session(request, Reading(ids=["7", "8"]))
    with pytest.raises(InvalidSession):
        set_session(request, lambda: {"user_id": 7})
    assert request.session["__session__"] is stored


def test_without_versions_a_function_is_called_once(settings):
    settings.SESSIONKIT_VERSION = None
    request = RequestFactory().get("/")
    request.session = SessionStore()
    calls = iter([ANN])
    assert set_session(request, lambda: next(calls)) == {
        **ANN,
        "auth_time": request.session["__session__"]["auth_time"],
    }


@pytest.mark.parametrize("found", [{"act": {"user_id": "5"}}, {"act": None}, {}], ids=repr)
@pytest.mark.parametrize("kept", [{"act": {"user_id": "9"}}, {}], ids=repr)
def test_a_refresh_neither_ends_nor_begins_that_somebody_acts_as_the_user(found, kept, settings):
    settings.SESSIONKIT_VERSION = lambda user_id: "2"
    settings.SESSIONKIT_REFRESH = lambda session, request: {"user_id": "7", "role": "admin", **found}
    client = browser({"user_id": "7", **kept, STAMP: "1"})
    client.get("/role/")
    stored = client.session["__session__"]
    assert {key: stored[key] for key in ("act", "role") if key in stored} == {"role": "admin", **kept}
