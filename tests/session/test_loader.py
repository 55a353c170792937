"""What the flows of a session hand on: to the source, to the receivers of signals, and to the next request."""

from __future__ import annotations

from collections import UserDict
from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.contrib.sessions.backends.file import SessionStore as FileStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.cache import cache
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory, override_settings
from support.loops import async_to_sync

from django_sessionkit import InvalidSession, clear_session, set_session, signals, update_session, validate_session
from django_sessionkit.conf import installed
from django_sessionkit.exceptions import InvalidPolicy, SessionUnavailable, VersionUnavailable
from django_sessionkit.policy.decisions import NOT_AUTHENTICATED, REFUSED, UNKNOWN_FOR_NOW, Decision
from django_sessionkit.session import audit, store_faults, versioning, writer
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext, activate
from django_sessionkit.session.loader import context_for, current_loader, own_context
from django_sessionkit.session.versioning import VersionChecker, split_version
from django_sessionkit.sources import DjangoSessionSource, RequestAttributeSource, SessionSource
from django_sessionkit.utils.sansio import run

ANN = {"user_id": "7", "role": "editor", "auth_time": 1}
STAMP = "__version__"


class Recording(DjangoSessionSource):
    """A source that notes its calls. Another request has replaced the key, if ``is_moved``."""

    calls: list[object] = []
    is_moved = False

    def rotate(self, request, *, empty_for=None):
        Recording.calls.append(("rotate", empty_for))
        if Recording.is_moved and empty_for is None:
            raise SessionInterrupted
        super().rotate(request, empty_for=empty_for)

    def remove(self, request):
        Recording.calls.append("remove")
        super().remove(request)

    def end(self, request):
        Recording.calls.append("end")
        super().end(request)


@pytest.fixture
def request_of_ann(monkeypatch):
    monkeypatch.setattr(Recording, "calls", [])
    monkeypatch.setattr(Recording, "is_moved", False)
    found = RequestFactory().get("/")
    found.session = SessionStore()
    found.session["__session__"] = ANN
    with override_settings(SESSIONKIT_SOURCE=Recording):
        yield found


@pytest.fixture
def told():
    found = []

    def keep(sender, signal, **data):
        found.append((signal, data))

    for signal in (signals.session_cleared, signals.session_updated):
        signal.connect(keep)
    yield found
    for signal in (signals.session_cleared, signals.session_updated):
        signal.disconnect(keep)


def test_a_session_whose_store_is_about_to_be_emptied_gets_another_key(request_of_ann, told):
    before = request_of_ann.session.session_key
    run(writer.announce_end(request_of_ann))
    assert Recording.calls == [("rotate", None)]
    assert request_of_ann.session.session_key != before
    assert request_of_ann.session["__session__"] == ANN
    assert [(signal, data["request"], data["user"]) for signal, data in told] == [
        (signals.session_cleared, request_of_ann, audit.user_digest(validate_session(ANN)))
    ]


def test_it_is_ended_under_the_key_of_another_request_too(request_of_ann):
    Recording.is_moved = True
    run(writer.announce_end(request_of_ann))
    assert Recording.calls == [("rotate", None), ("rotate", "")]


def test_a_login_that_another_request_has_overtaken_empties_the_store(request_of_ann):
    del request_of_ann.session["__session__"]
    Recording.is_moved = True
    set_session(request_of_ann, ANN)
    assert Recording.calls == [("rotate", None), ("rotate", "7")]


def test_another_user_gets_an_emptied_store(request_of_ann):
    set_session(request_of_ann, {**ANN, "user_id": "8"})
    assert Recording.calls == [("rotate", "8")]


def test_a_log_out_that_another_request_has_overtaken_ends_the_session_under_its_new_key_too(request_of_ann):
    Recording.is_moved = True
    clear_session(request_of_ann)
    assert Recording.calls[:3] == [("rotate", None), ("rotate", ""), "end"]


def test_without_a_session_nothing_is_announced(request_of_ann, told):
    del request_of_ann.session["__session__"]
    run(writer.announce_end(request_of_ann))
    assert (Recording.calls, told) == ([], [])


