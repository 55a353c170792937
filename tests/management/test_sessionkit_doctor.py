from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.core.checks import security
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import path

import django_sessionkit
from django_sessionkit.checks.checklist import ITEMS
from django_sessionkit.matrix import policy_matrix

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(django_sessionkit.__file__).parent


def report(form="text", **options):
    stdout = StringIO()
    call_command("sessionkit_doctor", format=form, stdout=stdout, **options)
    return stdout.getvalue()


def graded():
    return {one["number"]: one for one in json.loads(report("json"))}


def statuses(*numbers):
    found = graded()
    return [found[number]["status"] for number in numbers]


def test_the_list_has_32_items():
    assert [item.number for item in ITEMS] == list(range(1, 33))


def test_every_check_of_ours_and_of_djangos_belongs_to_an_item():
    known = {one for item in ITEMS for one in item.ids}
    ours = "".join(file.read_text(encoding="utf-8") for file in (PACKAGE / "checks").glob("*.py"))
    assert set(re.findall(r"sessionkit\.[EWI]\d{3}", ours)) - known == set()
    theirs = [file.read_text(encoding="utf-8") for file in Path(security.__file__).parent.glob("*.py")]
    assert set(re.findall(r'"(security\.[EW]\d{3})"', "".join(theirs))) - known == set()
    assert len([one for one in known if one.startswith("security.")]) > 20


def test_it_names_the_requirements_that_the_security_guide_names():
    text = (DOCS / "security.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    shown = {int(row[0]): row[4] for row in rows if row[0].isdigit()}
    assert {item.number: item.asvs for item in ITEMS} == shown


def test_a_failure_comes_with_its_fix():
    with override_settings(SESSION_COOKIE_AGE=10**8):
        text = report()
    assert re.search(r"^FAIL   3  Sessions expire\n {10}sessionkit\.W008: A session lasts", text, re.MULTILINE)
    assert "          -> SESSION_COOKIE_AGE = 8 * 60 * 60" in text
    assert re.search(r"\n\n\d+ pass, \d+ fail, \d+ only you can check\.\n$", text)
    assert "\x1b" not in text


def test_checks_of_django_count_and_a_silenced_one_is_a_decision():
    with override_settings(SECURE_CONTENT_TYPE_NOSNIFF=True, MIDDLEWARE=[]):
        assert statuses(21, 22, 9) == ["fail"] * 3
        with override_settings(SILENCED_SYSTEM_CHECKS=["security.W001"]):
            assert statuses(21) == ["pass"]
            assert re.search(r"pass  21  nosniff\n +security\.W001 \(silenced\): ", report())


def test_advice_is_shown_and_fails_nothing():
    with override_settings(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax"):
        item = graded()[12]
    assert [one["id"] for one in item["messages"] if one["id"].startswith("sessionkit.")] == ["sessionkit.I002"]


def test_unprotected_routes_are_named():
    item = graded()[18]
    assert item["status"] == "you"
    assert "without a public rule, an exclude or @public: " in item["question"]
    assert "(/, /login/, /login/help/" in item["question"]
    assert "/open/" not in item["question"]  # it is marked as public
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
        assert statuses(18) == ["pass"]
    rules = [{"pattern": "/login", "public": True}]
    with override_settings(ROOT_URLCONF="testsite.shouting_urls", SESSIONKIT_PROTECT=rules):
        assert "@public: 1 (" in graded()[18]["question"]
    with override_settings(ROOT_URLCONF="no_such_urls"):
        assert statuses(18) == ["pass"]


def test_the_unprotected_routes_are_those_of_the_route_list():
    rules = [{"pattern": "/articles/new", "role": "editor"}]  # one of the paths of /articles/<slug>/
    site = {"ROOT_URLCONF": urls("articles/<slug:slug>/", "files/<path:name>"), "SESSIONKIT_PROTECT": rules}
    with override_settings(**site):
        listed = [line.route for line in policy_matrix().lines if line.is_unprotected]
        assert listed == ["/articles/<slug:slug>/", "/files/<path:name>"]
        assert f"@public: 2 ({', '.join(listed)})" in graded()[18]["question"]
        login_required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, login_required]):
            assert statuses(18) == ["pass"]


def urls(*routes):
    return type("Urls", (), {"urlpatterns": [path(route, lambda request, **kwargs: None) for route in routes]})


def test_a_long_session_fails_one_item_only():
    with override_settings(SESSION_COOKIE_AGE=10**8):
        assert statuses(3, 14, 29) == ["fail", "you", "pass"]


@pytest.mark.parametrize("name", ["SESSIONKIT_TOUCH_ON_REQUEST", "SESSION_SAVE_EVERY_REQUEST"])
def test_sessions_that_requests_renew_need_another_limit(name):
    with override_settings(SESSION_COOKIE_AGE=3600):
        assert statuses(3, 29) == ["pass", "pass"]
        with override_settings(**{name: True}):
            assert statuses(3, 29) == ["pass", "you"]
            with override_settings(SESSIONKIT_PROTECT=[{"rol": 1}]):
                assert statuses(29) == [("you" if name.startswith("SESSION_") else "pass")]


