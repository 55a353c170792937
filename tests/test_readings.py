from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.readings import clean, fold, is_plain, readings, strip_language


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("/a/b/", "/a/b"),
        ("//a///b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../../b", "/b"),
        ("/x/.././a", "/a"),
        ("/ a /\tb\n", "/a/b"),
        ("/a\x00b\x7f\x9f", "/ab"),
        ("/a/.\x00./b", "/b"),
        ("/a/. ./b", "/a/. ./b"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_clean(path, cleaned):
    assert clean(path) == cleaned


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/ADMIN", "/admin"),
        ("/adm\u0130n", "/admin"),
        ("/adm\u0131n", "/admin"),
        ("/u\u017fer", "/user"),
        ("/\u212aey", "/key"),
        ("/CAFE\u0301", "/caf\u00e9"),
        ("/\u03a3\u03c2\u03c3", "/\u03c3\u03c3\u03c3"),
        ("/stra\u00dfe", "/stra\u00dfe"),
        ("/\u1e9e", "/\u00df"),
    ],
)
def test_fold(path, folded):
    assert fold(path) == folded


def test_fold_equates_whatever_ignorecase_equates():
    cased = [chr(code) for code in range(sys.maxunicode + 1) if _is_cased(chr(code))]
    text = "".join(cased)
    for character in cased:
        for equal in re.findall(re.escape(character), text, re.IGNORECASE):
            assert fold(equal) == fold(character), (character, equal)


def _is_cased(character: str) -> bool:
    return character.lower() != character or character.upper() != character or character.casefold() != character


@pytest.mark.parametrize("path", ["/", "/a/b/", "/a.b/c-d_e", "/a@b;c=d,e", "/..a/.b", ""])
def test_a_plain_path_has_one_reading(path):
    assert is_plain(path)
    assert {reading.path.rstrip("/") for reading in readings(path, path, frozenset())} == {path.rstrip("/")}


@pytest.mark.parametrize("path", ["//a", "/A", "/a//b", "/./a", "/a/..", "/a b", "/\u00e9", "/a\n", "a", "/a\x00"])
def test_what_is_not_plain(path):
    assert not is_plain(path)


@given(st.text(alphabet="/.aA \n\x00\u0130\u00e9;%-", max_size=12).map(lambda text: "/" + text))
def test_a_path_taken_for_plain_is_its_own_clean_and_fold(path):
    if is_plain(path):
        assert clean(path).rstrip("/") == path.rstrip("/")
        assert fold(path) == path


@given(st.text(max_size=30))
def test_clean_and_fold_are_final(path):
    assert clean(clean(path)) == clean(path)
    assert fold(fold(path)) == fold(path)


def test_the_language_prefix():
    languages = frozenset({"de", "pt-br"})
    assert strip_language("/de/admin/", languages) == "/admin/"
    assert strip_language("/pt-br", languages) == "/"
    assert strip_language("/en/admin/", languages) is None
    assert strip_language("/dea/", languages) is None


def test_all_readings_of_a_mounted_translated_path():
    found = list(readings("/de//Admin", "/mount/de//Admin", frozenset({"de"})))
    assert [one.path for one in found if one.strict] == ["/de//Admin", "/de/Admin"]
    assert not any(one.folded for one in found if one.strict)
    assert {one.path for one in found if one.unprefixed and not one.folded} == {"//Admin", "/Admin"}
    assert {one.path for one in found if not one.strict and not one.folded and not one.unprefixed} == {
        "/mount/de//Admin",
        "/mount/de/Admin",
    }
    assert {one.path for one in found if one.folded} == {
        "/de//admin",
        "/de/admin",
        "/mount/de//admin",
        "/mount/de/admin",
        "//admin",
        "/admin",
    }
