"""The short cut for requests that no rule can deny. What it answers for whole requests is tested with the engine."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.urls import path, re_path, resolve
from support.sessions import READER
from testsite import views

from django_sessionkit import Allow, AllowObject, conf, validate_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.requirements import Recent
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT
from django_sessionkit.session.context import LoadedSession, SessionContext
from django_sessionkit.utils.sansio import run


@pytest.mark.parametrize("urlconf", [[], ""])
@pytest.mark.parametrize("root", [None, "testsite.urls"])
def test_a_urlconf_that_cannot_be_read_is_not_taken_for_the_root(root, urlconf):
    """It cannot be told whether a language comes first, so each form of the path is looked at."""
    request = RequestFactory().get("/de/admin/")
    with override_settings(ROOT_URLCONF=root, SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "role": "admin"}]):
        evaluation = RequestEvaluation(SessionContext.fixed(None))
        assert evaluation.needs_no_evaluation(request) == (root is not None)
        request.urlconf = urlconf
        assert not evaluation.needs_no_evaluation(request)


def evaluation_of(request, session=None, *, is_routed=False):
    found = RequestEvaluation(
        SessionContext(None, request, LoadedSession(validate_session(session) if session else None))
    )
    found.is_routed = is_routed
    return found


def is_free(url, method="GET", *, is_routed=False, path_info=None, urlconf=None, session=None):
    """Whether the request needs no evaluation, asked twice, and the rule for which its session is loaded first."""
    request = RequestFactory().generic(method, url)
    request.path_info = path_info or url
    if urlconf is not None:
        request.urlconf = urlconf
    request.resolver_match = resolve(url, urlconf) if is_routed else None
    evaluation = evaluation_of(request, session, is_routed=is_routed)
    first, again = (evaluation.needs_no_evaluation(request) for _ in range(2))
    assert first == again
    return first, evaluation.sole_rule and evaluation.sole_rule.label


class Loose:
    """A URLconf whose pattern matches more than the text that it writes."""

    urlpatterns = (re_path("^page", views.page), path("files/<path:name>", views.page))


class Closing(AccessPolicy):
    """Denies everything to everybody."""

    def check(self, requirement, session, request):
        return False


def test_the_settings_of_an_evaluation_are_those_that_it_is_given_or_the_current_ones():
    given = conf.current()
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
        found = [RequestEvaluation(SessionContext.fixed(None), *one).settings for one in ((given,), ())]
        assert found == [given, conf.current()]
        assert found[0] is not found[1]


@pytest.mark.parametrize("is_global", [False, True])
def test_without_a_rule_only_the_default_needs_an_evaluation(is_global):
    for rules in ([], [{"pattern": "/admin/**", "role": "admin"}]):
        with override_settings(SESSIONKIT_PROTECT=rules, SESSIONKIT_GLOBAL_PROTECT=is_global):
            assert is_free("/page/") == (True, None)
            assert is_free("/page/", is_routed=True) == (not is_global, None)


RULES = [
    {"pattern": "/open", "public": True, "name": "open"},
    {"pattern": "/page", "role": "reader", "methods": ["POST"], "name": "post"},
    {"pattern": "/page", "role": "editor", "methods": ["GET"], "name": "get"},
    {"view": "who", "role": "reader", "name": "view"},
    {"pattern": "/who", "role": "editor", "name": "who"},
]


@override_settings(SESSIONKIT_PROTECT=RULES, DEBUG=False)
def test_the_rule_that_alone_decides_is_found_without_an_evaluation():
    assert is_free("/open/") == is_free("/open/", is_routed=True) == (True, None)
    assert is_free("/open/", path_info="/page/") == is_free("/page/", path_info="/open/") == (False, None)
    assert is_free("/page/", "POST") == (False, "post")
    assert is_free("/page/", "GET") == is_free("/page/", "GET", is_routed=True) == (False, "get")
    assert is_free("/page/", "PUT") == (True, None)
    assert is_free("/page/", "GET", urlconf=Loose) == is_free("/page/", "GET", urlconf=Loose, is_routed=True)
    assert is_free("/page/", "GET", urlconf=Loose) == (False, None)
    assert is_free("/page/", "PUT", urlconf=Loose) == (True, None)
    assert is_free("/page/", "PUT", urlconf=Loose, is_routed=True) == (False, None)


@pytest.mark.parametrize("setting", [{"DEBUG": True}, {"SESSIONKIT_ACCESS_POLICY": Closing}])
def test_a_public_rule_is_evaluated_for_a_debug_header_and_for_a_policy(setting):
    with override_settings(SESSIONKIT_PROTECT=RULES, **setting):
        assert is_free("/open/") == (False, None)
        assert is_free("/page/", "PUT") == (True, None)
        assert is_free("/page/")[1] == (None if "DEBUG" in setting else "get")


@override_settings(SESSIONKIT_PROTECT=RULES)
def test_a_view_counts_once_the_request_is_routed():
    request = RequestFactory().get("/who/")
    request.resolver_match = resolve("/who/")
    for is_routed, label in ((False, None), (True, "view")):
        evaluation = evaluation_of(request, is_routed=is_routed)
        assert evaluation.needs_no_evaluation(request) is not is_routed
        assert (evaluation.sole_rule and evaluation.sole_rule.label) == label


@override_settings(SESSIONKIT_PROTECT=RULES)
def test_another_path_of_the_same_request_is_looked_up_again():
    request = RequestFactory().get("/open/")
    evaluation = evaluation_of(request)
    for url, expected in (("/open/", True), ("/page/", False), ("/open/", True)):
        request.path = request.path_info = url
        assert evaluation.needs_no_evaluation(request) is expected


def test_a_decision_is_made_once_for_a_rule_a_path_a_method_and_a_session(caplog):
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    asked = []

    def allowed(session, request):
        asked.append((session and session.user_id, request.path))
        return True

    request = RequestFactory().get("/a/")
    evaluation, stable, timed = evaluation_of(request, READER), Allow(allowed), Allow(allowed) & Recent(60)
    assert evaluation.decision_of("a") is None
    first = run(evaluation.decide("a", stable))
    assert (first.rule, first.allowed, first.requirement) == ("a", True, stable)
    assert run(evaluation.decide("a", stable)) is first
    assert (evaluation.decision_of("a"), evaluation.decision_of("b")) == (first, None)
    assert run(evaluation.decide("b", stable)) == replace(first, rule="b")
    assert (evaluation.decision_of("a").rule, evaluation.decision_of("b").rule) == ("a", "b")
    line = f"reason=granted requirement={stable!r} method=GET route=None"
    assert [one.partition(" actor=")[0] for one in caplog.messages] == [f"allowed: rule={one} {line}" for one in "ab"]
    changes = [("path", "/b/"), ("path_info", "/b/"), ("method", "POST")]
    for name, value in changes:
        setattr(request, name, value)
        assert run(evaluation.decide("a", stable)) is run(evaluation.decide("a", stable))
    evaluation.context.replace(LoadedSession(None))
    assert run(evaluation.decide("a", stable)) is run(evaluation.decide("a", stable))
    assert asked == [("1", "/a/")] * 2 + [("1", "/b/")] * 3 + [(None, "/b/")]
    for _ in range(2):
        run(evaluation.decide("a", timed))
    assert len(asked) == 8


def test_a_decision_about_an_object_that_is_not_known_yet_is_open():
    asked = AllowObject(lambda session, obj: obj == 7)
    evaluation = evaluation_of(None, READER)
    assert run(evaluation.evaluate(asked, 7))
    assert run(evaluation.decide("a", asked, UNKNOWN_OBJECT)).reason == "no_object"
    assert run(evaluation.decide("b", asked, 7))


def test_what_is_decided_about_is_taken_from_the_request():
    assert AccessRequest.of(HttpRequest(), resolved=False) == AccessRequest("", "", "")
    request = RequestFactory().put("/page/")
    request.path, request.urlconf, request.resolver_match = "/mount/page/", Loose, resolve("/page/", Loose)
    known = AccessRequest("/page/", "/mount/page/", "PUT", Loose)
    assert AccessRequest.of(request, resolved=False) == known
    found = AccessRequest.of(request, resolved=True)
    assert found == known._replace(match=request.resolver_match, resolved=True)
    assert (known.view_name, found.view_name) == (None, "testsite.views.page")