def test_every_item_can_have_another_status_than_pass():
    assert [item.number for item in ITEMS if not item.ids and not item.asks] == []


def test_what_is_left_to_you_depends_on_the_project():
    assert statuses(13, 28) == ["pass", "you"]
    with override_settings(INSTALLED_APPS=["django_sessionkit"], MIDDLEWARE=[], AUTHENTICATION_BACKENDS=[]):
        assert "Where does the session dict come from?" in graded()[13]["question"]
    remote = "django.contrib.auth.middleware.RemoteUserMiddleware"
    with override_settings(MIDDLEWARE=[remote]):
        assert "RemoteUserMiddleware" in graded()[28]["question"]


def test_settings_that_need_a_look_of_a_person_ask_for_it():
    with override_settings(SESSIONKIT_TENANT=None, SESSIONKIT_REAUTH_URL=None):
        before = graded()
    with override_settings(SESSIONKIT_TENANT=lambda request: None, SESSIONKIT_REAUTH_URL="/confirm/"):
        after = graded()
    assert "SESSIONKIT_TENANT" not in before[28]["question"]
    assert after[28]["question"].endswith(" SESSIONKIT_TENANT takes no tenant from there.")
    assert before[16]["question"] == ""
    assert after[16]["question"].startswith("The page of SESSIONKIT_REAUTH_URL limits attempts too")
    with override_settings(SESSIONKIT_PROTECT=[{"rol": 1}]):
        assert graded()[28]["question"].endswith("the query string.")


def test_markdown_has_a_table_and_boxes_to_tick():
    with override_settings(SESSION_COOKIE_AGE=10**8, SILENCED_SYSTEM_CHECKS=["security.W003"]):
        text = report("md")
    assert "| 3 | Sessions expire | 7.3.1, 7.3.2 | fail |" in text
    assert "- [ ] 3. sessionkit.W008: A session lasts 1157 days" in text
    assert "- [ ] 5. Your logout calls clear_session()" in text
    assert "security.W003" not in text


def test_the_exit_code():
    assert report()
    with pytest.raises(CommandError, match=r"^\d+ pass, \d+ fail, \d+ only you can check\.$"):
        report(fail_on="fail")
    silenced = [one for item in ITEMS for one in item.ids]
    with override_settings(SILENCED_SYSTEM_CHECKS=silenced):
        assert ", 0 fail, " in report(fail_on="fail")
        with pytest.raises(CommandError):
            report(fail_on="open")
    with pytest.raises(CommandError, match=r"^--fail-on: takes one value, not list\.$"):
        report(fail_on=["open"])


def test_on_a_terminal_it_is_coloured():
    stdout = StringIO()
    call_command("sessionkit_doctor", stdout=stdout, force_color=True)
    assert "\x1b[32;1mpass \x1b[0m  3" in stdout.getvalue() or "\x1b[31;1mFAIL \x1b[0m  3" in stdout.getvalue()


def test_an_invalid_policy_does_not_stop_it():
    with override_settings(SESSIONKIT_PROTECT=[{"rol": 1}]):
        assert statuses(9) == ["fail"]


def test_no_query_is_made(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        report()
    assert django.VERSION


class Terminal(StringIO):
    def isatty(self):
        return True


def on_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    stdout = Terminal()
    call_command("sessionkit_doctor", stdout=stdout, no_color=True)
    return stdout.getvalue().splitlines()


@pytest.mark.parametrize("columns", [80, 120])
@override_settings(
    MIDDLEWARE=[], SESSIONKIT_ROLES={"editor": {}}, SESSIONKIT_PROTECT=[{"pattern": "/a", "role": "editr"}]
)
def test_it_fits_a_terminal_but_for_settings_to_copy(monkeypatch, columns):
    lines = on_terminal(monkeypatch, columns)
    wide = [line for line in lines if len(line) > columns]
    assert all(re.match(r" {10}-> [A-Z_]+ = ", line) for line in wide)
    assert max(len(line) for line in lines if line not in wide) > columns - 12
    assert len(on_terminal(monkeypatch, 20)) == len(on_terminal(monkeypatch, 60))


def test_a_hint_that_is_no_setting_is_wrapped_too():
    with override_settings(MIDDLEWARE=[]):
        lines = report().splitlines()
    place = next(number for number, line in enumerate(lines) if "sessionkit.E015" in line)
    hint = [line for line in lines[place:] if line.startswith(("          -> Add", "             "))]
    assert len(hint) > 1
    assert all(len(line) <= 100 for line in hint)


@override_settings(MIDDLEWARE=[], SESSIONKIT_PROTECT=[{"name": "a", "pattern": "/a", "role": "x"}] * 2)
def test_no_finding_is_shown_twice():
    messages = [one for item in graded().values() for one in item["messages"]]
    shown = [(one["id"], one["text"]) for one in messages if not one["text"].startswith("See item ")]
    assert len(shown) == len(set(shown))
    assert [one["text"] for one in graded()[20]["messages"] if one["id"] == "security.W001"] == ["See item 19."]
    assert statuses(19, 20, 21) == ["fail", "fail", "fail"]
    assert report().count("You do not have 'django.middleware.security.SecurityMiddleware'") == 1
