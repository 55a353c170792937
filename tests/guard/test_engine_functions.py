"""Functions of the engine, called without a request: what they keep, and which forms of a path they look at."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import ResolverMatch, path, re_path, resolve
from django.utils.translation import override
from support.sessions import READER
from testsite import views

from django_sessionkit import validate_session
from django_sessionkit.guard.denial_choice import Denial
from django_sessionkit.guard.engine import authorize, exempted_from_default, variants_of
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.policy.decisions import FAILED, Decision
from django_sessionkit.requirements import Recent
from django_sessionkit.session.context import SessionContext
from django_sessionkit.urlconf.spelling import CanonicalForms
from django_sessionkit.utils.sansio import run


def evaluation(session=None):
    return RequestEvaluation(SessionContext.fixed(validate_session(session) if session else None))


def test_a_path_whose_forms_are_unknown_has_a_denial_that_says_that_the_check_failed():
    forms = CanonicalForms("/page/", frozenset(), is_complete=False)
    target = AccessRequest("/page/", "/page/", "GET", match=resolve("/page/"), resolved=True, forms=forms)
    denial = run(authorize(target, evaluation(), with_default=False))
    assert denial == Denial(Decision(False, FAILED, failed=True))


@override_settings(SESSIONKIT_REAUTH_URL="/page/")
@pytest.mark.parametrize(("url", "kept"), [("/login/", (True, False)), ("/page/", (False, True))])
def test_an_evaluation_keeps_that_a_denial_was_ignored_for_such_a_page(url, kept):
    found, target = evaluation(READER), AccessRequest(url, url, "GET", match=resolve(url), resolved=True)
    rules = [{"pattern": "/login", "role": "admin"}, {"pattern": "/page", "require": Recent(60)}]
    with override_settings(SESSIONKIT_PROTECT=rules):
        assert run(authorize(target, found, with_default=False)) is None
    assert (found.is_login_page, found.is_reauth_page) == kept


def opened(request):
    """A view that Django's own mark opens."""


opened.login_required = False


@pytest.mark.parametrize("honors", [True, False])
def test_what_the_mark_of_django_exempts_depends_on_a_setting(honors):
    match = ResolverMatch(opened, (), {})
    with override_settings(SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED=honors):
        expected = "@login_not_required" if honors else None
        assert exempted_from_default("/a/", AccessRequest("/a/", "/a/", "GET", match=match)) == expected


def variants(url, urlconf=None, **more):
    """The forms of a path, without those that are folded."""
    target = AccessRequest(url, url, "GET", urlconf, **more)
    found = variants_of(target, evaluation())
    return [(one.path, one.exact) for one in found if not one.case_folded]


TRANSLATED = type("urls", (), {"urlpatterns": i18n_patterns(path("admin/", views.page))})


@pytest.mark.parametrize(
    ("language", "url", "inside"),
    [("fr", "/fr/admin/", ["/admin/"]), ("fr", "/it/admin/", []), (None, "/XXXX/admin/", [])],
)
@override_settings(LANGUAGES=[("en", "E"), ("de", "D")])
def test_the_active_language_may_be_a_prefix_though_it_is_none_of_the_settings(language, url, inside):
    with override(language):
        assert [one for one, _ in variants(url, TRANSLATED) if one == "/admin/"] == inside


LOOSE = type("urls", (), {"urlpatterns": [re_path("^page", views.page)]})


def test_the_text_that_the_patterns_of_the_request_match_is_one_of_the_exact_forms():
    """The view is that of a regular route too, but in another URLconf."""
    match = resolve("/pages/", LOOSE)
    assert variants("/pages/", LOOSE, match=match)[:3] == [("/pages/", True), ("/pages", True), ("/page", True)]
    known = CanonicalForms("/known", frozenset({"/known", "/other"}))
    found = dict(variants("/pages/", LOOSE, match=match, forms=known))
    assert (found["/known"], found["/other"], "/page" in found) == (True, False, False)
