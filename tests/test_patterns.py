from __future__ import annotations

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.exceptions import InvalidPattern
from django_sessionkit.patterns import matches, parse, split


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/", "/"),
        ("/", ""),
        ("/a", "/a"),
        ("/a", "/a/"),
        ("/a/", "/a"),
        ("/a/*", "/a/b"),
        ("/a/*", "/a/b/c/"),
        ("/a/**", "/a"),
        ("/a/**", "/a/"),
        ("/a/**", "/a/b/c"),
        ("/**", "/"),
        ("/**", "/x/y"),
        ("/*", "/x"),
        ("/a/*/c", "/a/b/c"),
        ("/a/*/c", "/a/b/b/c"),
        ("/a/**/c", "/a/c"),
        ("/a/**/c", "/a/c/x/c"),
        ("/**/edit", "/edit"),
        ("/**/edit", "/a/edit/edit"),
        ("/*/*", "/a/b"),
        ("/*/**/x", "/x/x"),
        ("/caf\u00e9/*", "/caf\u00e9/x"),
        ("/a b", "/a b"),
        ("/a/*", "/a//"),
    ],
)
def test_a_pattern_covers(pattern, path):
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/", "/a"),
        ("/a", "/"),
        ("/a", "/ab"),
        ("/a", "/a/b"),
        ("/a", "/A"),
        ("/a/*", "/a"),
        ("/a/*", "/a/"),
        ("/*", "/"),
        ("/a/**", "/ab"),
        ("/a/*/c", "/a/c"),
        ("/**/edit", "/a/edit/b"),
        ("/*/*", "/a"),
        ("/a", "/%61"),
    ],
)
def test_a_pattern_does_not_cover(pattern, path):
    assert not matches(pattern, path)
    assert not matches(pattern, path, opens=True)


@pytest.mark.parametrize(
    ("pattern", "path", "is_open"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*/", "/a/b/", True),
        ("/a/*", "/a/b/c", False),
        ("/a/*", "/a/b/c/", False),
        ("/*", "/a/b", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/b/c", False),
        ("/*/*", "/a/b", True),
        ("/*/*", "/a/b/c", False),
        ("/a/*/**", "/a/b/c", True),
        ("/a/**", "/a/b/c", True),
    ],
)
def test_a_wildcard_opens_one_segment(pattern, path, is_open):
    assert matches(pattern, path)
    assert matches(pattern, path, opens=True) is is_open


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "must start"),
        ("a", "must start"),
        ("https://example.org/a", "must start"),
        (" /a", "white space"),
        ("/a\n", "white space"),
        ("/a\x00b", "control"),
        ("/a\x85b", "control"),
        ("/a//b", "empty segment"),
        ("//a", "empty segment"),
        ("/a/./b", "dot segment"),
        ("/a/..", "dot segment"),
        ("/a%20b", "percent"),
        ("/a?x=1", "query"),
        ("/a#b", "fragment"),
        ("/<int:id>", "converters"),
        ("/a\\b", "regular expression"),
        ("/a$", "regular expression"),
        ("/^a", "regular expression"),
        ("/[a]", "regular expression"),
        ("/(a|b)", "regular expression"),
        ("/x)+", "regular expression"),
        ("/a*", "whole segment"),
        ("/*.html", "whole segment"),
        ("/***", "whole segment"),
        ("/a /b", "a segment starts or ends with white space"),
        ("/" + "a" * 1000, "1000 characters"),
        (None, "must be a str"),
        (["/a"], "must be a str"),
    ],
)
def test_what_is_no_pattern_says_why(pattern, fault):
    with pytest.raises(InvalidPattern, match=fault) as caught:
        parse(pattern)
    assert isinstance(caught.value, ImproperlyConfigured)


def test_matches_refuses_an_invalid_pattern():
    with pytest.raises(InvalidPattern):
        matches("/a*", "/a")


def test_a_pattern_may_be_as_long_as_allowed():
    assert matches("/" + "a" * 999, "/" + "a" * 999)


def test_split_leaves_inner_empty_segments():
    assert [split(path) for path in ("/", "", "/a/", "/a//", "//a", "a/b")] == [
        [],
        [],
        ["a"],
        ["a", ""],
        ["", "a"],
        ["a", "b"],
    ]


def covers(pattern: list[str], segments: list[str], opens: bool) -> bool:
    """Match by the definition of the pattern language. This is slow."""
    if not pattern:
        return not segments
    head, rest = pattern[0], pattern[1:]
    if head not in ("*", "**"):
        return bool(segments) and segments[0] == head and covers(rest, segments[1:], opens)
    least = 1 if head == "*" else 0
    most = min(1, len(segments)) if head == "*" and opens else len(segments)
    return any(covers(rest, segments[taken:], opens) for taken in range(least, most + 1))


names = st.sampled_from(["a", "b", "c"])


@given(st.lists(names | st.sampled_from(["*", "**"]), max_size=6), st.lists(names, max_size=8), st.booleans())
def test_it_agrees_with_the_definition(pattern, segments, opens):
    path = "/" + "/".join(segments)
    assert matches("/" + "/".join(pattern), path, opens=opens) is covers(pattern, segments, opens)


def test_a_hostile_path_does_not_backtrack():
    pattern = "/**/a" * 100 + "/b"
    path = "/a" * 4_000
    assert not matches(pattern, path)
    assert matches(pattern, path + "/b")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (r"^/reports/.*$", 'write "/reports/**"'),
        (r"^reports/.+", 'write "/reports/**"'),
        ("/reports/.*", 'write "/reports/**"'),
        (r"^/users/(?P<pk>\d+)/$", 'write "/users/*/"'),
        (r"^/users/(\d+)/edit/?$", 'write "/users/*/edit/"'),
        (r"/users/[^/]+/edit\Z", 'write "/users/*/edit"'),
        (r"^/(?:[\w-]+)/[0-9]{4}/robots\.txt$", 'write "/*/*/robots.txt"'),
        ("^/$", 'write "/"'),
        ("^$", 'write "/"'),
        ("/(news|archive)/", "the only wildcards are"),
        ("^/news|/archive$", "the only wildcards are"),
        ("^/(?!login)", "the only wildcards are"),
        ("^/report.*", "the only wildcards are"),
        (r"^/a b\s", "the only wildcards are"),
        ("/users/<int:pk>/<slug:name>/", 'write "/users/*/*/", or use a "view" rule'),
        ("reports/**", 'write "/reports/**"'),
        ("*.html", 'also, "*.html": a wildcard must be a whole segment; write "*" or "**" between slashes'),
        ("reports/[a-z]+", 'also, the pattern looks like a regular expression; write "/reports/*"'),
        ("https://shop.example/reports/", "write only the path, without https:// and the host"),
        ("admin:*", 'write "view" instead of "pattern" for the name of a view'),
    ],
)
def test_the_hint_proposes_a_pattern_that_is_valid_or_none(wrong, hint):
    with pytest.raises(InvalidPattern) as caught:
        matches(wrong, "/")
    assert caught.value.hint.startswith(hint)
    for proposed in re.findall(r'write "(/[^"]*)"', caught.value.hint):
        assert matches(proposed, "/no/such/page") in (True, False)