def test_only_a_log_out_ends_what_a_source_makes_the_dict_of(request_of_ann):
    clear_session(request_of_ann)
    assert Recording.calls[:2] == [("rotate", None), "end"]
    set_session(request_of_ann, ANN)
    Recording.calls = []
    run(writer.clear(request_of_ann, and_log_out=False))
    assert Recording.calls == [("rotate", None), "remove"]


def test_only_other_roles_in_a_tenant_need_another_key(request_of_ann):
    request_of_ann.session["__session__"] = {**ANN, "tenants": {"acme": {"roles": ["editor"]}}}
    update_session(request_of_ann, {"plan": "basic"})
    assert Recording.calls == []
    update_session(request_of_ann, {"tenants": {"acme": {"roles": ["reader"]}}})
    assert Recording.calls == [("rotate", None)]


def test_a_refreshed_session_is_announced_with_its_request(told):
    request, before = RequestFactory().get("/"), validate_session({**ANN, "act": {"user_id": "9"}})
    run(audit.refreshed(request, before, validate_session({**ANN, "role": "reader", "act": {"user_id": "9"}})))
    ((signal, data),) = told
    assert (signal, data["request"], data["changed"]) == (signals.session_updated, request, ("role",))
    assert (data["user"], data["actor"]) == (audit.user_digest(before), audit.actor_digest(before))


def test_the_actor_has_the_digest_that_it_has_as_a_user():
    acted = validate_session({**ANN, "act": {"user_id": "9"}})
    digest = audit.user_digest(validate_session({"user_id": "9"}))
    assert audit.actor_digest(acted) == digest != audit.user_digest(acted)
    assert audit.logged_user(acted) == f"{audit.user_digest(acted)} actor={digest}"
    assert audit.actor_digest(validate_session(ANN)) is audit.actor_digest(None) is None
    assert audit.logged_user(validate_session(ANN)) == audit.user_digest(acted)


class Rights:
    """What the project says: the current version, and the current dict."""

    version: object = "2"

    @staticmethod
    def of(user_id):
        if isinstance(Rights.version, Exception):
            raise Rights.version
        return Rights.version

    @staticmethod
    def refreshed(session, request):
        return {**ANN, "role": "reader"}


