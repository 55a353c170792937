from __future__ import annotations

import unicodedata

from django_sessionkit.utils.text import CONTROL, CONTROLS, SURROGATE, UNPRINTABLE, nearest


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
