"""Folding equates exactly the texts that `re.IGNORECASE` and NFC equate, and takes linear time."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path, re_path
from hypothesis import given
from hypothesis import strategies as st
from support.attacks.sending import AsyncWireClient
from support.loops import async_to_sync
from support.sessions import HTML, browser

from django_sessionkit.policy import folding
from django_sessionkit.policy.folding import Folding, fold, longest_spelling

ASCII = ["admin", "kiosk", "i;`", "iii", "a.b-c"]
MIXED = [*ASCII, "caf\u00e9", "stra\u00dfe", "\u1ec7x", "\u03b9\u03b9", "\u1f82", "\uac01", "\ufb06"]
# Characters with which the literals above can be written, and some that only look alike.
LETTERS = "adminkosekAIKS;`.-\u0130\u0131\u017f\u212a\u037e\u1fef\u0307\u0301\u0323\u0302\u0345\u1e9e\u00df\u1ec7\u1eb9"
LETTERS += "\u03b9\u0399\u1fbe\u03b1\u0313\u0300\u1100\u1161\u11a8\uac00\ufb05\ufb06/xX\u00e9\u00c9\u6771\ud800"


@cache
def characters() -> list[str]:
    """Nothing is known of a code point that is unassigned or private, so a hundredth of those stand for all."""
    known = [code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Co")]
    return [chr(code) for code in sorted({*known, *range(0, sys.maxunicode + 1, 101)})]


@cache
def composed() -> list[str]:
    return [one for one in characters() if one != "/" and unicodedata.normalize("NFC", one) == one]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("/ADMIN", "/admin"),
        ("/adm\u0130n", "/admin"),
        ("/admI\u0307n", "/admin"),
        ("/adm\u0131n", "/admin"),
        ("/u\u017fer", "/user"),
        ("/\u212aey", "/key"),
        ("/CAFE\u0301", "/caf\u00e9"),
        ("/\u03a3\u03c2\u03c3", "/\u03c3\u03c3\u03c3"),
        ("/stra\u00dfe", "/stra\u00dfe"),
        ("/\u1e9e", "/\u00df"),
        ("/s\u0131\u0301", "/s\u00ed"),
        ("/\u017f\u0301", "/\u015b"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def test_fold_equates_whatever_ignorecase_equates():
    cased = [one for one in characters() if one.lower() != one or one.upper() != one or one.casefold() != one]
    text = "".join(cased)
    for character in cased:
        for equal in re.findall(re.escape(character), text, re.IGNORECASE):
            assert fold(equal) == fold(character), (character, equal)


def each(change, texts):
    """Yield each text and its result. ``change`` gets all texts as one path, because separate calls take minutes."""
    return zip(texts, change("/".join(texts)).split("/"), strict=True)


def test_fold_changes_no_other_letter():
    """Each character becomes the lower case of its upper case, if each of them is one character."""
    for character, folded in each(fold, composed()):
        upper = character.upper() if len(character.upper()) == 1 else character
        lower = upper.lower() if len(upper.lower()) == 1 else upper
        assert folded == {"\u0130": "i", "\ufb05": "\ufb06"}.get(character, lower), character


def test_no_spelling_is_longer_than_the_bound():
    """The canonical decomposition of a character is the longest text that NFC composes to it."""
    for character, folded in each(fold, composed()):
        assert len(unicodedata.normalize("NFD", character)) <= longest_spelling(folded), character


def test_the_bound_of_ascii_is_close():
    assert [longest_spelling(one) for one in ("", "a", "i", "ai/", "\u00e9", "a\u00e9i")] == [0, 1, 2, 4, 4, 7]


@pytest.mark.parametrize("text", ["{}", "{}\u0307", "I{}"])
def test_every_character_is_folded_alike_for_some_literals(text):
    """For ASCII literals, exactly the texts that fold to ASCII are folded."""
    texts = [text.format(one) for one in characters() if one != "/"]
    for (spelt, folded), (_, found) in zip(each(fold, texts), each(Folding(ASCII), texts), strict=True):
        assert found == folded if folded.isascii() else not found.isascii(), spelt
    assert [*each(fold, texts)] == [*each(Folding(["\u00e9" * 9]), texts)]


@pytest.mark.parametrize("literals", [ASCII, MIXED])
@given(text=st.text(alphabet=LETTERS, max_size=12) | st.sampled_from(MIXED).map(str.upper))
def test_a_segment_equals_a_literal_if_it_folds_to_it(literals, text):
    found = Folding(literals)(text)
    for one, spelt in zip(found.split("/"), text.split("/"), strict=True):
        assert {literal for literal in literals if literal == one} == {one for one in literals if one == fold(spelt)}


@given(st.sampled_from(MIXED), st.data())
def test_a_long_spelling_of_a_literal_is_caught(literal, data):
    """The text is fully decomposed and in another case."""
    spelt = "".join(
        data.draw(st.sampled_from(sorted({one, one.upper() if len(one.upper()) == 1 else one, one.title()[:1]})))
        for one in literal
    )
    decomposed = unicodedata.normalize("NFD", spelt.replace("I", data.draw(st.sampled_from(["I", "I\u0307"]))))
    assert Folding(MIXED)(decomposed) == fold(decomposed)


@given(st.text(max_size=30))
def test_fold_is_final(text):
    assert fold(fold(text)) == fold(text)
    assert Folding(MIXED)(Folding(MIXED)(text)) == Folding(MIXED)(text)


def test_what_is_too_long_is_cut():
    assert Folding(["\u00e9"])("/E\u0301/" + "\u0301" * 5000 + "/E") == "/\u00e9/" + "\u0301" * 5 + "\u2026/e"


# --- the cost of a request ---


def page(request, **kwargs):
    return HttpResponse("page")


urlpatterns = [
    path("wiki/<path:rest>", page),
    re_path(r"^(?:old-)?(?P<name>[^/]+)/(?P<rest>.*)$", page),
]
WORST = {
    "marks": "\u0301\u0323" * 15_000,
    "sorted backwards": "\u0301" * 15_000 + "\u0323" * 15_000,
    "a long word": "caf\u00e9" * 10_000,
    "short words": "e\u0323\u0301/" * 12_000,
    "other words": "".join(f"{chr(0x4E00 + number)}/" for number in range(15_000)),
}
PROTECT = {
    "ASCII": [{"pattern": "/**/admin/**", "role": "admin"}, {"pattern": "/team/*/Edit", "role": "editor"}],
    "mixed": [{"pattern": "/**/admin/**", "role": "admin"}, {"pattern": "/caf\u00e9/*/Edit", "role": "editor"}],
}


@pytest.fixture
def normalised(monkeypatch):
    """Collect every text that is normalised."""
    texts: list[str] = []
    real = unicodedata.normalize

    class Counting:
        @staticmethod
        def normalize(form, text):
            texts.append(text)
            return real(form, text)

    monkeypatch.setattr(folding, "unicodedata", Counting)
    return texts


@pytest.mark.parametrize("prefix", ["/wiki/", "/old-page/"])
@pytest.mark.parametrize("literals", PROTECT)
@pytest.mark.parametrize("shape", WORST)
def test_a_hostile_path_is_normalised_once_and_in_short_pieces(shape, literals, prefix, normalised):
    asked = prefix + WORST[shape]
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=PROTECT[literals]):
        client = browser()
        normalised.clear()
        assert client.get(asked, headers=HTML).status_code == 200
    longest = max(map(longest_spelling, ("admin", "edit", "caf\u00e9")))
    assert len(set(normalised)) == len(normalised)
    assert all(len(segment) <= longest + 2 for text in normalised for segment in text.split("/"))
    assert bool(normalised) == (literals == "mixed")


def test_the_same_under_asgi(normalised):
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=PROTECT["mixed"]):
        client = AsyncWireClient()
        normalised.clear()
        response = async_to_sync(client.get)("/wiki/" + quote(WORST["marks"]))
        assert response.status_code == 200
    assert len(set(normalised)) == len(normalised) > 0


@pytest.mark.parametrize("literals", PROTECT)
def test_what_is_caught_behind_a_hostile_segment(literals):
    """A segment that is not folded does not keep another one from being folded."""
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=PROTECT[literals]):
        for spelt in ("admin", "ADMIN", "adm\u0130n", "admI\u0307n", "adm\u0131n"):
            for asked in (f"/wiki/{spelt}/{WORST['marks']}", f"/wiki/{WORST['marks']}/{spelt}"):
                assert browser().get(asked, headers=HTML).status_code == 302, asked[:30]
