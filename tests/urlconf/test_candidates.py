"""The candidates of a path contain every pattern that may match it, and few others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.lint.overlap import Cover, cover
from django_sessionkit.patterns import Pattern, compile_pattern
from django_sessionkit.urlconf.candidates import ANY, CandidateIndex, OneOf, steps_of
from django_sessionkit.urlconf.segments import MANY, ONE, PartialSegment

texts = st.lists(st.sampled_from(["a", "b", "ab", "*", "**"]), max_size=3).map(lambda one: "/" + "/".join(one))
patterns = st.builds(Pattern, texts, opens=st.booleans())
steps = st.sampled_from(
    ["a", "b", "ab", ONE, MANY, ANY, PartialSegment("a", "b"), PartialSegment("a", ""), OneOf(frozenset("ab"))]
)
parts = st.lists(steps, max_size=3)


@given(patterns=st.lists(patterns, max_size=8), parts=parts)
def test_the_index_leaves_no_candidate_out(patterns, parts):
    index = CandidateIndex(enumerate(patterns))
    covers = {number: cover(pattern, parts) for number, pattern in enumerate(patterns)}
    assert {number for number, how in covers.items() if how is not Cover.NONE} <= set(index.near(parts))
    assert {number for number, how in covers.items() if how is Cover.ALL} <= set(index.near(parts, whole=True))


def test_the_index_looks_at_few():
    texts = [f"/app{number}/**" for number in range(100)] + [f"/**/x{number}" for number in range(100)]
    index = CandidateIndex((number, compile_pattern(text)) for number, text in enumerate(texts))
    assert index.near(("app7", ONE, "x3")) == [7, 103]
    assert index.near(steps_of(compile_pattern("/app7/**")), whole=True) == [7]
    assert index.near(steps_of(compile_pattern("/**/x3")), whole=True) == [103]
