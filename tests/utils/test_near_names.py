"""A name that SessionKit does not have gets an error that names the right one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.test import override_settings

import django_sessionkit
from django_sessionkit import conf, decorators, mixins
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.rule_parser import RULE_KEYS
from django_sessionkit.templatetags.block_tags import BLOCK_TAGS
from django_sessionkit.utils.near_names import ATTRIBUTES, ELSEWHERE, IMPORTS, RULE_SYNONYMS, SETTING_SYNONYMS, TAGS

MODULES = ("django_sessionkit", "django_sessionkit.decorators", "django_sessionkit.mixins")


def run_import(line):
    exec(line, {})  # noqa: S102


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("require_any_role", "require_role"),
        ("RoleRequiredMixin", "RequireRoleMixin"),
        ("login_required", "require_authenticated"),
        ("LoginRequiredMixin", "RequireAuthenticatedMixin"),
        ("permission_required", "require_permission"),
        ("user_passes_test", "require(Allow(function))"),
        ("has_perm", "has_permission"),
        ("RecentLogin", "Recent"),
        ("InTenant", "Within"),
        ("require_object", "enforce(requirement, obj=...)"),
    ],
)
def test_a_wrong_import_names_the_right_name(module, wrong, right):
    wanted = rf"^{module} has no {wrong}. Use {re.escape(right)} of django_sessionkit\.$"
    with pytest.raises(ImportError, match=wanted):
        run_import(f"from {module} import {wrong}")
    with pytest.raises(ImportError, match=wanted):
        getattr(import_module(module), wrong)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_name_of_another_module_is_found_there(name):
    homes = ELSEWHERE[name]
    with pytest.raises(
        ImportError, match=rf"^django_sessionkit has no {name}. Import it from django_sessionkit.{homes}\.$"
    ):
        run_import(f"from django_sessionkit import {name}")
    for home in homes.split(" or "):
        source = Path(find_spec(f"django_sessionkit.{home}").origin).read_text(encoding="utf-8")
        assert re.search(rf"^(class|def) {name}\b|^from .*\b{name}\b|^{name} = ", source, re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_any_other_name_is_missing_as_in_every_module(module):
    assert not hasattr(import_module(module), "__wrapped__")
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'require_rolle'"):
        _ = import_module(module).require_rolle
    with pytest.raises(ImportError, match="cannot import name 'require_rolle'"):
        run_import(f"from {module} import require_rolle")


def test_what_the_tables_propose_exists_and_what_they_refuse_does_not():
    public = set(django_sessionkit.__all__)
    assert not public & {*IMPORTS, *ELSEWHERE}
    assert {re.match(r"\w+", right)[0] for right in IMPORTS.values()} <= public | {*ELSEWHERE}
    assert {word for right in IMPORTS.values() for word in re.findall(r"required_\w+", right)} <= set(MIXIN_ATTRIBUTES)
    assert not set(MIXIN_ATTRIBUTES) & set(ATTRIBUTES)
    assert set(ATTRIBUTES.values()) <= set(MIXIN_ATTRIBUTES)
    assert not set(BLOCK_TAGS) & set(TAGS)
    assert set(TAGS.values()) <= set(BLOCK_TAGS)
    assert not set(RULE_KEYS) & set(RULE_SYNONYMS)
    assert set(RULE_SYNONYMS.values()) <= set(RULE_KEYS)
    settings = {name.removeprefix("SESSIONKIT_") for name in conf.DEFAULTS}
    assert not settings & set(SETTING_SYNONYMS)
    assert set(SETTING_SYNONYMS.values()) <= settings


MIXIN_ATTRIBUTES = [name for one in vars(mixins).values() if isinstance(one, type) for name in vars(one)]


def test_the_root_has_every_decorator_and_every_mixin():
    for module, kind in ((decorators, "function"), (mixins, "type")):
        own = {
            name
            for name, one in vars(module).items()
            if not name.startswith("_") and type(one).__name__ == kind and one.__module__ == module.__name__
        }
        assert own - {"AccessMixin"} <= set(django_sessionkit.__all__)
        assert all(getattr(django_sessionkit, name) is getattr(module, name) for name in own - {"AccessMixin"})
    assert set(django_sessionkit.__all__) <= set(dir(django_sessionkit))


def test_the_adapter_for_rest_framework_has_another_name():
    for line in (
        "import django_sessionkit.contrib.rest_framework",
        "from django_sessionkit.contrib import rest_framework",
        "from django_sessionkit.contrib.rest_framework import Requires",
    ):
        with pytest.raises(ImportError, match=r"import from django_sessionkit\.contrib\.drf\.$"):
            run_import(line)


SETTINGS = """
from django_sessionkit import *
from django_sessionkit.types import Rule
SECRET_KEY = "x"
INSTALLED_APPS = ["django_sessionkit"]
MIDDLEWARE = ["django_sessionkit.middleware.SessionKitMiddleware"]
SESSIONKIT_PROTECT: list[Rule] = [{"pattern": "/reports/**", "role": "editor"}]
USED = [require_role("editor"), RequireRoleMixin, has_role]
"""


def test_every_name_can_be_imported_within_the_settings(tmp_path):
    (tmp_path / "project_settings.py").write_text(SETTINGS)
    code = "import django; django.setup(); from django.conf import settings; print(len(settings.USED))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={
            "DJANGO_SETTINGS_MODULE": "project_settings",
            "PYTHONPATH": f"{tmp_path}:{Path(django_sessionkit.__file__).parents[1]}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("tenant", "within"), ("max_age", "recent"), ("amr", "factor"), ("mfa", "factor"), ("impersonated", "require")],
)
def test_a_key_of_a_rule_that_other_words_suggest(wrong, right):
    rules = [{"pattern": "/x/**", "role": "editor", wrong: True}]
    with override_settings(SESSIONKIT_PROTECT=rules), pytest.raises(InvalidPolicy, match=f'did you mean "{right}"'):
        conf.current()
