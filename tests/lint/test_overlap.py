from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.lint.overlap import Cover, Relation, cover, relation
from django_sessionkit.patterns import Pattern, compile_pattern
from django_sessionkit.urlconf.candidates import ANY
from django_sessionkit.urlconf.segments import MANY, ONE, PartialSegment

# "z" stands for any segment that no pattern names. Longer paths do not distinguish patterns of three segments.
SEGMENTS = ("a", "b", "ab", "acb", "z")
LONGEST = 5
PATHS = [path for length in range(LONGEST + 1) for path in product(SEGMENTS, repeat=length)]

TEXTS = st.lists(st.sampled_from(["a", "b", "ab", "*", "**"]), max_size=3).map(lambda one: "/" + "/".join(one))
PATTERNS = st.builds(Pattern, TEXTS, opens=st.booleans())
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
    return {path for path in PATHS if pattern.matches(path)}


@given(one=PATTERNS, other=PATTERNS)
def test_the_relation_of_two_patterns_is_that_of_their_paths(one, other):
    mine, theirs = covered_by(one), covered_by(other)
    expected = {
        mine == theirs: Relation.EQUAL,
        mine > theirs: Relation.COVERS,
        mine < theirs: Relation.WITHIN,
        mine.isdisjoint(theirs): Relation.DISJOINT,
    }.get(True, Relation.OVERLAPS)
    assert relation(one, other) is expected


@given(pattern=PATTERNS, parts=PARTS)
def test_a_pattern_covers_what_its_paths_say(pattern, parts):
    spelt = {path for path in PATHS if spelt_by(parts, path)}
    mine = covered_by(pattern) & spelt
    expected = Cover.ALL if mine == spelt else Cover.SOME if mine else Cover.NONE
    assert cover(pattern, parts) is expected


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
