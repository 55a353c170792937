"""The workflows and the check before a release."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from runpy import run_path

import pytest

import django_sessionkit

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
REPOSITORY = "https://github.com/owner/project"

pytestmark = pytest.mark.skipif(not WORKFLOWS.exists(), reason="an sdist has no .github folder")


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    lines = [line for one in sorted(WORKFLOWS.glob("*.yml")) for line in one.read_text(encoding="utf-8").splitlines()]
    used = [line.partition("uses: ")[2] for line in lines if "uses: " in line]
    assert len(used) > 5
    wrong = [one for one in used if not re.fullmatch(r"\./\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)]
    assert wrong == []


def test_only_the_job_that_publishes_gets_a_token() -> None:
    before, _, publish = (WORKFLOWS / "release.yml").read_text(encoding="utf-8").partition("\n  publish:\n")
    assert "id-token" not in before
    assert "id-token: write" in publish
    assert "permissions: {}" in before


def faults(root: Path, tag: str) -> list[str]:
    return list(run_path(str(ROOT / ".ci" / "release_faults.py"))["faults"](root, tag, REPOSITORY))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of version 1.2.0 without a fault."""
    (tmp_path / "django_sessionkit").mkdir()
    write(tmp_path, "django_sessionkit/__init__.py", '"""Doc."""\n__version__ = "1.2.0"\n')
    write(tmp_path, "CHANGELOG.md", "# Changelog\n\n## 1.2.0 (2027-01-31)\n\n## 1.1.0 (2026-12-01)\n")
    metadata = '[project]\nauthors = [{ name = "ann", email = "ann@example.org" }]\nurls.Issues = "{}/issues"\n'
    write(tmp_path, "pyproject.toml", metadata.replace("{}", REPOSITORY))
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8")


needs_tomllib = pytest.mark.skipif(sys.version_info < (3, 11), reason="the release runs on a newer Python")


@needs_tomllib
def test_a_complete_release_has_no_fault(project: Path) -> None:
    assert faults(project, "v1.2.0") == []


@needs_tomllib
@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("django_sessionkit/__init__.py", "1.2.0", "1.2.1", "version of the package is 1.2.1"),
        ("CHANGELOG.md", "(2027-01-31)", "(2027-01-31, not yet released)", "CHANGELOG.md"),
        ("CHANGELOG.md", "## 1.2.0 (2027-01-31)", "", "CHANGELOG.md"),
        ("pyproject.toml", "/owner/", "/other/", "other/project/issues, but this repository"),
        ("pyproject.toml", "project/issues", "project-fork/issues", "project-fork/issues, but this repository"),
        ("pyproject.toml", "example.org", "ann.example", "ann has no real e-mail address"),
    ],
)
def test_each_fault_is_named(project: Path, file: str, old: str, new: str, fault: str) -> None:
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    write(project, file, text.replace(old, new))
    assert any(fault in one for one in faults(project, "v1.2.0"))


@needs_tomllib
def test_the_files_of_this_repository_can_be_read() -> None:
    assert not any("unknown" in one for one in faults(ROOT, f"v{django_sessionkit.__version__}"))
