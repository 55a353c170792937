"""The types for annotations say the same as the code. What type checkers make of them: ``tests/typing``."""

from __future__ import annotations

import re
from pathlib import Path
from runpy import run_path
from typing import get_args

import pytest
from django.http import HttpResponse
from support.manual.markdown import pages

import django_sessionkit
from django_sessionkit import RequireRoleMixin, Role, require_role, types
from django_sessionkit.policy.denial_options import OPTION_KEYS, DenialOptions
from django_sessionkit.policy.rule_parser import RULE_KEYS
from django_sessionkit.utils.verbs import VERBS

PROJECT = Path(__file__).parent / "typing"
SCRIPT = Path(__file__).parents[1] / ".ci" / "type_completeness.py"


def test_the_keys_of_a_rule_are_those_that_the_settings_accept():
    assert sorted(types.Rule.__annotations__) == sorted(RULE_KEYS)
    assert types.Rule.__required_keys__ == frozenset()


def test_the_methods_of_a_rule_are_those_that_the_settings_accept():
    assert get_args(types._Verb) == VERBS


def test_the_options_of_a_decorator_are_those_of_a_denial():
    assert tuple(types.Options.__annotations__) == OPTION_KEYS
    assert get_args(types.OnDeny) == ("auto", "forbidden", "not_found")
    assert all(DenialOptions.parse({"on_deny": one}, "here").on_deny == one for one in get_args(types.OnDeny))


@pytest.mark.parametrize(
    "view",
    [
        require_role("editor")(lambda request: HttpResponse()),
        type("Page", (RequireRoleMixin,), {"required_roles": ["editor"]}).as_view(),
    ],
    ids=["decorator", "mixin"],
)
def test_a_guarded_view_has_what_its_type_says(view):
    assert view.sessionkit_requirement == Role("editor")
    assert view.__name__
    assert callable(view)


def test_a_request_has_what_its_type_says(client):
    request = client.get("/").wsgi_request
    assert request.sessionkit.get() is None
    assert request.sessionkit.peek() is None


IMPORT = re.compile(r"from (django_sessionkit[\w.]*) import (\([^)]*\)|.+)")


def imported(text: str) -> set[str]:
    return {name for _, names in IMPORT.findall(text) for name in re.findall(r"\w+", names.partition("#")[0])}


def test_the_project_for_type_checkers_uses_every_public_name():
    manual = "\n".join(page.read_text(encoding="utf-8") for page in pages())
    documented = set(re.findall(r"^\.\. auto(?:class|function):: django_sessionkit\.(?:\w+\.)*(\w+)$", manual, re.M))
    project = "\n".join(one.read_text(encoding="utf-8") for one in sorted(PROJECT.rglob("*.py")))
    wanted = {*django_sessionkit.__all__, *documented, *imported(manual)}
    assert wanted - imported(project) == set()


SYMBOL = {"name": "a.b", "isExported": True, "isTypeKnown": True, "isTypeAmbiguous": False, "diagnostics": []}
GUESSED = {"name": "a.c", "isTypeAmbiguous": True, "diagnostics": [{"message": "no annotation\nInferred"}]}
INNER = {"name": "a._d", "isExported": False, "isTypeKnown": False}


@pytest.mark.skipif(not SCRIPT.exists(), reason="an sdist has no .ci folder")
def test_the_check_names_the_symbols_without_a_sure_type():
    symbols = [SYMBOL, SYMBOL | GUESSED, SYMBOL | INNER]
    unknown = run_path(str(SCRIPT))["unknown"]
    assert list(unknown({"symbols": symbols})) == ["a.c: no annotation"]
