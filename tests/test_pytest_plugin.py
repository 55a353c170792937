"""The pytest plugin, which this test run loads by its entry point."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

import django_sessionkit
from django_sessionkit import can_access, testing


def test_pytest_finds_it_by_its_entry_point(pytestconfig):
    (found,) = (one for one in entry_points(group="pytest11") if one.name == "sessionkit")
    assert found.value == "django_sessionkit.pytest_plugin"
    assert pytestconfig.pluginmanager.get_plugin("sessionkit").__name__ == found.value


def test_its_fixtures_sign_clients_in(sign_in, asign_in, sessionkit_policy):
    sessionkit_policy(protect=[{"pattern": "/page", "role": "editor"}])
    assert sign_in(Client(), role="editor").get("/page/").status_code == 200
    client = async_to_sync(asign_in)(AsyncClient(), role="reader")
    assert async_to_sync(client.get)("/page/").status_code == 403


def test_they_are_the_functions_of_the_module(sign_in, asign_in):
    assert (sign_in, asign_in) == (testing.sign_in, testing.asign_in)


class TestPolicy:
    @pytest.fixture
    def closed(self, sessionkit_policy):
        sessionkit_policy(global_protect=True)
        return sessionkit_policy

    def test_it_holds_until_the_test_ends(self, closed):
        assert not can_access("/page/")
        closed(exclude=["/page"])
        assert can_access("/page/")

    @pytest.fixture
    def afterwards(self):
        yield
        assert can_access("/page/")

    def test_and_no_longer(self, afterwards, closed):
        assert not can_access("/page/")


def test_the_plugin_itself_imports_nothing_but_pytest():
    """Modules that the plugin imports are loaded before coverage can measure them."""
    source = Path(sys.modules["django_sessionkit.pytest_plugin"].__file__).read_text(encoding="utf-8")
    lines = {line for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert not any("django" in line or "from ." in line for line in lines)


def test_a_run_that_uses_no_fixture_imports_neither_django_nor_the_package(tmp_path):
    """For example in a project without Django, which measures its own coverage."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(request):\n"
        "    assert request.config.pluginmanager.has_plugin('sessionkit')\n"
        "    found = {n for n in sys.modules if n.split('.')[0] in ('django', 'asgiref', 'django_sessionkit')}\n"
        "    assert found == {'django_sessionkit', 'django_sessionkit.pytest_plugin'}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    done = subprocess.run([*command, tmp_path], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_root_gives_its_names_on_first_use_and_no_other():
    code = (
        "import sys, django_sessionkit as root\n"
        "assert 'django_sessionkit.api' not in sys.modules\n"
        "assert set(root.__all__) <= set(dir(root))\n"
        "assert [name for name in root.__all__ if getattr(root, name) is not vars(root)[name]] == []\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
    assert set(django_sessionkit.__all__) <= set(dir(django_sessionkit))
    with pytest.raises(ImportError, match="has_rolle"):
        exec("from django_sessionkit import has_rolle")  # noqa: S102
    with pytest.raises(AttributeError, match="module 'django_sessionkit' has no attribute 'has_rolle'"):
        _ = django_sessionkit.has_rolle
