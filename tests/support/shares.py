"""The share of the cases that a run tests: all, or of every test with many cases, one case in a few."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

#: ``"2/3"`` is the second of three shares, which together are all cases.
SHARE = os.environ.get("SESSIONKIT_SHARE", "1/1")


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
