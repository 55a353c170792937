"""The rooms whose mutants are tested, and a copy of the repository in which mutmut works on one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import forks
from .results import OUTCOMES, Mutant

REPOSITORY = Path(__file__).parents[2]
#: not in git; one folder for each room
BUILD = REPOSITORY / "build" / "mutation"
#: Thousands of mutants are tested, most of them by plain tests, so Hypothesis tries few examples. With CI, it tries the
#: same for each mutant, and none that failed for another.
ENVIRONMENT = {"SESSIONKIT_EXAMPLES": "0.05", "CI": "1", "PYTEST_XDIST_AUTO_NUM_WORKERS": "0"}
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "--tb=native",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "--hypothesis-seed=0",
)
COPIED = ("CHANGELOG.md", "README.md", "django_sessionkit", "docs", "example_project", "pyproject.toml", "tests")


class Room(NamedTuple):
    """Files of the package to mutate, and the tests that are run against each mutant (those that reach it).

    Tests that take long and find what others find are left out, and so are those that count function calls or look at
    callers, because mutmut adds some.
    """

    files: str
    tests: str


SURFACES = "tests/test_middleware.py tests/test_middleware_unrouted.py tests/test_decorators.py tests/test_mixins.py"

ROOMS = {
    "requirements": Room(
        "requirements/*",
        "tests/requirements tests/guard/test_evaluator.py tests/test_api.py tests/test_types.py",
    ),
    "policy": Room(
        "policy/[!r]*.py policy/re*.py policy/ru*.py",
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
        " tests/test_middleware.py tests/utils tests/guard/test_audit.py"
        " --deselect=tests/session/test_reentrancy.py::test_the_error_names_the_code_that_asks",
    ),
    "responses": Room("responses/*", f"tests/responses tests/guard tests/test_api.py {SURFACES}"),
    "spelling": Room(
        "urlconf/spelling.py",
        "tests/urlconf tests/guard/test_engine.py"
        " --deselect=tests/urlconf/test_inventory.py::test_the_effort_grows_with_the_number_of_routes_and_no_faster",
    ),
    "access": Room(
        "access.py policy/roles.py",
        "tests/test_access.py tests/test_api.py tests/conf/test_conf.py tests/contrib/auth/test_roles.py",
    ),
    "contrib": Room("contrib/*", "tests/contrib tests/openapi tests/checks/test_graphql.py tests/checks/test_ninja.py"),
}


# What `mutmut run` does before it runs tests.
_MAKE = """
from pathlib import Path
from mutmut import __main__ as mutmut
mutmut.set_mutant_under_test("mutant_generation")
Path("mutants").mkdir()
with mutmut.CatchOutput():
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.create_mutants(1)
"""


def prepare(name: str) -> Path:
    """Copy the repository to the folder of the room, let mutmut make the mutants there, and return the folder."""
    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
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
    subprocess.run([sys.executable, "-c", _MAKE], cwd=folder, check=True)
    return folder


def run_in_forks(folder: Path, name: str, mutants: Iterable[Mutant]) -> None:
    """Run the tests of the room against each mutant, and store its outcome."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps([*mutants]), encoding="utf-8")
    found = subprocess.run(
        [*PYTEST, "-p", "tests.mutation.forks", *ROOMS[name].tests.split()],
        cwd=folder / "mutants",
        env=_environment(
            folder, MUTANT_UNDER_TEST="stats", **{forks.PLAN: str(plan), forks.OUTCOMES: str(folder / OUTCOMES)}
        ),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if found.returncode:
        raise SystemExit(f"{name}: the tests of the room do not run, or fail on the unchanged package.")


def survives_alone(folder: Path, name: str, mutant: str) -> bool:
    """Return ``True`` if all tests of the room pass in a new process that runs this mutant from its first import on.

    The forks begin when the package is imported already, so they cannot see what a function builds at import.
    """
    found = subprocess.run(
        [*PYTEST, "-x", *ROOMS[name].tests.split()],
        cwd=folder / "mutants",
        env=_environment(folder, MUTANT_UNDER_TEST=mutant.replace("__init__.", "")),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return found.returncode == 0


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / "mutants"), **ENVIRONMENT, **more}


def configured(pyproject: str, room: Room) -> str:
    """Return ``pyproject.toml`` with the files of ``room`` in the place of all."""
    files = json.dumps([f"django_sessionkit/{one}" for one in room.files.split()])
    changed, found = re.subn(r"(?m)^only_mutate = \[.*\]$", lambda _: f"only_mutate = {files}", pyproject)
    if found != 1:
        raise ValueError(f"pyproject.toml must have one list only_mutate in [tool.mutmut]; it has {found}.")
    return changed
