"""Which denial of several decorators of one view is answered."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path, resolve
from support.sessions import ADMIN, READER

from django_sessionkit import Role, validate_session
from django_sessionkit.decorators import require_recent, require_role
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


class Pages:
    """A URLconf whose pages the root URLconf does not have."""

    urlpatterns = (
        path("both/", require_recent(60)(require_role("admin", redirect_to="/a/")(page))),
        path("recent/", require_recent(60)(page)),
        path("confirm/", require_recent(60)(page), name="tenant-confirm"),
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
