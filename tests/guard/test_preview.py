"""What would be denied, without a request: the page, the reason, and what Django would redirect an unknown path to."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path, re_path
from django.utils.translation import override
from support.sessions import ADMIN, READER

from django_sessionkit import use_session, validate_session
from django_sessionkit.decorators import public, require_recent, require_role
from django_sessionkit.guard.denial_choice import Denial
from django_sessionkit.guard.preview import (
    access_request_of,
    before_step_up,
    behind_slash,
    can_reach,
    hidden_at,
    hidden_behind,
    preview,
    preview_route,
    resolve_path,
    unrouted,
)
from django_sessionkit.guard.request_evaluation import RequestEvaluation
from django_sessionkit.policy.decisions import STALE_AUTHENTICATION, Decision
from django_sessionkit.requirements import Recent
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.urlconf.spelling import CanonicalForms
from django_sessionkit.utils.sansio import run


def page(request, **kwargs):
    return HttpResponse("page")


def hidden(request):
    return HttpResponse("hidden")


HIDDEN = require_role("admin", on_deny="not_found")(hidden)


class Pages:
    """A URLconf whose pages the root URLconf does not have."""

    urlpatterns = (
        path("both/", require_recent(60)(require_role("admin")(page))),
        path("role/", require_role("admin")(page)),
        path("Files/<path:name>", require_role("admin")(page), name="file"),
        path("plain/", page),
        path("Open/", public(page)),
        re_path("^Loose", page),
        path("confirm/", require_recent(60)(page)),
        path("hidden/", HIDDEN),
        path("shown/", require_role("admin")(page)),
        *i18n_patterns(path("secret/", HIDDEN), path("page/", page)),
    )


RULES = [
    {"pattern": ["/role", "/plain", "/files/recent"], "require": Recent(60), "name": "recent"},
    {"pattern": "/files/closed", "role": "editor", "name": "closed"},
    {"pattern": "/files/**", "methods": ["PUT"], "role": "editor", "name": "put"},
]
SITE = override_settings(SESSIONKIT_PROTECT=RULES, SESSIONKIT_REAUTH_URL="/confirm/")
STALE, LACKS = "stale_authentication", "missing_role"


def context_of(session):
    return SessionContext.fixed(validate_session(session) if session else None)


@SITE
@pytest.mark.parametrize(
    ("url", "method", "reader", "admin"),
    [
        ("/both/", "get", (LACKS, None), (STALE, None)),
        ("/role/", "get", (LACKS, None), (STALE, "recent")),
        ("/plain/", "get", (STALE, "recent"), (STALE, "recent")),
        ("/Files/a", "get", (LACKS, None), None),
        ("/Files/a", "put", (LACKS, "put"), (LACKS, "put")),
        ("/Files/Recent", "get", (LACKS, None), (STALE, "recent")),
        ("/Files/Closed", "get", (LACKS, "closed"), (LACKS, "closed")),
        ("/confirm/", "get", None, None),
    ],
)
def test_what_a_rule_or_a_view_would_deny(url, method, reader, admin):
    target = access_request_of(url, method, Pages)
    for session, expected in ((READER, reader), (ADMIN, admin)):
        found = run(preview(target, context_of(session)))
        assert (found and (found.decision.reason, found.decision.rule)) == expected
        request = RequestFactory().get("/")
        request.urlconf = Pages
        with activate(SessionContext(None, request, context_of(session).loaded)):
            assert run(can_reach(url, (), {}, method)) is (expected is None)


@override_settings(
    SESSIONKIT_PROTECT=[
        {"pattern": "/Loose", "role": "admin", "name": "matched"},
        {"pattern": "/loose/more", "role": "admin", "name": "path"},
    ]
)
def test_on_entry_the_path_is_denied_before_the_text_that_a_pattern_matches():
    """As in a request, where no pattern is known then."""
    target = access_request_of("/Loose/more", "get", Pages)
    for forms in (None, CanonicalForms("/Loose", frozenset({"/Loose", "/Loose/more"}))):
        denial = run(preview(target._replace(forms=forms), context_of(READER)))
        assert denial.decision.rule == "path"
    assert run(preview_route(target, RequestEvaluation(context_of(READER)))).decision.rule == "matched"


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True)
def test_the_default_waits_for_the_view_of_a_path_with_capitals():
    for url, is_denied in (("/Open/", False), ("/plain/", True)):
        assert (run(preview(access_request_of(url, "get", Pages), context_of(None))) is not None) is is_denied


@SITE
def test_a_name_is_that_of_the_urlconf_of_the_request():
    request = RequestFactory().get("/")
    request.urlconf = Pages
    for session, is_open in ((READER, False), (ADMIN, True)):
        with activate(SessionContext(None, request, context_of(session).loaded)):
            assert run(can_reach("file", ("a",), {}, "GET")) is is_open
            assert run(can_reach("file", (), {"name": "a"}, "GET")) is is_open


@SITE
def test_an_evaluation_keeps_that_the_page_where_a_user_confirms_is_open():
    for url, is_page in (("/confirm/", True), ("/Files/a", False)):
        evaluation = RequestEvaluation(context_of(ADMIN))
        assert run(preview_route(access_request_of(url, "get", Pages), evaluation)) is None
        assert evaluation.is_reauth_page is is_page


def test_what_a_new_login_cannot_lift_is_denied_before_one_is_asked_for():
    """Also if the path is not routed yet."""
    stale, lacks = (Denial(Decision(False, one, rule="rule")) for one in (STALE_AUTHENTICATION, LACKS))
    for target in (unrouted("/both/", "get", Pages), access_request_of("/both/", "get", Pages)):
        for session, expected in ((READER, LACKS), (ADMIN, STALE)):
            evaluation = RequestEvaluation(context_of(session))
            assert run(before_step_up(lacks, target, evaluation)) is lacks
            found = run(before_step_up(stale, target, evaluation))
            assert (found.decision.reason, found is stale) == (expected, session is ADMIN)
    nowhere = unrouted("/nowhere/", "get", Pages)
    assert run(before_step_up(stale, nowhere, RequestEvaluation(context_of(READER)))) is stale


def test_a_path_is_what_the_router_gets_without_query_and_fragment():
    assert resolve_path("/a%20b/%3F?c#d", None, (), {}) == "/a b/?"
    assert resolve_path("//a/b?c", None, (), {}) == "//a/b?c"
    assert resolve_path("file", Pages, ("a b",), {}) == resolve_path("file", Pages, (), {"name": "a b"}) == "/Files/a b"


def test_the_target_of_a_path_without_a_view_is_none():
    assert access_request_of("/nowhere/", "get", Pages) is None
    assert access_request_of("/both/", "get", None) is None
    found = access_request_of("/Files/a", "put", Pages)
    assert found._replace(match=None) == unrouted("/Files/a", "PUT", Pages)
    assert found[:4] == ("/Files/a", "/Files/a", "PUT", Pages)
    assert (found.match.func, found.match.kwargs, found.resolved, found.forms) == (
        Pages.urlpatterns[2].callback,
        {"name": "a"},
        True,
        None,
    )


@pytest.mark.parametrize("where", [None, 7])
def test_only_a_text_can_be_reached(where):
    with use_session(READER), pytest.raises(TypeError) as caught:
        run(can_reach(where, (), {}, "GET"))
    assert str(caught.value) == f"can_access() takes a path or a URL name, not {type(where).__name__}."


@pytest.mark.parametrize(
    ("url", "language", "is_hidden"),
    [
        ("/hidden", "en", True),
        ("/shown", "en", False),
        ("/nowhere", "en", False),
        ("/secret/", "de", True),
        ("/secret", "de", True),
        ("/de/secret", "de", True),
        ("/page", "de", False),
    ],
)
def test_a_hidden_page_that_django_would_redirect_to(url, language, is_hidden):
    with override(language):
        target = unrouted(url, "get", Pages)
        assert run(hidden_behind(target, context_of(ADMIN))) is None
        denial = run(hidden_behind(target, context_of(READER)))
    assert (denial and denial.options.on_deny) == ("not_found" if is_hidden else None)


def test_no_second_slash_is_added():
    assert behind_slash(unrouted("/Files/a", "get", Pages)).path_info == "/Files/a/"
    assert behind_slash(unrouted("/Files/a/", "get", Pages)) is None


def test_only_a_hidden_page_is_hidden():
    for url, expected in (("/hidden/", LACKS), ("/shown/", None), ("/plain/", None)):
        denial = run(hidden_at(access_request_of(url, "get", Pages), context_of(READER)))
        assert (denial and denial.decision.reason) == expected