def checked(stamp, interval=0.0, checker=None):
    """Return the checker, the source's current value, and what is loaded for the session of Ann."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session["__session__"] = stored = {**ANN, STAMP: stamp}
    source = DjangoSessionSource()
    settings = SimpleNamespace(version=Rights.of, refresh=Rights.refreshed, version_interval=interval)
    checker = checker or VersionChecker(settings, source, validate_session)
    watch = source.watch(request)
    return checker, watch, run(checker.check(request, validate_session(ANN), stamp, stored, watch))


def test_a_refreshed_session_carries_the_new_version_into_an_update():
    checker, watch, loaded = checked("1")
    assert (loaded.session.role, loaded.version) == ("reader", "2")
    assert watch() == loaded.raw == {**ANN, "role": "reader", STAMP: "2"}
    assert checker.carried_version(loaded) == {STAMP: "2"}


def test_a_session_whose_version_is_out_of_reach_sees_what_is_stored_meanwhile(monkeypatch):
    monkeypatch.setattr(Rights, "version", ConnectionError())
    _, watch, loaded = checked("1")
    assert (loaded.session, loaded.unavailable.user_id, loaded.version) == (None, "7", None)
    assert loaded.current_value is watch
    assert loaded.raw is watch()


def test_a_session_with_the_current_version_sees_what_is_stored_meanwhile():
    checker, watch, loaded = checked("2", interval=5)
    again = checked("2", checker=checker)  # the version is remembered
    for current_value, found in ((watch, loaded), again[1:]):
        assert (found.session, found.version) == (ANN, "2")
        assert found.current_value is current_value
        assert found.raw is current_value()


@pytest.mark.parametrize(("length", "times"), [(499, 1), (500, 2)])
def test_a_long_version_is_not_remembered(length, times):
    asked, version = [], "v" * length
    settings = SimpleNamespace(
        version=lambda user_id: asked.append(user_id) or version, refresh=None, version_interval=60
    )
    checker = VersionChecker(settings, DjangoSessionSource(), validate_session)
    for _ in range(2):
        run(checker.check(RequestFactory().get("/"), validate_session(ANN), version, ANN, None))
    assert asked == ["7"] * times


def test_the_version_of_a_login_is_looked_up_before_its_dict_is_read_again():
    calls = []
    settings = SimpleNamespace(version=lambda user_id: calls.append("version") or "2", refresh=None, version_interval=0)
    checker = VersionChecker(settings, DjangoSessionSource(), validate_session)
    assert run(checker.read_after(lambda: calls.append("read") or ANN)) == (ANN, {STAMP: "2"})
    assert calls == ["read", "version", "read"]


@pytest.mark.parametrize("stored", [None, ANN])
def test_a_session_that_has_ended_is_not_read_again_if_the_source_keeps_its_dict(stored):
    settings = SimpleNamespace(version=Rights.of, refresh=None, version_interval=0)
    request = RequestFactory().get("/")
    request.session = SessionStore()
    watch = None if stored is None else lambda: stored
    checker = VersionChecker(settings, DjangoSessionSource(), validate_session)
    loaded = run(checker.check(request, validate_session(ANN), "1", ANN, watch))
    assert (loaded.session, loaded.fault) == (None, None)
    assert loaded.raw is loaded.current_value() is stored


def test_a_version_is_remembered_up_to_its_time_and_no_longer(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(versioning, "monotonic", lambda: now[0])
    checker, _, _ = checked("2", interval=5)
    monkeypatch.setattr(Rights, "version", "3")
    for passed, role in ((0, "editor"), (4.9, "editor"), (5, "reader")):
        now[0] = 100 + passed
        assert checked("2", checker=checker)[2].session.role == role


@pytest.mark.parametrize(
    "data", [ANN, {}, [STAMP], None, {**ANN, STAMP: True}, {**ANN, STAMP: ""}, UserDict({STAMP: "1"})]
)
def test_what_has_no_version_stays_as_it_is(data):
    found, version = split_version(data)
    assert found is data
    assert version is None


@pytest.mark.parametrize("version", ["a", 1])
def test_a_version_is_split_off(version):
    assert split_version({**ANN, STAMP: version}) == (ANN, str(version))


def test_code_that_reads_a_changed_session_while_it_is_validated_is_told_not_to():
    values = iter("abcdefgh")

    class Reading:
        calls_project_code = True

        def reload(self, request, loaded, raw):
            return context.peek()

    request = RequestFactory().get("/")
    context = SessionContext(Reading(), request, LoadedSession(None, "old", lambda: next(values)))
    with pytest.raises(InvalidPolicy, match="must not read the session while it is loading"):
        context.peek()


def raising(error):
    """Return a source that raises ``error``."""

    def source(request):
        raise error

    return source


class OfUsers(SessionSource):
    follows_user = True
    maker = "shop.dict_of"

    def read(self, request):
        raise InvalidSession("role", "is not known here")


@pytest.mark.parametrize(
    ("source", "line", "detail"),
    [
        (
            raising(InvalidSession("role", "is not known here")),
            "SESSIONKIT_SOURCE login without a session: field=role reason=is not known here; "
            "change what SESSIONKIT_SOURCE returns",
            "role: is not known here",
        ),
        (
            raising(PermissionDenied("secret")),
            "SESSIONKIT_SOURCE login without a session: field=session "
            "reason=was refused by the source: PermissionDenied; change what SESSIONKIT_SOURCE returns",
            "session: was refused by the source: PermissionDenied",
        ),
        (
            OfUsers,
            "contrib.auth login without a session: field=role reason=is not known here; "
            "change what shop.dict_of returns",
            "role: is not known here",
        ),
    ],
)
def test_a_login_that_the_source_refuses_says_why(source, line, detail, caplog):
    request = RequestFactory().get("/")
    with override_settings(SESSIONKIT_SOURCE=source):
        loaded = run(current_loader().load(request))
    assert (loaded.session, loaded.fault) == (None, Fault(REFUSED, detail))
    assert caplog.messages == [line]


class Keeping(DjangoSessionSource):
    """A source that does not remove a dict."""

    def remove(self, request):
        pass


@pytest.mark.parametrize("tenant", [None, lambda request: "acme"])
def test_a_malformed_dict_that_a_source_keeps_is_rejected_once(tenant):
    heard, request = [], RequestFactory().get("/")
    request.session = SessionStore()
    request.session["__session__"] = {"user_id": 7}
    signals.session_rejected.connect(
        hear := lambda request, field, **kwargs: heard.append((request, field)), weak=False
    )
    try:
        with override_settings(SESSIONKIT_SOURCE=Keeping, SESSIONKIT_TENANT=tenant):
            context = SessionContext(current_loader(), request)
            assert context.get() is context.peek() is None
            request.session["__session__"] = {**ANN, "role": 7}
            assert context.peek() is context.peek() is None
            request.session["__session__"] = ANN
            assert context.peek().user_id == "7"
    finally:
        signals.session_rejected.disconnect(hear)
    assert heard == [(request, "user_id"), (request, "role")]


def test_a_malformed_dict_of_a_source_that_watches_nothing_is_refused():
    with override_settings(SESSIONKIT_SOURCE=lambda request: {"user_id": 7}):
        loaded = run(current_loader().load(RequestFactory().get("/")))
    assert loaded.fault == Fault(REFUSED, "user_id: must be a string, not int; convert it with str(...)")


def test_a_dict_without_a_version_that_was_stored_in_the_request_is_refused_once(caplog):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    with override_settings(SESSIONKIT_VERSION=Rights.of):
        context = SessionContext(current_loader(), request)
        assert context.get() is None
        request.session["__session__"] = ANN
        assert context.peek() is None
        assert context.fault == Fault(REFUSED, "session: has no current version; store it with set_session()")
    assert caplog.messages == ["session counts as absent, it has no current version: store it with set_session()"]


def test_the_session_of_a_source_that_watches_nothing_stays():
    request = RequestFactory().get("/")
    with override_settings(SESSIONKIT_SOURCE=lambda request: ANN):
        context = context_for(request)
        assert context.get() == context.get() == context.peek() == ANN


def test_a_malformed_dict_of_a_source_that_only_reads_is_refused():
    request = RequestFactory().get("/")
    with override_settings(SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource"):
        request.sessionkit_data = {"user_id": 7}
        loaded = run(current_loader().load(request))
        assert loaded.fault == Fault(REFUSED, "user_id: must be a string, not int; convert it with str(...)")
        assert loaded.raw == loaded.current_value() == {"user_id": 7}


def test_without_versions_a_stored_version_does_not_count():
    data = {**ANN, STAMP: "1"}
    session, version = current_loader().parse_stored(data)
    assert (session.to_dict(), version) == (ANN, None)
    with override_settings(SESSIONKIT_VERSION=Rights.of):
        session, version = current_loader().parse_stored(data)
    assert (session.to_dict(), version) == (ANN, "1")


@pytest.mark.parametrize(
    ("debug", "is_installed", "warns"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_in_debug_a_missing_middleware_is_named_where_its_context_is_needed(debug, is_installed, warns, caplog):
    sessions = ["django.contrib.sessions.middleware.SessionMiddleware"]
    ours = ["django_sessionkit.middleware.SessionKitMiddleware"] if is_installed else []
    with override_settings(DEBUG=debug, MIDDLEWARE=sessions + ours, SESSIONKIT_PROTECT=[]):
        context_for(RequestFactory().get("/"))
    assert caplog.messages == [f"{installed.MIDDLEWARE_MISSING} {installed.MIDDLEWARE_REMEDY}"] * warns


def test_a_session_whose_file_is_gone_has_expired_under_asgi_too(settings, tmp_path):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.SESSION_FILE_PATH = str(tmp_path)
    key = "a" * 32
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = key
    for read in (DjangoSessionSource().read, async_to_sync(DjangoSessionSource().aread)):
        request.session = FileStore(key)
        assert read(request) is None
        request.session = FileStore(key)
        request.session.storage_path = str(tmp_path / "gone")
        with pytest.raises(FileNotFoundError):
            read(request)


def test_a_session_file_that_could_not_be_read_a_moment_ago_is_no_expired_session(settings, tmp_path):
    settings.SESSION_FILE_PATH = str(tmp_path)
    stored = FileStore()
    stored["__session__"] = ANN
    stored.save()
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = stored.session_key
    for check in (store_faults.check, async_to_sync(store_faults.acheck)):
        store = FileStore()  # Django drops a key whose file it cannot read
        with pytest.raises(OSError, match=r"^the session store was unreachable a moment ago$"):
            check(request, store)
        assert store["__session__"] == ANN


@pytest.mark.parametrize(
    ("error", "line", "detail"),
    [
        (SessionUnavailable("no node"), "session could not be loaded, so its state is unknown for now", "no node"),
        (
            ConnectionError("secret"),
            "session could not be loaded, so its state is unknown for now",
            "ConnectionError at ",
        ),
        (VersionUnavailable("no cache"), "session counts as absent, its version could not be checked", "no cache"),
    ],
)
def test_a_session_that_cannot_be_read_is_unknown_for_now(error, line, detail, caplog):
    with override_settings(SESSIONKIT_SOURCE=raising(error)):
        loaded = run(current_loader().load(RequestFactory().get("/")))
    assert (loaded.session, loaded.raw, loaded.fault.reason) == (None, None, UNKNOWN_FOR_NOW)
    assert loaded.fault.detail.startswith(detail)
    assert caplog.messages == [f"{line}: {loaded.fault.detail}"]
    assert "secret" not in caplog.text


@pytest.mark.parametrize("error", [SessionUnavailable("no node"), ConnectionError()])
def test_a_dict_that_cannot_be_validated_is_unknown_for_now_and_stays(error, caplog):
    def validator(data):
        if data.get("plan") == "unknown":
            raise error
        return data

    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session["__session__"] = {**ANN, "plan": "unknown"}
    with override_settings(SESSIONKIT_SESSION_VALIDATOR=validator):
        context = SessionContext(current_loader(), request)
        assert context.get() is None
        request.session["__session__"] = ANN
        assert context.get() == ANN
        request.session["__session__"] = changed = {**ANN, "plan": "unknown"}
        assert context.peek() is None
        assert context.fault.reason == UNKNOWN_FOR_NOW
        assert request.session["__session__"] is changed
        assert len(caplog.messages) == 2  # one for each dict
        request.session["__session__"] = {**ANN, "plan": "premium"}
        assert context.peek()["plan"] == "premium"
        assert context.fault is None


def test_the_version_of_a_dict_that_a_source_makes_is_looked_up_once():
    asked = []
    settings = SimpleNamespace(version=lambda user_id: asked.append(user_id) or "2", refresh=None, version_interval=0)
    checker = VersionChecker(settings, DjangoSessionSource(), validate_session)
    request, ann = RequestFactory().get("/"), validate_session(ANN)

    def users_asked_about():
        loaded = run(checker.check(request, ann, "2", {**ANN, STAMP: "2"}, None))
        assert (loaded.session, loaded.version) == (ann, "2")
        found, asked[:] = asked[:], []
        return found

    assert run(checker.version_for_new(request, "7")) == {STAMP: "2"}
    assert users_asked_about() == ["7"]
    assert users_asked_about() == ["7"]  # a later load looks it up again
    run(checker.version_for_new(request, "8"))
    assert users_asked_about() == ["8", "7"]


class Unreachable:
    """A cache that raises an error so many times, and then works."""

    def __init__(self, error, times):
        self.error, self.times = error, times

    def get(self, key):
        if self.times:
            self.times -= 1
            raise self.error
        return cache.get(key)

    async def aget(self, key):
        return self.get(key)


@pytest.mark.parametrize("read", [DjangoSessionSource().read, async_to_sync(DjangoSessionSource().aread)])
@pytest.mark.parametrize(
    ("error", "times", "raised"),
    [
        (ConnectionError("down"), 1, "the session store was unreachable a moment ago"),
        (ConnectionError("down"), 2, "down"),
        (InvalidCacheKey("odd"), 2, None),
    ],
)
def test_an_unreachable_cache_is_no_expired_session(settings, read, error, times, raised):
    stored = SessionStore()
    stored["__session__"] = ANN
    stored.save()
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = stored.session_key
    request.session = SessionStore(stored.session_key)
    request.session._cache = Unreachable(error, times)
    if raised is None:
        assert read(request) is None
        assert request.session.session_key is None
        return
    with pytest.raises(OSError, match=f"^{raised}$"):
        read(request)
    assert request.session.session_key == stored.session_key
    assert read(request) == ANN  # the cookie is still good


@pytest.mark.parametrize(
    ("stored", "another"),
    [
        (None, False),
        (ANN, False),
        ({**ANN, "auth_time": 9, "amr": ["otp"], STAMP: "1"}, False),
        ({**ANN, "role": "reader"}, True),
        ({**ANN, "plan": None}, True),
    ],
)
def test_a_login_over_the_dict_of_another_layer_is_noticed(stored, another):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    if stored is not None:
        request.session["__session__"] = stored
    assert current_loader().keeps_another(request, {**ANN, STAMP: "2"}) is another


class Sourced(DjangoSessionSource):
    vary_headers = ("X-Tenant", "Cookie")


class Attribute(RequestAttributeSource):
    vary_headers = ("Cookie",)


@pytest.mark.parametrize(
    ("settings", "calls", "vary", "reads_cookie"),
    [
        ({}, False, "Cookie", True),
        ({"SESSIONKIT_SOURCE": Sourced}, True, "X-Tenant, Cookie", False),
        ({"SESSIONKIT_SOURCE": Attribute}, True, "Cookie", True),
        ({"SESSIONKIT_SESSION_VALIDATOR": dict}, True, "Cookie", True),
        ({"SESSIONKIT_VERSION": Rights.of}, True, "Cookie", True),
        ({"SESSION_ENGINE": "django.contrib.sessions.backends.db"}, True, "Cookie", True),
    ],
)
def test_what_takes_part_in_loading_and_what_it_reads(settings, calls, vary, reads_cookie):
    with override_settings(**settings):
        loader = current_loader()
        assert (loader.calls_project_code, loader.vary, loader.reads_cookie) == (calls, ("Vary", vary), reads_cookie)


def test_the_session_of_a_request_closes_no_connection():
    assert SessionContext.fixed(None).close_code(Decision(False, NOT_AUTHENTICATED)) is None


def test_a_dict_that_is_stored_after_the_session_was_cleared_is_seen():
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.sessionkit = SessionContext(current_loader(), request)
    set_session(request, ANN)
    clear_session(request)
    assert request.sessionkit.peek() is None
    request.session["__session__"] = ANN
    assert request.sessionkit.peek() == ANN


def test_an_update_of_a_dict_that_changed_in_the_request_keeps_the_version():
    request = RequestFactory().get("/")
    request.session = SessionStore()
    with override_settings(SESSIONKIT_VERSION=Rights.of):
        request.sessionkit = SessionContext(current_loader(), request)
        stored = set_session(request, ANN)
        assert request.sessionkit.peek() is stored
        request.session["__session__"] = {**request.session["__session__"], "role": "reader"}
        assert request.sessionkit.peek().role == "reader"
        update_session(request, {"plan": "basic"})
    assert request.session["__session__"] == {**ANN, "role": "reader", "plan": "basic", STAMP: "2"}


def test_an_attribute_that_the_middleware_did_not_set_is_no_context():
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session["__session__"] = ANN
    request.sessionkit = {"theme": "dark"}
    assert own_context(request) is None
    assert context_for(request).get() == ANN


def test_the_current_context_is_preferred_to_that_of_the_request():
    request = RequestFactory().get("/")
    request.sessionkit = context = SessionContext(current_loader(), request)
    assert context_for(request) is context
    with activate(SessionContext.fixed(None)) as current:
        assert context_for(request) is current
