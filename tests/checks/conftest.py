"""Look at the text of every message that a test of the checks causes."""

from __future__ import annotations

import re

import pytest
from django.core.checks import CheckMessage

_CODE = re.compile(r"[A-Z_]+ = ")


@pytest.fixture(autouse=True)
def messages_are_sentences(monkeypatch):
    """A message is followed by its hint, and a hint by other text: both end with a mark. A hint may also be code."""
    plain = CheckMessage.__init__

    def looking(self, level, msg, hint=None, obj=None, id=None):
        if (id or "").startswith("sessionkit."):
            assert re.search(r"[.?!]$", msg), msg
            assert not hint or _CODE.match(hint) or re.fullmatch(r"[A-Z].*[.?!]", hint, re.DOTALL), hint
        plain(self, level, msg, hint, obj, id)

    monkeypatch.setattr(CheckMessage, "__init__", looking)
