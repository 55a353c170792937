"""A decision that depends on the time, or on the factors of a login, is never kept for another time or session."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import time_machine
from django.http import HttpResponse
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from support.sessions import HTML, READER, browser

from django_sessionkit import (
    Authenticated,
    Factor,
    Permission,
    Recent,
    Role,
    can_access,
    enforce,
    evaluate,
    use_session,
    validate_session,
)
from django_sessionkit.decorators import require
from django_sessionkit.exceptions import AccessDenied
from django_sessionkit.guard.evaluator import cached_decision
from django_sessionkit.guard.request_evaluation import RequestEvaluation
from django_sessionkit.requirements import And, Not, Or
from django_sessionkit.session.context import SessionContext
from django_sessionkit.utils.sansio import run

if HAS_DRF := find_spec("rest_framework") is not None:
    pass

NOW = 1_800_000_000
# The rights are the same, so that the sessions share their cached decisions.
RIGHTS = {"user_id": "1", "role": "editor", "permissions": ["posts:write"]}
LOGINS = [{}, {"auth_time": NOW}, {"auth_time": NOW - 300, "amr": ["otp"]}, {"auth_time": NOW + 59, "amr": ["pwd"]}]
SESSIONS = [validate_session({**RIGHTS, **login}) for login in LOGINS]

leaves = st.sampled_from(
    [Recent(1), Recent(600), Factor("otp"), Role("editor"), Role("admin"), Permission("posts:write"), Authenticated()]
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(And, inner, inner), st.builds(Or, inner, inner)),
    max_leaves=6,
)
moments = st.sampled_from([0, 1, 2, 300, 301, 600, 601, -1, -60, -61, -7200])
steps = st.lists(st.tuples(moments, st.integers(0, len(SESSIONS) - 1)), min_size=2, max_size=8)


@given(requirement=trees, steps=steps)
def test_each_moment_and_each_login_has_its_own_decision(requirement, steps):
    lasting = [RequestEvaluation(SessionContext.fixed(session)) for session in SESSIONS]
    with time_machine.travel(NOW, tick=False) as clock:
        for seconds, number in steps:
            clock.move_to(NOW + seconds)
            expected = requirement.check(SESSIONS[number])
            assert run(lasting[number].decide("rule", requirement)).allowed is expected.allowed
            with use_session(SESSIONS[number]):
                kept = cached_decision(requirement)
                assert kept is None or kept.allowed is expected.allowed
                assert (evaluate(requirement).reason, evaluate(requirement).allowed) == (
                    expected.reason,
                    expected.allowed,
                )


def test_one_with_a_time_is_not_even_put_into_the_cache():
    asked, static = Role("editor") & ~~Recent(600), Role("editor")
    with use_session(SESSIONS[1]), time_machine.travel(NOW, tick=False):
        assert evaluate(asked)
        assert cached_decision(asked) is None
        assert evaluate(static)
        assert cached_decision(static) is not None


def asking(request):
    """Ask in the middle of a request, whose login gets too old while the view runs."""
    assert can_access("/guarded/")
    enforce(Recent(600))
    request.clock.move_to(NOW + 601)
    assert not can_access("/guarded/")
    with pytest.raises(AccessDenied):
        enforce(Recent(600))
    return HttpResponse("asked")


def guarded(request):
    return HttpResponse("guarded")


urlpatterns = [path("asking/", asking), path("guarded/", require(Recent(600))(guarded)), path("rule/", guarded)]


class Clock:
    """Middleware that gives the clock to the view."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.clock = type(self).traveller
        return self.get_response(request)

    traveller = None


def test_within_one_request_and_from_one_request_to_the_next(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = [{"pattern": "/rule", "recent": 600}]
    settings.MIDDLEWARE = [f"{__name__}.Clock", *settings.MIDDLEWARE]
    with time_machine.travel(NOW, tick=False) as Clock.traveller:  # type: ignore[misc]
        client = browser({**READER, "auth_time": NOW})
        for url in ("/guarded/", "/rule/"):
            assert [client.get(url, headers=HTML).status_code for _ in range(3)] == [200] * 3
        assert client.get("/asking/", headers=HTML).content == b"asked"
        for url in ("/guarded/", "/rule/"):
            assert client.get(url, headers=HTML).status_code == 302


@pytest.mark.skipif(not HAS_DRF, reason="needs djangorestframework")
def test_a_permission_of_rest_framework_asks_each_time(settings):
    from rest_framework.views import APIView

    from django_sessionkit.contrib.drf import Requires, SessionKitAuthentication

    told = []

    class Page(APIView):
        authentication_classes = [SessionKitAuthentication]
        permission_classes = [Requires(Recent(600))]

        def get(self, request):
            Clock.traveller.move_to(NOW + 601)
            told.append([one.is_part for one in self.get_permissions()])
            self.check_permissions(request)

    settings.ROOT_URLCONF = (path("drf/", Page.as_view()),)
    with time_machine.travel(NOW, tick=False) as Clock.traveller:  # type: ignore[misc]
        client = browser({**READER, "auth_time": NOW})
        assert client.get("/drf/", headers={"accept": "application/json"}).status_code == 401
    assert told == [[False]]
