"""Names of roles and permissions: the one form in which they are compared, and the characters that none may have.

A dict and a definition may spell the same name in different ways that look the same. Both are brought into Unicode's
form NFC, so that they are equal. Nobody sees a format character (category Cf), so names must not have any.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Persian, Indic languages and others are written with these two format characters.
_JOINERS = "\u200c\u200d"


def nfc(name: str) -> str:
    """``name`` in the form NFC. ASCII is always in it."""
    return name if name.isascii() else normalize("NFC", name)


def fault_in(text: str) -> str:
    """What is wrong with the characters of a name, or of several names one after another; empty if nothing is."""
    if text.isprintable():  # quick, and stricter than needed: what follows decides about the others
        return ""
    if _CONTROL.search(text) or _SURROGATE.search(text):
        return "control characters or lone surrogates"
    if any(category(one) == "Cf" and one not in _JOINERS for one in text):
        return "format characters, which nobody sees"
    return ""
