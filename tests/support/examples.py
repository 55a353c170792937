"""The number of examples that hypothesis tries, and how much of a large matrix a run tests."""

from __future__ import annotations

import os

from hypothesis import settings

FACTOR = float(os.environ.get("SESSIONKIT_EXAMPLES", "0.2"))
#: whether large matrices are tested whole
IS_THOROUGH = FACTOR >= 1


def examples(number: int) -> settings:
    """Return a decorator that sets the number of examples, times ``SESSIONKIT_EXAMPLES``."""
    return settings(max_examples=max(10, round(number * FACTOR)), deadline=None)
