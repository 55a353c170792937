"""Hints for error messages, and characters that texts must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# The parts of a character class: C0, DELETE and C1; lone surrogates, which cannot be encoded in UTF-8.
_CONTROL, _SURROGATE = r"\x00-\x1f\x7f-\x9f", r"\ud800-\udfff"

CONTROL = re.compile(f"[{_CONTROL}]")
SURROGATE = re.compile(f"[{_SURROGATE}]")
UNPRINTABLE = re.compile(f"[{_CONTROL}{_SURROGATE}]")
CONTROLS = frozenset(filter(CONTROL.match, map(chr, range(0xA0))))


#: how similar a name must be to be proposed where a wrong guess would mislead; see ``difflib.get_close_matches``
NEAR = 0.75


def nearest(wrong: str, allowed: Iterable[str], cutoff: float = NEAR) -> str | None:
    """Return the valid name nearest to ``wrong``, or ``None`` if none is near."""
    return next(iter(get_close_matches(wrong, sorted(allowed), n=1, cutoff=cutoff)), None)


def did_you_mean(wrong: object, allowed: Iterable[str], meant: Mapping[str, str] | None = None) -> str:
    """Return the hint of an error: the valid name nearest to ``wrong``, or all valid names if none is near.

    ``meant`` has the valid names for some wrong ones that are spelled differently.
    """
    names = sorted(allowed)
    near = (meant or {}).get(str(wrong)) or nearest(str(wrong), names, cutoff=0.6)
    if near is not None:
        return f'did you mean "{near}"?'
    return "allowed are " + ", ".join(f'"{name}"' for name in names) if names else ""


def ended(text: str) -> str:
    """Return ``text`` with a full stop, unless it ends with a mark already. Another sentence may follow then."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def sentence(hint: str) -> str:
    """Return the hint of an error as a sentence of its own: with a capital letter and a full stop."""
    return ended(hint[:1].upper() + hint[1:]) if hint else ""


_name_of = type.__dict__["__name__"].__get__  # a metaclass may override the attribute


def described(found: object) -> str:
    """Return what an object is, for an error message, without its value: ``str``, ``the class Role``, ``None``."""
    if found is None:
        return "None"
    if isinstance(found, type):
        return f"the class {_name_of(found)}"
    name: str = _name_of(type(found))
    return name
