from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.lint.overlap import ANY, CandidateIndex, Cover, Relation, cover, relation, steps_of
from django_sessionkit.patterns import compile_pattern, matches
from django_sessionkit.urlconf.segments import MANY, ONE, PartialSegment

# "z" stands for any segment that no pattern names. Longer paths do not distinguish patterns of three segments.
SEGMENTS = ("a", "b", "ab", "acb", "z")
LONGEST = 5
PATHS = [path for length in range(LONGEST + 1) for path in product(SEGMENTS, repeat=length)]

PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", "*", "**"]), max_size=3).map(lambda one: "/" + "/".join(one))
PARTS = st.lists(
    st.sampled_from(["a", "b", "ab", ONE, MANY, ANY, PartialSegment("a", "b"), PartialSegment("a", "")]), max_size=3
)


def spelt_by(parts, path):
    """Return ``True`` if ``parts`` describe ``path``, by trying all ways."""
    if not parts:
        return not path
    first, rest = parts[0], parts[1:]
    if first is ANY:
        return any(spelt_by(rest, path[taken:]) for taken in range(len(path) + 1))
    if first is MANY:
        return any(spelt_by(rest, path[taken:]) for taken in range(1, len(path) + 1))
    return bool(path) and is_one(first, path[0]) and spelt_by(rest, path[1:])


def is_one(part, segment):
    if isinstance(part, PartialSegment):
        ends = segment.startswith(part.prefix) and segment.endswith(part.suffix)
        return ends and len(segment) > len(part.prefix + part.suffix)
    return part is ONE or part == segment


def covered_by(pattern):
    return {path for path in PATHS if matches(pattern, "/" + "/".join(path))}


@given(one=PATTERNS, other=PATTERNS)
def test_the_relation_of_two_patterns_is_that_of_their_paths(one, other):
    mine, theirs = covered_by(one), covered_by(other)
    expected = {
        mine == theirs: Relation.EQUAL,
        mine > theirs: Relation.COVERS,
        mine < theirs: Relation.WITHIN,
        mine.isdisjoint(theirs): Relation.DISJOINT,
    }.get(True, Relation.OVERLAPS)
    assert relation(compile_pattern(one), compile_pattern(other)) is expected


@given(pattern=PATTERNS, parts=PARTS)
def test_a_pattern_covers_what_its_paths_say(pattern, parts):
    spelt = {path for path in PATHS if spelt_by(parts, path)}
    mine = covered_by(pattern) & spelt
    expected = Cover.ALL if mine == spelt else Cover.SOME if mine else Cover.NONE
    assert cover(compile_pattern(pattern), parts) is expected


@given(patterns=st.lists(PATTERNS, max_size=8), parts=PARTS)
def test_the_index_leaves_no_candidate_out(patterns, parts):
    index = CandidateIndex((number, compile_pattern(text)) for number, text in enumerate(patterns))
    covers = {number: cover(compile_pattern(text), parts) for number, text in enumerate(patterns)}
    assert {number for number, how in covers.items() if how is not Cover.NONE} <= set(index.near(parts))
    assert {number for number, how in covers.items() if how is Cover.ALL} <= set(index.near(parts, whole=True))


def test_the_index_looks_at_few():
    patterns = [f"/app{number}/**" for number in range(100)] + [f"/**/x{number}" for number in range(100)]
    index = CandidateIndex((number, compile_pattern(text)) for number, text in enumerate(patterns))
    assert index.near(("app7", ONE, "x3")) == [7, 103]
    assert index.near(steps_of("/app7/**"), whole=True) == [7]
    assert index.near(steps_of("/**/x3"), whole=True) == [103]


@pytest.mark.parametrize(
    ("pattern", "parts", "how"),
    [
        ("/articles/*/edit", ("articles", ONE, "edit"), Cover.ALL),
        ("/articles/1/edit", ("articles", ONE, "edit"), Cover.SOME),
        ("/files/report.csv", ("files", PartialSegment("", ".csv")), Cover.SOME),
        ("/files/.csv", ("files", PartialSegment("", ".csv")), Cover.NONE),
        ("/files/**", ("files", MANY), Cover.ALL),
        ("/", (), Cover.ALL),
        ("/files", ("file",), Cover.NONE),
    ],
)
def test_patterns_over_routes(pattern, parts, how):
    assert cover(compile_pattern(pattern), parts) is how
