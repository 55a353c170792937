"""The counter of calls counts the work only, whatever else happens in the process."""

from __future__ import annotations

import gc

from support.call_counts import calls_of


class Finalized:
    """An object in a cycle, so that only the garbage collector finds it."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        """Do nothing; being called is what counts."""


def allocate() -> None:
    kept = []
    for number in range(100_000):
        kept.append([number])


def test_finalizers_of_older_garbage_are_not_counted():
    expected = calls_of(allocate)
    gc.disable()
    try:
        for _ in range(1000):
            Finalized()
    finally:
        gc.enable()
    assert calls_of(allocate) == expected
    assert gc.isenabled()
