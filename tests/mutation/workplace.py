"""The rooms whose mutants are tested, and a copy of the repository in which mutmut works on one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
#: not in git; one folder for each room
BUILD = REPOSITORY / "build" / "mutation"
#: each of thousands of mutants is tested, most of them by plain tests
FEW_EXAMPLES = {"SESSIONKIT_EXAMPLES": "0.05"}
COPIED = ("CHANGELOG.md", "README.md", "django_sessionkit", "docs", "example_project", "pyproject.toml", "tests")


class Room(NamedTuple):
    """Files of the package to mutate, and the tests that are run against each mutant (those that reach it).

    Tests that take long and find what others find are left out, and so are those that count function calls, because
    mutmut adds some.
    """

    files: str
    tests: str


SURFACES = "tests/test_middleware.py tests/test_middleware_unrouted.py tests/test_decorators.py tests/test_mixins.py"

ROOMS = {
    "requirements": Room(
        "requirements/*",
        "tests/requirements tests/guard/test_evaluator.py tests/policy/test_words.py tests/test_api.py"
        " tests/test_types.py",
    ),
    "policy": Room(
        "policy/*",
        "tests/policy tests/guard/test_evaluator.py tests/conf tests/test_patterns.py"
        " tests/requirements tests/responses/test_responses.py tests/test_decorators.py tests/test_mixins_objects.py",
    ),
    "guard": Room(
        "guard/*",
        "tests/guard tests/responses tests/explanation tests/templatetags tests/session/test_audit.py tests/test_api.py"
        f" tests/test_api_session_public.py tests/test_mixins_objects.py {SURFACES}"
        " --deselect=tests/responses/test_step_up.py::test_no_redirect_goes_round_in_circles"
        " --deselect=tests/responses/test_hidden_page.py::test_a_hidden_page_is_an_unknown_url"
        " --deselect=tests/guard/test_engine.py::test_no_spelling_gets_round_a_rule",
    ),
    "validation": Room(
        "session/validation/* session/value.py session/login_fields.py",
        "tests/session/test_validation.py tests/session/test_fast_validation.py tests/session/test_value.py"
        " tests/session/test_login_fields.py tests/session/test_tenants.py tests/requirements/test_tenant.py"
        " tests/policy/test_names.py"
        " --deselect=tests/session/test_validation.py::test_a_million_entries_are_not_walked_through"
        " --deselect=tests/session/test_fast_validation.py::test_names_never_seen_before_are_not_checked_one_by_one",
    ),
    "session": Room(
        "session/[!lv]*.py session/loader.py session/versioning.py",
        "tests/session --deselect=tests/session/test_validation.py --deselect=tests/session/test_fast_validation.py"
        " tests/test_api.py tests/test_api_session_public.py tests/test_sources.py tests/test_versions.py"
        " tests/test_middleware.py tests/utils tests/guard/test_audit.py",
    ),
    "responses": Room("responses/*", f"tests/responses tests/guard tests/test_api.py {SURFACES}"),
    "spelling": Room(
        "urlconf/spelling.py",
        "tests/urlconf tests/guard/test_engine.py tests/security/test_bypasses.py"
        " --deselect=tests/urlconf/test_inventory.py::test_the_effort_grows_with_the_number_of_routes_and_no_faster",
    ),
    "access": Room("access.py", "tests/test_access.py tests/test_api.py tests/conf tests/contrib/auth/test_roles.py"),
    "contrib": Room("contrib/*", "tests/contrib tests/openapi tests/checks/test_graphql.py tests/checks/test_ninja.py"),
}


def prepare(name: str, *, keep_results: bool = False) -> Path:
    """Copy the repository to the folder of the room, with the room in ``[tool.mutmut]``, and return the folder.

    With ``keep_results``, only what mutmut knows of the tests is dropped.
    """
    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    if keep_results:
        (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    else:
        shutil.rmtree(folder / "mutants", ignore_errors=True)
    for one in COPIED:
        source, target = REPOSITORY / one, folder / one
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    configuration = folder / "pyproject.toml"
    configuration.write_text(configured(configuration.read_text(encoding="utf-8"), ROOMS[name]), encoding="utf-8")
    return folder


def survives_alone(folder: Path, name: str, mutant: str) -> bool:
    """Return ``True`` if all tests of the room pass in a new process that runs this mutant from its first import on.

    The processes of mutmut are forked when the package is imported already, and run only the tests that called the
    function. They cannot see a function that builds something at import.
    """
    environment = {**os.environ, "MUTANT_UNDER_TEST": mutant, "PYTHONPATH": str(folder / "mutants"), **FEW_EXAMPLES}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    found = subprocess.run(
        [*command, "--hypothesis-seed=0", *ROOMS[name].tests.split()],
        cwd=folder / "mutants",
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return found.returncode == 0


def configured(pyproject: str, room: Room) -> str:
    """Return ``pyproject.toml`` with the files and tests of ``room`` in the place of all."""
    lists = {
        "only_mutate": [f"django_sessionkit/{one}" for one in room.files.split()],
        "pytest_add_cli_args_test_selection": room.tests.split(),
    }
    for key, value in lists.items():
        pyproject, found = re.subn(rf"(?ms)^{key} = \[.*?\]$", lambda _: f"{key} = {json.dumps(value)}", pyproject)  # noqa: B023
        if found != 1:
            raise ValueError(f"pyproject.toml must have one list {key} in [tool.mutmut]; it has {found}.")
    return pyproject
