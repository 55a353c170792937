"""Numbers are converted as ``int()`` does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.urlconf.integers import has_loose_integer, with_plain_integers

like_numbers = st.text(
    st.sampled_from("+-_ 0123456789\u0660\u0667\uff10\uff17\u0966\u00a0\u2003\nx\u00b2\u2167."), max_size=8
)


@given(like_numbers | st.text(st.characters(exclude_characters="/\x1c\x1d\x1e\x1f"), max_size=8))
def test_a_segment_is_read_as_int_reads_it(text):
    """``int()`` treats U+001C to U+001F as white space only next to other scripts. Here they always are white space."""
    try:
        expected = str(int(text))
    except ValueError:
        expected = text
    assert with_plain_integers(text) == expected
    assert has_loose_integer(text) is (text != expected)


@given(st.lists(like_numbers, max_size=4))
def test_each_segment_of_a_longer_text_is_read(segments):
    text = "/".join(segments)
    assert with_plain_integers(text) == "/".join(map(with_plain_integers, segments))
    assert has_loose_integer(text) is any(map(has_loose_integer, segments))


@pytest.mark.parametrize(
    "number", ["0" * 60_000 + "7", "+" + "0_" * 30_000 + "7", " " * 60_000 + "7", "\u0660" * 60_000 + "\u0667"]
)
def test_a_number_of_any_length_is_read(number):
    """``int()`` rejects numbers with more than 4,300 digits, unless a project has raised that limit."""
    assert with_plain_integers(number) == "7"


@pytest.mark.parametrize("text", ["7" * 60_000 + "x", " " * 60_000 + "x", "7_" * 30_000, "0/" * 30_000, "+" * 60_000])
def test_what_is_no_number_is_seen_at_once(text):
    assert with_plain_integers(text) == text
    assert not has_loose_integer(text)


def test_more_numbers_than_any_path_has_are_refused():
    assert with_plain_integers("07/" * 256) == "7/" * 256
    with pytest.raises(RouteMismatch, match="more than 256 integers"):
        with_plain_integers("07/" * 257)
    assert with_plain_integers("7/" * 10_000) == "7/" * 10_000
