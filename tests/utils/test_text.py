from __future__ import annotations

import unicodedata

from django_sessionkit.utils.text import CONTROL, CONTROLS, SURROGATE, UNPRINTABLE, ended, nearest, sentence


def test_the_character_classes_are_the_categories_of_unicode():
    characters = [*map(chr, range(0x11_0000))]
    controls = {one for one in characters if unicodedata.category(one) == "Cc"}
    surrogates = {one for one in characters if unicodedata.category(one) == "Cs"}
    assert controls == CONTROLS == set(filter(CONTROL.match, characters))
    assert surrogates == set(filter(SURROGATE.match, characters))
    assert controls | surrogates == set(filter(UNPRINTABLE.match, characters))


def test_the_nearest_name_is_near():
    assert nearest("reprots", ["sports", "reports", "reporters"]) == "reports"
    assert nearest("usr", ["user", "usr1"]) == "usr1"
    assert nearest("a", ["about"]) is nearest("a", []) is None


def test_a_hint_becomes_a_sentence_of_its_own():
    assert sentence('did you mean "role"?') == 'Did you mean "role"?'
    assert sentence('write ["POST"]') == 'Write ["POST"].'
    assert sentence("") == ""
    assert [ended(text) for text in ("a", "a.", "a!", "a?")] == ["a.", "a.", "a!", "a?"]
