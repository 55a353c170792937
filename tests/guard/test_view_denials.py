"""Which denial of several decorators of one view is answered."""

from __future__ import annotations

import logging

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path, resolve
from django.utils.translation import override
from django.views import View
from support.sessions import ADMIN, READER

from django_sessionkit import Allow, AllowObject, RequireObjectMixin, Role, validate_session
from django_sessionkit.decorators import require, require_recent, require_role
from django_sessionkit.guard.denial_choice import Denial
from django_sessionkit.guard.view_denials import denial_of_marks, denial_to_answer
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.view_marks import ViewRequirement
from django_sessionkit.session.context import LoadedSession, SessionContext
from django_sessionkit.utils.sansio import run

STALE, FACTOR = Decision(False, "stale_authentication"), Decision(False, "missing_factor")
LACKS, NO_OBJECT, GRANTED = Decision(False, "missing_role"), Decision(False, "no_object"), Decision(True, "granted")


@pytest.mark.parametrize(
    ("decisions", "answered", "asked"),
    [
        ([], None, 0),
        ([GRANTED, GRANTED], None, 2),
        ([STALE, FACTOR, GRANTED], 0, 3),
        ([STALE, LACKS, FACTOR], 1, 2),
        ([GRANTED, LACKS, STALE], 1, 2),
        ([NO_OBJECT, STALE], 0, 1),
    ],
)
def test_the_first_that_a_new_login_does_not_lift_or_else_the_first(decisions, answered, asked):
    marks = [ViewRequirement(Role(str(one)), DenialOptions(redirect_to=f"/{one}/")) for one in range(len(decisions))]
    left, requirements = iter(decisions), []

    def check(requirement, obj):
        requirements.append(requirement)
        yield from ()
        return next(left)

    expected = None if answered is None else Denial(decisions[answered], marks[answered].options)
    assert run(denial_of_marks(marks, check)) == expected
    assert requirements == [one.requirement for one in marks[:asked]]


def test_what_the_object_may_change_stays_open():
    def check(requirement, obj):
        yield from ()
        return {Role("a"): NO_OBJECT, Role("b"): LACKS}[requirement]

    first, second = (ViewRequirement(Role(name), needs_object=True) for name in "ab")
    assert run(denial_of_marks([first], check)) is None
    assert run(denial_of_marks([first, second], check)) == Denial(LACKS)


def page(request):
    return HttpResponse("page")


class Handler(View):
    @require_role("admin")
    def get(self, request):
        return HttpResponse("page")


class Owned(RequireObjectMixin, View):
    object_requirement = AllowObject(lambda session, obj: True)

    def get_object(self):
        return 7


asked = []


def ask(session, request):
    asked.append(request)
    return True


class Pages:
    """A URLconf whose pages the root URLconf does not have."""

    urlpatterns = (
        path("both/", require_recent(60)(require_role("admin", redirect_to="/a/")(page))),
        path("handler/", require_recent(60)(Handler.as_view())),
        path("owned/", require_recent(60)(Owned.as_view())),
        path("asked/", require_recent(60)(require(Allow(ask))(page))),
        path("recent/", require_recent(60)(page)),
        path("confirm/", require_recent(60)(page), name="tenant-confirm"),
        *i18n_patterns(path("sure/", page), path("late/", require_recent(60)(page))),
    )


@override_settings(SESSIONKIT_REAUTH_URL="tenant-confirm")
@pytest.mark.parametrize(
    ("url", "session", "expected"),
    [
        ("/both/", READER, "missing_role"),
        ("/both/", ADMIN, "stale_authentication"),
        ("/recent/", READER, "stale_authentication"),
        ("/confirm/", READER, None),
    ],
)
def test_the_others_are_checked_and_logged_before_the_user_is_asked_to_confirm(url, session, expected, caplog):
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    request = RequestFactory().get(url)
    request.urlconf, request.resolver_match = Pages, resolve(url, Pages)
    context = SessionContext(None, request, LoadedSession(validate_session(session)))
    lacks, stale = Denial(LACKS), Denial(STALE)
    assert run(denial_to_answer(request, lacks, context)) is lacks
    assert caplog.messages == []
    found = run(denial_to_answer(request, stale, context))
    assert (found and found.decision.reason) == expected
    assert (found is stale) is (expected == "stale_authentication")
    assert all(f"method=GET route={url[1:]}" in one for one in caplog.messages)
    assert len(caplog.messages) == (2 if url == "/both/" else 1)
    request.resolver_match = None
    if url != "/confirm/":
        assert run(denial_to_answer(request, stale, context)) is stale


def answer_to_stale(url, routed=None):
    """The reason of the denial that a reader is answered with whose login is too old."""
    request = RequestFactory().get(url)
    request.urlconf, request.resolver_match = Pages, resolve(routed or url, Pages)
    context = SessionContext(None, request, LoadedSession(validate_session(READER)))
    found = run(denial_to_answer(request, Denial(STALE), context))
    return request, found and found.decision.reason


def test_the_handler_of_the_method_the_request_and_the_missing_object_are_looked_at(caplog):
    assert answer_to_stale("/handler/")[1] == "missing_role"
    assert answer_to_stale("/owned/")[1] == "stale_authentication"
    asked.clear()
    request, reason = answer_to_stale("/asked/")
    assert (asked, reason) == ([request], "stale_authentication")
    assert caplog.messages == []


@override_settings(SESSIONKIT_REAUTH_URL="/sure/")
def test_a_page_that_a_language_leads_to_is_the_page_that_was_routed():
    with override("en"):
        assert answer_to_stale("/en/sure/")[1] is None
        assert answer_to_stale("/en/sure/", "/en/late/")[1] == "stale_authentication"
