"""The check of rules for one language of ``i18n_patterns``."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_required
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from django_sessionkit.decorators import public, require_authenticated


def page(request):
    return HttpResponse("page")


LANGUAGES = [("de", "German"), ("en", "English"), ("fr", "French")]
DE = {"name": "news", "pattern": "/de/reports/**", "role": "editor"}


def found(*rules, view=page, urls=(), **options):
    pages = [path("reports/", view, name="reports"), path("other/", page), *urls]
    urlconf = type("urls", (), {"urlpatterns": [path("plain/", page), *i18n_patterns(*pages)]})
    changed = {"LANGUAGES": LANGUAGES, "LANGUAGE_CODE": "en", "ROOT_URLCONF": urlconf, **options}
    with override_settings(SESSIONKIT_PROTECT=list(rules), **changed):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W036"]


def test_a_rule_for_one_language_leaves_the_others_open():
    (message,) = found(DE)
    assert message.msg == (
        'news: the pattern "/de/reports/**" protects only the language "de" of /<language>/reports/. '
        "The page is open to everyone in other languages (en, fr)."
    )
    assert message.hint == 'Write "/reports/**". A pattern without a language applies to every language.'


def test_the_hint_helps_and_the_others_are_open_indeed():
    urlconf = type("urls", (), {"urlpatterns": i18n_patterns(path("reports/", page))})
    middleware = ["django.middleware.locale.LocaleMiddleware", *settings.MIDDLEWARE]
    for pattern, expected in (("/de/reports/**", [403, 200]), ("/reports/**", [403, 403])):
        rules = [{**DE, "pattern": pattern, "deny": True}]
        with override_settings(
            ROOT_URLCONF=urlconf, LANGUAGES=LANGUAGES, SESSIONKIT_PROTECT=rules, MIDDLEWARE=middleware
        ):
            assert [Client().get(f"/{one}/reports/").status_code for one in ("de", "fr")] == expected


def test_the_rest_of_the_languages_and_one_message_for_a_rule():
    (message,) = found(
        DE, {**DE, "pattern": "/fr/reports"}, LANGUAGES=[*LANGUAGES, *((x, x) for x in ("it", "nl", "pl"))]
    )[:1]
    assert message.msg.endswith("in other languages (en, it, nl, ...).")
    (message,) = found({**DE, "pattern": ["/de/reports/**", "/de/**"], "i18n": False})
    assert message.hint.startswith('Write "/reports/**", and remove "i18n": False.')
    assert found({**DE, "pattern": "/de"}, urls=[path("", page)])[0].hint.startswith('Write "/".')


@pytest.mark.parametrize(
    "rules",
    [
        [DE, {**DE, "pattern": ["/en/reports", "/fr/reports/**"]}],
        [DE, {"pattern": ["/en/reports", "/fr/reports/**"], "public": True}],
        [DE, {"pattern": "/reports", "authenticated": True}],
        [DE, {"pattern": "/*/reports", "authenticated": True}],
        [DE, {"pattern": "/**", "public": True}],
        [DE, {"view": "reports", "authenticated": True}],
        [{"pattern": "/de/reports", "public": True}],
        [{"pattern": "/de/**", "deny": True}],
        [{"pattern": "/de", "role": "editor"}],
        [{**DE, "view": "no-reports"}],
        [{"pattern": "/reports/**", "role": "editor"}, {"pattern": "/plain", "role": "editor"}],
    ],
)
def test_other_rules_are_right(rules):
    assert found(*rules) == []


@pytest.mark.parametrize("view", [require_authenticated(page), public(page), login_required(page)])
def test_a_view_with_a_check_or_a_mark_of_its_own_is_right(view):
    assert found(DE, view=view) == []


def test_the_global_default_and_the_excludes_count():
    assert found(DE, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["reports"]) == []
    assert found(DE, SESSIONKIT_GLOBAL_PROTECT=True) == []


def test_a_site_of_one_language_is_right():
    assert found(DE, LANGUAGES=[("de", "German")], LANGUAGE_CODE="de") == []


def test_a_rule_for_one_method_counts_for_that_method():
    assert found({**DE, "methods": ["POST"]}, {"pattern": "/reports", "methods": ["POST"], "role": "editor"}) == []
    assert len(found({**DE, "methods": ["POST"]}, {"pattern": "/reports", "methods": ["GET"], "role": "editor"})) == 0
