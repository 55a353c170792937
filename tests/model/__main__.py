"""Compare the package with the reference, world by world: ``python -m tests.model --all``, or a slice by a seed."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testsite.settings")

import django

django.setup()

from model import comparison, worlds  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every world (about an hour on two cores)")
    parser.add_argument("--seed", type=int, default=date.today().toordinal(), help="which slice (default: by the day)")
    parser.add_argument("--lists", type=int, default=400, help="lists of rules in the slice (default: 400)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    settings = worlds.settings()
    print(f"seed {options.seed}")
    random.Random(options.seed).shuffle(settings)
    chosen = settings if options.all else settings[: options.lists]
    size = max(1, min(200, len(chosen) // options.processes))
    parts: list[Any] = [
        (chosen[start : start + size], None if options.all else 0.2) for start in range(0, len(chosen), size)
    ]
    began, compared, found = time.monotonic(), 0, []
    with get_context("fork").Pool(options.processes) as pool:
        for count, wrong in pool.imap_unordered(comparison.compare_settings, parts):
            compared += count
            found += wrong
            print(f"{compared:,} worlds, {len(found):,} differ, {time.monotonic() - began:.0f} s", flush=True)
    trees, wrong = comparison.compare_requirements(options.seed, 200_000 if options.all else 20_000)
    found += wrong
    print(f"{len(chosen):,} lists of rules, {compared:,} worlds, {trees:,} requirements, {len(found):,} differ")
    for one in found[:20]:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
