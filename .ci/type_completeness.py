"""Fail if a type checker cannot know the types of the package without guessing: ``type_completeness.py``, run by tox.

pyright looks at everything that a project can import. Exits with 1 if it knows less than 97 % of the types, and names
the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

LEAST = 0.97
COMMAND = ("pyright", "--verifytypes", "django_sessionkit", "--ignoreexternal", "--outputjson")


def unknown(completeness: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each symbol whose type is unknown, or ambiguous because it has no annotation."""
    for symbol in completeness["symbols"]:
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]):
            faults = [one["message"].partition("\n")[0] for one in symbol["diagnostics"]]
            yield f"{symbol['name']}: {'; '.join(faults)}"


if __name__ == "__main__":
    done = subprocess.run(COMMAND, capture_output=True, text=True)  # noqa: S603 - a fixed command
    completeness = json.loads(done.stdout)["typeCompleteness"]
    if not completeness["symbols"]:
        sys.exit(f"pyright finds no installed package: {done.stdout}")
    score = completeness["completenessScore"]
    print(*unknown(completeness), f"{score:.1%} of the types are known.", sep="\n")
    sys.exit(score < LEAST)
