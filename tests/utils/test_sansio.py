"""The place of an error, which the log has instead of its text."""

from __future__ import annotations

import json

import pytest

from django_sessionkit.utils.sansio import place_of


def read(data):
    return json.loads(data)  # raises in a library


def test_the_place_of_an_error_is_that_of_the_project():
    with pytest.raises(json.JSONDecodeError) as caught:
        read("{")
    assert place_of(caught.value) == f"{__file__}:{read.__code__.co_firstlineno + 1}"


def test_without_a_line_of_the_project_it_is_that_of_the_library():
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)
    assert "/json/" in place_of(error)
    assert place_of(ValueError()) == "unknown place"
