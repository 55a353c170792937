"""How else a path may be read.

A router, a file server or a case-insensitive route may take a path for another one than its exact spelling says. These
functions give the other spellings; the guard then asks its rules about each of them. Nothing is percent-decoded: Django
has decoded the path once, and so has nobody after it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# A path for which every reading is its exact spelling: lower case ASCII, no empty, dot or padded segment.
_PLAIN = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[a-z0-9_.~@:;,=+!$&'()*-]+)*/?")

# How deep a folder of files may lie. Without an end, a path of dot segments would cost its square.
_DEEPEST_FOLDER = 32

# Equal under re.IGNORECASE, but neither by lower() nor by upper() of one character.
_SPECIAL_FOLDS = {"\u0130": "i", "\ufb05": "\ufb06"}


class Reading(NamedTuple):
    """One way to read a path.

    ``strict``: an exact-case reading, in which excludes and public rules count. ``folded``: to be compared with folded
    patterns. ``unprefixed``: the language prefix was taken off. ``base``: the strict reading of which it is a form.
    """

    path: str
    strict: bool = False
    folded: bool = False
    unprefixed: bool = False
    base: str = ""


def is_plain(path: str) -> bool:
    """Whether cleaning and folding leave ``path`` as it is, seen without doing either."""
    return _PLAIN.fullmatch(path) is not None


def clean(path: str) -> str:
    """``path`` without control characters, padding of segments, empty segments and dot segments."""
    return "/" + "/".join(_resolved(path)[0])


def climbs(path: str) -> bool:
    """Whether ``path`` may have a dot segment that leads upwards."""
    return ".." in _CONTROL.sub("", path)


def landings(value: str) -> list[str]:
    """Where ``value`` may lead below the folder that it is looked for in.

    It may stop at the folder, or leave it and come back by naming it: then its first segments are those names.
    """
    segments, upwards = _resolved(value)
    return ["/".join(segments[skipped:]) for skipped in range(min(upwards, len(segments), _DEEPEST_FOLDER) + 1)]


def _resolved(path: str) -> tuple[list[str], int]:
    """The segments of ``path``, and how many dot segments led out of it."""
    segments: list[str] = []
    upwards = 0
    for segment in _CONTROL.sub("", path).split("/"):
        segment = segment.strip()
        if segment == "..":
            upwards += not segments
            segments[-1:] = []
        elif segment not in ("", "."):
            segments.append(segment)
    return segments, upwards


class _Folds(dict[int, str]):
    """Code point → its representative under ``re.IGNORECASE``, filled on demand."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = folded = _SPECIAL_FOLDS.get(character) or _lower(_upper(character))
        return folded


def _upper(character: str) -> str:
    return upper if len(upper := character.upper()) == 1 else character


def _lower(character: str) -> str:
    return lower if len(lower := character.lower()) == 1 else character


_FOLDS = _Folds()


def fold(path: str) -> str:
    """``path`` in Unicode NFC, with all that ``re.IGNORECASE`` takes for equal made equal.

    ``lower()`` and ``casefold()`` do not: the regular expression engine also equates ``ı İ i``, ``ſ s`` and ``K k``.
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", path).translate(_FOLDS)


def strip_language(path: str, languages: Iterable[str]) -> str | None:
    """``path`` without its language prefix (of ``i18n_patterns``), or ``None`` if it has none of ``languages``."""
    head, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if head in languages else None


def readings(
    path_info: str, path: str, languages: frozenset[str], span: str | None = None, forms: Iterable[str] = ()
) -> Iterator[Reading]:
    """Every reading of a request path, the exact one first.

    :param path_info: the path as the resolver sees it.
    :param path: the path with the mount prefix (``SCRIPT_NAME``), equal to ``path_info`` where there is none.
    :param languages: the language codes that ``i18n_patterns`` may put first; empty where it is not in use.
    :param span: what the URL patterns matched of the path, once it is routed.
    :param forms: how else those patterns write it.
    """
    exact = list(dict.fromkeys((path_info, clean(path_info), span or path_info)))
    for spelling in exact:
        yield Reading(spelling, strict=True, base=spelling)
    others = [*_mounted(path_info, path), *(Reading(form, base=exact[-1]) for form in forms)]
    yield from others
    plain = [Reading(spelling, base=spelling) for spelling in exact] + others
    bare = [one._replace(path=rest, unprefixed=True) for one in plain if (rest := strip_language(one.path, languages))]
    yield from bare
    for reading in plain + bare:
        yield reading._replace(path=fold(reading.path), strict=False, folded=True)


def _mounted(path_info: str, path: str) -> list[Reading]:
    if path == path_info:
        return []
    return list(dict.fromkeys((Reading(path, base=path_info), Reading(clean(path), base=clean(path_info)))))
