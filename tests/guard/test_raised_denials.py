"""Each denial that is raised is reported once, with the status of its response."""

from __future__ import annotations

import asyncio
import copy
import threading
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from support.sessions import ADMIN, JSON, READER, abrowser, browser

from django_sessionkit import (
    AccessDenied,
    Authenticated,
    Decision,
    NotAuthenticated,
    Role,
    aenforce,
    arequire_session,
    aupdate_session,
    enforce,
    require_session,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.guard.denial_choice import Denial
from django_sessionkit.guard.raised_denials import decision_of, denial_of_error, reporting
from django_sessionkit.policy.decisions import REFUSED, UNKNOWN_FOR_NOW
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext
from django_sessionkit.signals import access_denied
from django_sessionkit.utils.sansio import run

EDITOR_ONLY = Role("editor")


@pytest.fixture
def told(caplog):
    """Collect what the signal reports. The log must report the same."""
    found, allowed = [], []

    def keep(sender, signal, request, decision, status, user, actor):
        found.append((request and request.path, decision.reason, status, user is not None))
        allowed.append(decision.allowed)

    access_denied.connect(keep)
    yield found
    access_denied.disconnect(keep)
    assert all(one is False for one in allowed)
    lines = [one.getMessage() for one in caplog.get_records("call") if one.getMessage().startswith("access denied: ")]
    assert len(lines) == len(found)
    for line, (_, reason, status, _) in zip(lines, found, strict=True):
        assert f"reason={reason} " in line
        assert f"status={status} " in line


def left(request):
    enforce(EDITOR_ONLY)


async def aleft(request):
    await aenforce(EDITOR_ONLY)


async def left_on_loop(request):
    await aenforce(Authenticated() | ~EDITOR_ONLY)
    enforce(EDITOR_ONLY)


def swallowed(request):
    with suppress(PermissionDenied):
        enforce(EDITOR_ONLY)
    return HttpResponse("page")


async def aswallowed(request):
    try:
        await aenforce(EDITOR_ONLY)
    except Exception:
        return HttpResponse("page")


def swallowed_session(request):
    with suppress(NotAuthenticated):
        require_session()
    return HttpResponse("page")


async def aswallowed_session(request):
    with suppress(NotAuthenticated):
        await arequire_session()
    return HttpResponse("page")


def raised_again(request):
    try:
        enforce(EDITOR_ONLY)
    except AccessDenied as error:
        raise error from None


def twice(request):
    for _ in range(2):
        with suppress(PermissionDenied):
            enforce(EDITOR_ONLY)
    return HttpResponse("page")


async def gathered(request):
    answers = await asyncio.gather(*(aenforce(EDITOR_ONLY) for _ in range(2)), return_exceptions=True)
    return HttpResponse(str(len(answers)))


def own(request):
    raise AccessDenied(message="by hand")


def of_another_denial(request):
    raise AccessDenied(Decision(False, "predicate"))


def pretending(request):
    with use_session(READER):
        enforce(EDITOR_ONLY)


def lifted(get_response):
    """A middleware that responds to a denial itself."""

    def middleware(request):
        return get_response(request)

    middleware.process_exception = lambda request, error: HttpResponse("lifted", status=418)  # type: ignore[attr-defined]
    return middleware


def asking(get_response):
    """A middleware that raises outside of any view."""

    def middleware(request):
        enforce(EDITOR_ONLY)
        return get_response(request)

    return middleware


VIEWS = [left, aleft, left_on_loop, swallowed, aswallowed, swallowed_session, aswallowed_session, raised_again]
VIEWS += [twice, gathered, own, of_another_denial, pretending]
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
LACKS = ("missing_role", 403, True)
NOBODY_THERE = ("not_authenticated", 302, False)
CASES = [
    ("left", READER, 403, [LACKS]),
    ("left", None, 302, [NOBODY_THERE]),
    ("left", ADMIN, 403, [LACKS]),
    ("aleft", READER, 403, [LACKS]),
    ("aleft", None, 302, [NOBODY_THERE]),
    ("left_on_loop", READER, 403, [LACKS]),
    ("swallowed", READER, 200, [LACKS]),
    ("swallowed", None, 200, [NOBODY_THERE]),
    ("aswallowed", READER, 200, [LACKS]),
    ("aswallowed", None, 200, [NOBODY_THERE]),
    ("swallowed_session", None, 200, [NOBODY_THERE]),
    ("swallowed_session", READER, 200, []),
    ("aswallowed_session", None, 200, [NOBODY_THERE]),
    ("aswallowed_session", READER, 200, []),
    ("raised_again", READER, 403, [LACKS]),
    ("twice", READER, 200, [LACKS, LACKS]),
    ("gathered", READER, 200, [LACKS, LACKS]),
    ("own", READER, 403, [("denied", 403, True)]),
    ("of_another_denial", READER, 403, [("predicate", 403, True)]),
]


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(("view", "session", "status", "expected"), CASES)
def test_it_is_reported_once_answered_or_not(view, session, status, expected, told):
    expected = [(f"/{view}/", *one) for one in expected]
    assert async_to_sync(abrowser(session).get)(f"/{view}/").status_code == status
    assert told == expected
    if view != "left_on_loop":
        assert browser(session).get(f"/{view}/").status_code == status
        assert told == expected * 2


@override_settings(ROOT_URLCONF=__name__)
def test_a_program_is_told_of_by_the_status_that_it_gets(told):
    assert browser().get("/left/", headers=JSON).status_code == 401
    assert told == [("/left/", "not_authenticated", 401, False)]


@override_settings(ROOT_URLCONF=__name__)
def test_a_pretended_session_is_of_no_request(told):
    assert browser(READER).get("/pretending/").status_code == 403
    assert told == [(None, "missing_role", None, True)]


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[SESSIONS, OURS, f"{__name__}.lifted"])
def test_what_another_middleware_answers_is_reported(told):
    assert browser(READER).get("/left/").status_code == 418
    assert told == [("/left/", *LACKS)]


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[SESSIONS, OURS, f"{__name__}.asking"])
def test_what_a_middleware_raises_is_reported(told):
    assert browser(READER).get("/swallowed_session/").status_code == 403
    assert told == [("/swallowed_session/", *LACKS)]


