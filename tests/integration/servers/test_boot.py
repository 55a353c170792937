"""The start of a server, with valid and invalid settings."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import openapi_spec_validator
import pytest
from support import example_site as site
from support.server_processes import ServerFailed
from support.visitors import NAMES, password, signed_in

MISSPELT = """
from newsroom.settings import *
SESSIONKIT_PROTECT = [*SESSIONKIT_PROTECT, {"pattern": "/late/**", "rol": "admin"}]
"""

DOCUMENTED = """
from newsroom.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "drf_spectacular"]
REST_FRAMEWORK = {
    **REST_FRAMEWORK,
    "DEFAULT_SCHEMA_CLASS": "django_sessionkit.contrib.drf.spectacular.AutoSchema",
}
SPECTACULAR_SETTINGS = {"OAS_VERSION": "3.1.1"}
"""


@pytest.fixture
def misspelt(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "misspelt_settings.py").write_text(MISSPELT)
    return site.settings(
        site.sqlite(tmp_path),
        DJANGO_SETTINGS_MODULE="misspelt_settings",
        PYTHONPATH=str(tmp_path),
    )


@pytest.mark.parametrize("serve", [site.gunicorn, site.uvicorn])
def test_a_misspelt_rule_stops_the_server(serve: site.Serve, misspelt: dict[str, str]) -> None:
    with pytest.raises(ServerFailed, match=r"stopped with code [1-9]") as failure, serve(misspelt):
        pass
    assert 'unknown key "rol"; did you mean "role"?' in str(failure.value)


def test_production_has_no_secret_key_of_its_own(tmp_path: Path) -> None:
    env = site.settings(site.sqlite(tmp_path), DJANGO_SECRET_KEY="")
    with pytest.raises(ServerFailed, match="DJANGO_SECRET_KEY"), site.gunicorn(env):
        pass


def test_the_demo_prints_its_accounts_and_serves(tmp_path: Path) -> None:
    with site.demo({"DATABASE_URL": site.sqlite(tmp_path)}) as demo:
        with signed_in(demo.url, "editor") as client:
            assert client.get("/articles/new/").status_code == 200
        assert all(password(name) in demo.server.output() for name in NAMES)


def test_the_demo_names_the_option_for_another_port_before_an_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as failure:
            site.manage("demo", f"--port={port}", env=site.settings(site.sqlite(tmp_path), DJANGO_DEBUG="1"))
    assert f"Port {port} cannot be used" in str(failure.value)
    assert "Choose another one: --port " in str(failure.value)
    assert "http://" not in str(failure.value)


def test_the_policy_can_be_printed_without_settings(tmp_path: Path) -> None:
    env = site.settings(site.sqlite(tmp_path), DJANGO_SECRET_KEY="")
    del env["DJANGO_SECRET_KEY"]
    assert "/embargo/" in site.manage("sessionkit_routes", env=env)
    assert "denied by the rule admin-area" in site.manage("sessionkit_explain", "/admin-area/", env=env)


def test_the_demo_refuses_to_run_in_production(tmp_path: Path) -> None:
    env = site.settings(site.sqlite(tmp_path), DJANGO_DEBUG="0")
    with pytest.raises(AssertionError, match="DJANGO_DEBUG=1"):
        site.manage("demo", "--no-serve", env=env)


def test_the_api_can_be_documented_with_its_policy(tmp_path: Path) -> None:
    (tmp_path / "documented_settings.py").write_text(DOCUMENTED)
    env = site.settings(site.sqlite(tmp_path), DJANGO_SETTINGS_MODULE="documented_settings", PYTHONPATH=str(tmp_path))
    file = tmp_path / "openapi.json"
    site.manage("spectacular", "--format=openapi-json", f"--file={file}", "--validate", "--fail-on-warn", env=env)
    document = json.loads(file.read_text())
    openapi_spec_validator.validate(document)
    articles = document["paths"]["/api/articles/"]
    assert articles["get"]["security"] == [{"sessionKit": ["articles:read"]}]
    assert articles["get"]["description"].endswith(
        'Required: (a session without the role "suspended") and the permission "articles:read".'
    )
    assert articles["post"]["security"] == [{"sessionKit": ["articles:write"]}]
    assert articles["post"]["responses"].keys() == {"201", "401", "403"}
    assert document["components"]["securitySchemes"]["sessionKit"]["name"] == "sessionid"
