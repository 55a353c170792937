"""The time and memory that an index needs for each rule."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator, Sequence
from functools import partial
from time import process_time

from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.pattern_index import PatternIndex

from .lists import RuleList, first_match
from .report import Fact, Scale, expect


def rows(scale: Scale) -> Iterator[Fact]:
    """Yield the rows. A path of every rule is looked up once, so that the index builds its lazy parts too."""
    rules = RuleList.of("tail-wildcard", scale.rules)
    asked = [text.replace("/**", "/page") for text in rules.texts]
    what = f"index of {scale.rules:,} tail-wildcard rules, each looked up once"
    yield Fact(what, "–", "≤ 30 µs and ≤ 2 KB a rule", partial(_cost, rules.patterns(), asked, 30, 2048))
    for count in (scale.rules // 2, scale.rules):
        entries = _branchy(count)
        what = f"index of {count:,} rules with two inner wildcards each, after {count:,} random paths"
        find = partial(_cost, entries, _branchy_paths(count), 200, 8192)
        yield Fact(what, "–", "bounded: ≤ 200 µs and ≤ 8 KB a rule", find)


def _cost(
    entries: Sequence[tuple[int, Pattern]], asked: Sequence[str], most_us: float, most_bytes: float
) -> tuple[str, bool]:
    """Microseconds and bytes for each rule. The time is the median of three runs."""
    _check(entries, asked)
    micro = 1e6 * sorted(_seconds(entries, asked) for _ in range(3))[1] / len(entries)
    size = _bytes(entries, asked) / len(entries)
    return f"{micro:.1f} µs, {size / 1024:.2f} KB", micro <= most_us and size <= most_bytes


def _seconds(entries: Sequence[tuple[int, Pattern]], asked: Sequence[str]) -> float:
    gc.collect()
    start = process_time()
    _used(entries, asked)
    return process_time() - start


def _bytes(entries: Sequence[tuple[int, Pattern]], asked: Sequence[str]) -> int:
    gc.collect()
    tracemalloc.start()
    index = _used(entries, asked)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del index
    return size


def _used(entries: Sequence[tuple[int, Pattern]], asked: Sequence[str]) -> PatternIndex:
    index = PatternIndex(entries)
    for path in asked:
        index.matching(path)
    return index


def _branchy(count: int) -> list[tuple[int, Pattern]]:
    return [(n, Pattern(f"/**/part{n % 97}/*/item{n}/**")) for n in range(count)]


def _branchy_paths(count: int) -> list[str]:
    dice = random.Random(5)  # noqa: S311
    return [
        f"/x/part{dice.randrange(97)}/part{dice.randrange(97)}/item{dice.randrange(count)}/page" for _ in range(count)
    ]


def _check(entries: Sequence[tuple[int, Pattern]], asked: Sequence[str]) -> None:
    index = PatternIndex(entries)
    for path in asked[:20]:
        segments = path.removeprefix("/").split("/")
        wanted = next((number for number, pattern in entries if pattern.matches(segments)), None)
        expect(f"the rule for {path}", first_match(index.matching, path), wanted)
