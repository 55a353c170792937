"""What a run tests: everything, or what Django can change, or of this one case in a few."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest

TESTS = Path(__file__).parents[1]
#: ``"2/3"`` is the second of three shares of what depends on Django. Together, they are all cases.
SHARE = os.environ.get("SESSIONKIT_SHARE", "1/1")
#: whether what does not depend on Django is left out
ONLY_DJANGO = bool(os.environ.get("SESSIONKIT_ONLY_DJANGO"))
#: What depends on Python (its parser of expressions, its tables of letters) or on nothing, but not on Django.
SAME_ON_EVERY_DJANGO = frozenset(
    TESTS / name
    for name in (
        "docs",
        "lint",
        "policy",
        "properties/test_algebra.py",
        "requirements",
        "security/test_bounded_caches.py",
        "security/test_isolation.py",
        "session/test_fast_validation.py",
        "session/test_validation.py",
        "session/test_value.py",
        "test_access.py",
        "test_patterns.py",
        "test_pytest_plugin.py",
        "urlconf/test_alternatives.py",
        "urlconf/test_candidates.py",
        "urlconf/test_integers.py",
        "utils",
    )
)


#: the hostile requests: a run that has them has them all
WHOLE = frozenset([TESTS / "security" / "test_bypasses.py"])


def is_of_all_tests(config: pytest.Config) -> bool:
    """Return whether a run selects no tests, neither by a path nor by an option, and is not one process of several."""
    selected = config.args_source != config.ArgsSource.TESTPATHS or any(
        config.getoption(name, default=None) for name in ("collectonly", "keyword", "lf", "markexpr")
    )
    return not selected and not hasattr(config, "workerinput")


@cache
def is_same_on_every_django(path: Path) -> bool:
    """Return whether the tests in a file or folder do not depend on Django."""
    return not SAME_ON_EVERY_DJANGO.isdisjoint((path, *path.parents))


def is_whole(path: Path) -> bool:
    """Return whether a run has all cases of the tests in a file, or none."""
    return path in WHOLE or is_same_on_every_django(path)


def chosen(names: Iterable[str], share: str = SHARE) -> set[str]:
    """Return which tests, by their names such as ``test_x.py::test_it[case]``, a share has.

    Every test has at least one case in every share. A name alone decides, so neither the order nor a new case matters.
    """
    number, shares = map(int, share.split("/"))
    if not 1 <= number <= shares:
        raise ValueError(f"SESSIONKIT_SHARE is a number of as many shares, such as 1/3, not {share!r}")
    cases = defaultdict(list)
    for name in names:
        cases[name.partition("[")[0]].append((crc32(name.encode()), name))
    found = set()
    for numbered in cases.values():
        mine = {name for crc, name in numbered if crc % shares == number - 1}
        found |= mine or {min(numbered)[1]}
    return found