def test_outside_of_a_request_there_is_neither_path_nor_status(told):
    for ask in (lambda: enforce(EDITOR_ONLY), require_session):
        with pytest.raises(NotAuthenticated):
            ask()
    for ask, args in ((aenforce, [EDITOR_ONLY]), (arequire_session, [])):
        with pytest.raises(NotAuthenticated):
            async_to_sync(ask)(*args)
    assert told == [(None, "not_authenticated", None, False)] * 4


def test_nor_in_a_task_that_pretends_a_session(told):
    def task():
        with use_session(READER), suppress(AccessDenied):
            enforce(EDITOR_ONLY)

    thread = threading.Thread(target=task)
    thread.start()
    thread.join()
    assert told == [(None, "missing_role", None, True)]


def test_the_line_of_one_outside_of_a_request(caplog):
    with use_session(READER), pytest.raises(AccessDenied):
        enforce(EDITOR_ONLY)
    line = "access denied: rule=None reason=missing_role method=None route=None status=None"
    with use_session(READER):
        assert caplog.messages == [f"{line} user={user_digest(require_session())}"]


def test_an_update_without_a_session_is_reported(told):
    request = RequestFactory(headers=JSON).get("/update/")
    request.session = SessionStore()
    with pytest.raises(NotAuthenticated):
        update_session(request, {"plan": "gold"})
    with pytest.raises(NotAuthenticated):
        async_to_sync(aupdate_session)(request, {"plan": "gold"})
    assert told == [("/update/", "not_authenticated", 401, False)] * 2


@pytest.mark.parametrize("error", [NotAuthenticated, AccessDenied])
def test_the_reason_is_that_of_a_session_that_was_refused(error, told):
    """Also if the project raises the exception, or the session itself is what is missing."""
    refused = SessionContext(None, None, LoadedSession(None, fault=Fault(REFUSED, "roles: must be a list")))
    assert decision_of(error(), refused) == Decision(False, REFUSED, detail="roles: must be a list")
    with suppress(error):
        raise run(reporting(error(), refused))
    assert told == [(None, "refused", None, False)]


def test_what_goes_to_another_process_stays_reported(told):
    with use_session(READER), pytest.raises(AccessDenied) as caught:
        enforce(EDITOR_ONLY)
    assert copy.copy(caught.value).is_reported is True
    assert AccessDenied().is_reported is False
    assert len(told) == 1


@pytest.mark.parametrize("error", [NotAuthenticated, AccessDenied])
def test_the_denial_of_an_exception_has_its_decision_and_its_options(error):
    decision, options = Decision(False, "predicate"), DenialOptions(on_deny="not_found")
    refused = SessionContext(None, None, LoadedSession(None, fault=Fault(REFUSED, "why")))
    raised = error(decision)
    assert denial_of_error(raised, refused) == denial_of_error(raised, None) == Denial(decision)
    raised.options = options
    assert denial_of_error(raised, None) == Denial(decision, options)
    assert decision_of(error(), None) == decision_of(error(), SessionContext.fixed(None))
    assert decision_of(error(), None) == Decision(False, "not_authenticated")
    assert decision_of(error(), SessionContext.fixed(validate_session(READER))) == Decision(False, "denied")


class Line(SessionContext):
    """The context of a connection that is closed with a code."""

    def close_code(self, decision):
        return 4403 if decision.reason == "predicate" else None


def test_the_status_is_the_code_that_a_connection_is_closed_with(told):
    request = RequestFactory(headers=JSON).get("/line/")
    line = Line(None, request, LoadedSession(validate_session(READER)))
    for reason in ("predicate", "policy"):
        raised = AccessDenied(Decision(False, reason))
        assert run(reporting(raised, line)) is raised
        assert raised.is_reported is True
    assert told == [("/line/", "predicate", 4403, True), ("/line/", "policy", 403, True)]


def test_the_status_is_that_of_the_options_and_of_a_session_that_is_unknown_for_now(told):
    request = RequestFactory(headers=JSON).get("/a/")
    hidden = AccessDenied(Decision(False, "policy"))
    hidden.options = DenialOptions(on_deny="not_found")
    run(reporting(hidden, SessionContext(None, request, LoadedSession(None))))
    unknown = SessionContext(None, request, LoadedSession(None, fault=Fault(UNKNOWN_FOR_NOW, "why")))
    run(reporting(AccessDenied(), unknown))
    run(reporting(AccessDenied(), SessionContext(None, request, LoadedSession(None))))
    assert told == [
        ("/a/", "policy", 404, False),
        ("/a/", "unknown_for_now", 503, False),
        ("/a/", "not_authenticated", 401, False),
    ]
