"""Say what a release would get wrong: ``release_faults.py TAG REPOSITORY``, run by .github/workflows/release.yml.

Exits with 1 if the tag is not the version, if the changelog does not have it with a date, or if the metadata name
another repository or a made-up address.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import tomllib


def faults(root: Path, tag: str, repository: str) -> Iterator[str]:
    """Yield a sentence for each fault."""
    code = (root / "django_sessionkit" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', code, re.MULTILINE)
    version = found[1] if found else "unknown"
    if tag != f"v{version}":
        yield f"The tag is {tag}, but the version of the package is {version}."
    newest = re.search(r"^## .*$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if not newest or not re.fullmatch(rf"## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", newest[0]):
        yield f'The first heading of CHANGELOG.md must be "## {version} (YYYY-MM-DD)".'
    yield from _wrong_metadata(root, repository)


def _wrong_metadata(root: Path, repository: str) -> Iterator[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, url in project["urls"].items():
        if "://github.com/" in url and not f"{url}/".startswith(f"{repository}/"):
            yield f"[project.urls] {name} is {url}, but this repository is {repository}."
    for author in project["authors"]:
        if author.get("email", "").endswith(".example"):
            yield f"The author {author['name']} has no real e-mail address in pyproject.toml."


if __name__ == "__main__":
    found = list(faults(Path(__file__).parents[1], *sys.argv[1:]))
    print(*found, sep="\n")
    sys.exit(bool(found))
