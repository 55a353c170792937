"""Who may open what on the example site: as agreed, and shown to its admin."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import example_site as site
from support.example_site import Site
from support.visitors import signed_in

LOOSENED = """
from newsroom.settings import *
SESSIONKIT_PROTECT = [rule for rule in SESSIONKIT_PROTECT if rule["name"] != "embargo"]
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return site.settings(site.sqlite(tmp_path))


def test_the_policy_is_the_one_that_was_agreed_on(env: dict[str, str]) -> None:
    checks = ["--fail-on", "unprotected", "--fail-on", "dead", "--fail-on", "shadowed"]
    printed = site.manage("sessionkit_routes", "--snapshot", "policy-snapshot.json", "--check", *checks, env=env)
    assert "The policy matches policy-snapshot.json." in printed


def test_a_door_that_opens_is_noticed(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "loosened_settings.py").write_text(LOOSENED)
    more = {"DJANGO_SETTINGS_MODULE": "loosened_settings", "PYTHONPATH": str(tmp_path)}
    with pytest.raises(AssertionError) as caught:
        site.manage("sessionkit_routes", "--snapshot", "policy-snapshot.json", "--check", env={**env, **more})
    assert "opened  /embargo/" in str(caught.value)
    assert "reader: denied → allowed" in str(caught.value)


@pytest.mark.parametrize("name", ["admin", "editor"])
def test_the_admin_sees_the_matrix_and_nobody_else(uvicorn_site: Site, name: str) -> None:
    with signed_in(uvicorn_site.url, name) as client:
        answer = client.get("/admin-area/policy/")
    assert answer.status_code == (200 if name == "admin" else 403)
    assert ("/embargo/&lt;int:pk&gt;/" in answer.text) == (name == "admin")
