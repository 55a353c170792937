"""What the flows of a session hand on: to the source, to the receivers of signals, and to the next request."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.contrib.sessions.backends.file import SessionStore as FileStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory, override_settings
from support.loops import async_to_sync

from django_sessionkit import InvalidSession, clear_session, set_session, signals, validate_session
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import REFUSED
from django_sessionkit.session import audit, versioning, writer
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.session.versioning import VersionChecker, split_version
from django_sessionkit.sources import DjangoSessionSource
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


def test_a_version_is_remembered_up_to_its_time_and_no_longer(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(versioning, "monotonic", lambda: now[0])
    checker, _, _ = checked("2", interval=5)
    monkeypatch.setattr(Rights, "version", "3")
    for passed, role in ((0, "editor"), (4.9, "editor"), (5, "reader")):
        now[0] = 100 + passed
        assert checked("2", checker=checker)[2].session.role == role


@pytest.mark.parametrize("data", [ANN, {}, [STAMP], None, {**ANN, STAMP: True}, {**ANN, STAMP: ""}])
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


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (InvalidSession("role", "is not known here"), "role: is not known here"),
        (PermissionDenied("secret"), "session: was refused by the source: PermissionDenied"),
    ],
)
def test_a_login_that_the_source_refuses_says_why(error, detail):
    request = RequestFactory().get("/")
    with override_settings(SESSIONKIT_SOURCE=raising(error)):
        loaded = run(current_loader().load(request))
    assert (loaded.session, loaded.fault) == (None, Fault(REFUSED, detail))


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
    assert bool(caplog.messages) is warns


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
