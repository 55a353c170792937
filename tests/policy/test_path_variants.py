from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.policy.folding import fold
from django_sessionkit.policy.path_variants import (
    VariantReader,
    has_parent_segments,
    is_canonical,
    normalize,
    normalized,
    strip_language,
    traversal_targets,
)


def variants(*arguments):
    return VariantReader().variants(*arguments)


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
        ("/ a / b", "/a/b"),
        ("/a\x00b\x7f\x9f", "/ab"),
        ("/a/.\x00./b", "/b"),
        ("/a/. ./b", "/a/. ./b"),
        ("/", "/"),
        ("", "/"),
        (".", "/"),
        ("../a", "/a"),
        ("a/b/", "/a/b"),
    ],
)
def test_normalize(path, cleaned):
    assert normalize(path) == cleaned


@pytest.mark.parametrize("path", ["/", "/a/b/", "/a.b/c-d_e", "/a@b;c=d,e", "/..a/.b", ""])
def test_a_canonical_path_has_one_variant(path):
    assert is_canonical(path)
    assert {variant.path.rstrip("/") for variant in variants(path, path, frozenset())} == {path.rstrip("/")}


@pytest.mark.parametrize(
    "path", ["/a" * 101, "//a", "/A", "/a//b", "/./a", "/a/..", "/a b", "/\u00e9", "/a\n", "a", "/a\x00"]
)
def test_what_is_not_canonical(path):
    assert not is_canonical(path)


@given(st.text(alphabet="/.aA \n\x00\u0130\u00e9;%-", max_size=12).map(lambda text: "/" + text))
def test_a_canonical_path_is_its_own_normal_and_folded_form(path):
    if is_canonical(path):
        assert normalize(path).rstrip("/") == path.rstrip("/")
        assert fold(path) == path


@given(st.text(max_size=30))
def test_normalizing_and_folding_are_final(path):
    assert normalize(normalize(path)) == normalize(path)
    assert fold(fold(path)) == fold(path)


def test_a_backslash_separates_segments_in_one_more_exact_variant():
    found = list(variants("/a\\..\\B/c", "/mount/a\\..\\B/c", frozenset()))
    assert [one.path for one in found if one.exact] == ["/a\\..\\B/c", "/B/c"]
    assert [(one.path, one.base) for one in found if not one.exact and not one.case_folded] == [
        ("/mount/a\\..\\B/c", "/a\\..\\B/c"),
        ("/mount/B/c", "/B/c"),
    ]
    assert {one.path for one in found if one.case_folded} >= {"/b/c", "/mount/b/c", "/a\\..\\b/c"}


@pytest.mark.parametrize(
    ("path", "spellings"),
    [
        ("/a/b/", ("/a/b",)),
        ("/a\\b/", ("/a\\b", "/a/b")),
        ("/a\\..\\..\\b", ("/a\\..\\..\\b", "/b")),
        ("/a\\.\x00.\\ b\\", ("/a\\..\\ b\\", "/b")),
    ],
)
def test_normalized(path, spellings):
    assert normalized(path) == spellings


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("a/../b", ["b"]),
        ("../a/b", ["a/b", "b"]),
        ("x/../../a", ["a", ""]),
        ("..\\a/b", ["..\\a/b", "a/b", "b"]),
        ("a\\..\\..\\b", ["a\\..\\..\\b", "b", ""]),
        (".\x01./a", ["a", ""]),
        ("\u00e9/.\x01./../a", ["a", ""]),
        ("a..b", ["a..b"]),
    ],
)
def test_traversal_targets(value, places):
    assert has_parent_segments(value)
    assert traversal_targets(value) == places


@pytest.mark.parametrize(
    "value", ["../" * 40 + "a/" * 40, "../a" + "/a" * 20_000, "a/" * 20_000 + "..", "..\\a" * 9_000]
)
def test_a_value_that_leads_too_high_for_its_length_is_an_error(value):
    high = "A captured value leaves its folder by more than 32 levels, or is too long."
    long = 'A captured value of more than 20,000 characters has ".." segments.'
    with pytest.raises(RouteMismatch) as raised:
        traversal_targets(value)
    assert str(raised.value) == (long if len(value) > 20_000 else high)


