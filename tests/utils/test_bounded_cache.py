from __future__ import annotations

from django_sessionkit.utils import bounded_cache
from django_sessionkit.utils.bounded_cache import BoundedCache


def test_the_memory_for_repeated_paths_is_bounded():
    asked = []
    memory = BoundedCache(lambda path: asked.append(path) or len(path))
    for number in range(3 * bounded_cache._MOST_ENTRIES):
        assert memory[f"/{number}"] == memory[f"/{number}"]
    assert len(asked) == 3 * bounded_cache._MOST_ENTRIES
    assert 0 < len(memory) <= bounded_cache._MOST_ENTRIES
    assert memory["/" * 201] == 201
    assert "/" * 201 not in memory