def test_the_longest_values_with_parent_segments():
    once = "../" + "a" * 19_997
    assert traversal_targets(once) == ["a" * 19_997, ""]
    twice = "../../" + "a/" * 2 + "b" * 9_990
    assert (len(twice), len(traversal_targets(twice))) == (10_000, 3)
    thirty_two = "../" * 32 + "a/" * 32
    assert len(traversal_targets(thirty_two)) == 33
    for value in (once + "a", twice + "b", "../" + thirty_two + "a/"):
        with pytest.raises(RouteMismatch):
            traversal_targets(value)


def test_a_value_that_stays_in_its_folder_may_be_long():
    assert traversal_targets("a..b/" * 20_000) == ["a..b/" * 19_999 + "a..b"]
    assert len(traversal_targets("../" * 32 + "a/" * 40)) == 33
    assert not has_parent_segments("/a.b/c.d")


def test_what_two_requests_of_a_reader_share_is_worked_out_once():
    folded = []
    reader = VariantReader(lambda path: folded.append(path) or path.lower())
    for span in (None, "/A//x", "/B"):
        assert {one.path for one in reader.variants("/A//x", "/A//x", frozenset(), span) if one.case_folded} >= {"/a/x"}
    assert folded == ["/A//x", "/A/x", "/B"]


def test_the_language_prefix():
    languages = frozenset({"de", "pt-br"})
    assert strip_language("/de/admin/", languages) == "/admin/"
    assert strip_language("/pt-br", languages) == "/"
    assert strip_language("/en/admin/", languages) is None
    assert strip_language("/dea/", languages) is None


def test_all_variants_of_a_mounted_translated_path():
    found = list(variants("/de//Admin", "/mount/de//Admin", frozenset({"de"})))
    assert [one.path for one in found if one.exact] == ["/de//Admin", "/de/Admin"]
    assert not any(one.case_folded for one in found if one.exact)
    assert {one.path for one in found if one.without_language and not one.case_folded} == {
        "//Admin",
        "/Admin",
        "/mount//Admin",
        "/mount/Admin",
    }
    assert {one.path for one in found if not one.exact and not one.case_folded and not one.without_language} == {
        "/mount/de//Admin",
        "/mount/de/Admin",
    }
    assert {one.path for one in found if one.case_folded} == {
        "/de//admin",
        "/de/admin",
        "/mount/de//admin",
        "/mount/de/admin",
        "//admin",
        "/admin",
        "/mount//admin",
        "/mount/admin",
    }


def test_spans_and_forms_are_mounted_too():
    found = list(variants("/x/07", "/mount/x/07", frozenset(), "/07", ["/7"]))
    assert {one.path for one in found if not one.exact and not one.case_folded} == {
        *("/mount/x/07", "/mount/07", "/mount/7", "/7"),
    }
    rewritten = list(variants("/x/07", "/mount/y/07", frozenset(), "/07", ["/7"]))
    assert {one.path for one in rewritten if not one.exact and not one.case_folded} == {"/mount/y/07", "/7"}
    assert {one.base for one in found if one.path in ("/7", "/mount/7")} == {""}  # of any exact form


@pytest.mark.parametrize(
    ("path_info", "path", "expected"),
    [
        (
            "/a//B",
            "/m\\n/a//B",
            [("/m\\n/a//B", "/a//B"), ("/m\\n/a/B", "/a/B"), ("/m/n/a/B", "/a/B")],
        ),
        ("/a\\B", "/m/c", [("/m/c", "/a\\B")]),  # other middleware has changed the path
    ],
)
def test_the_mounted_path_may_have_more_or_fewer_normal_forms(path_info, path, expected):
    found = variants(path_info, path, frozenset())
    assert [(one.path, one.base) for one in found if not one.exact and not one.case_folded] == expected


def test_forms_have_the_same_order_in_each_process():
    names = [f"/form-{number}" for number in range(20)]
    found = [one.path for one in VariantReader().variants("/a", "/a", frozenset(), "/a", frozenset(names))]
    assert list(dict.fromkeys(one for one in found if one != "/a")) == sorted(names)
