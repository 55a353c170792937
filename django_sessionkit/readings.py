"""How else a path may be read.

A router, a file server or a case-insensitive route may take a path for another one than its exact spelling says. These
functions give the other spellings; the guard then asks its rules about each of them. Nothing is percent-decoded: Django
has decoded the path once, and so has nobody after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from .exceptions import UnreadableRoute
from .folding import fold

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_WITHOUT_CONTROLS = dict.fromkeys(map(ord, _CONTROLS))

# Longer paths are not looked through to see whether they are plain.
_LONGEST_PLAIN = 200

# A path for which every reading is its exact spelling: lower case ASCII, no empty, dot or padded segment.
_PLAIN = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[a-z0-9_.~@:;,=+!$&'()*-]+)*/?")

# How many places a climbing value may lead to, and how many characters they may have in all. Without an end, a path
# of dot segments would cost its square.
_MOST_LANDINGS = 33
_MOST_LANDED = 20_000


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
    """Whether cleaning and folding leave ``path`` as it is, seen without doing either; ``False`` for long paths."""
    return len(path) <= _LONGEST_PLAIN and _PLAIN.fullmatch(path) is not None


def clean(path: str) -> str:
    """``path`` without control characters, padding of segments, empty segments and dot segments."""
    tidy = _tidied(path)
    if "/../" in tidy:
        return "/" + "/".join(_resolved(tidy)[0])
    return tidy[:-1] or "/"


def cleaned(path: str) -> tuple[str, ...]:
    """``path`` as servers and file systems clean it; on Windows a backslash separates segments too."""
    if "\\" not in path:
        return (clean(path),)
    return clean(path), clean(_with_slashes(path))


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def climbs(path: str) -> bool:
    """Whether ``path`` may have a dot segment that leads upwards."""
    return "." in path and ".." in _without_controls(path)


def landings(value: str) -> list[str]:
    """Where ``value`` may lead below the folder that it is looked for in.

    It may stop at the folder, or leave it and come back by naming it: then its first segments are those names. Raises
    :class:`~django_sessionkit.exceptions.UnreadableRoute` for a value that climbs too high for its length.
    """
    found = _landings(value)
    if "\\" in value:
        found += _landings(_with_slashes(value))
    return [*dict.fromkeys(found)]


def _landings(value: str) -> list[str]:
    tidy = _tidied(value)
    if "/../" in tidy and len(value) > _MOST_LANDED:
        raise UnreadableRoute(f"A captured value of more than {_MOST_LANDED:,} characters has dot segments.")
    segments, upwards = _resolved(tidy)
    places = min(upwards, len(segments)) + 1
    if places > _MOST_LANDINGS or (places - 1) * len(value) > _MOST_LANDED:
        raise UnreadableRoute(
            f"A captured value leads out of its folder by more than {_MOST_LANDINGS - 1} names, or is too long."
        )
    return ["/".join(segments[skipped:]) for skipped in range(places)]


def _tidied(path: str) -> str:
    """``path`` with a slash at both ends, and with dot segments upwards only. Each run is halved by each round."""
    if " " in path or not path.isprintable():
        path = "/".join(map(str.strip, _without_controls(path).split("/")))
    path = f"/{path}/"
    for run in ("//", "/./"):
        while run in path:
            path = path.replace(run, "/")
    return path


def _resolved(tidy: str) -> tuple[list[str], int]:
    """The segments without those that lead upwards, and how many of them led out of the path."""
    kept: list[str] = []
    upwards = 0
    for segment in filter(None, tidy.split("/")):
        if segment != "..":
            kept.append(segment)
        elif kept:
            kept.pop()
        else:
            upwards += 1
    return kept, upwards


def _without_controls(path: str) -> str:
    if path.isprintable():
        return path
    if path.isascii():
        return path.translate(_WITHOUT_CONTROLS)
    for control in _CONTROLS.intersection(path):
        path = path.replace(control, "")
    return path


def strip_language(path: str, languages: Iterable[str]) -> str | None:
    """``path`` without its language prefix (of ``i18n_patterns``), or ``None`` if it has none of ``languages``."""
    head, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if head in languages else None


class Reader:
    """Gives the readings of paths; whatever two of them share is worked out once. Made anew for each request."""

    def __init__(self, fold: Callable[[str], str] = fold) -> None:
        self._cleaned = cache(cleaned)
        self._fold = cache(fold)

    def readings(
        self,
        path_info: str,
        path: str,
        languages: frozenset[str],
        span: str | None = None,
        forms: Iterable[str] = (),
    ) -> Iterator[Reading]:
        """Every reading of a request path, the exact one first.

        :param path_info: the path as the resolver sees it.
        :param path: the path with the mount prefix (``SCRIPT_NAME``), equal to ``path_info`` where there is none.
        :param languages: the language codes that ``i18n_patterns`` may put first; empty where it is not in use.
        :param span: what the URL patterns matched of the path, once it is routed.
        :param forms: how else those patterns write it.
        """
        exact = list(dict.fromkeys((path_info, *self._cleaned(path_info), span or path_info)))
        for spelling in exact:
            yield Reading(spelling, strict=True, base=spelling)
        spelt = [*(Reading(one, base=one) for one in exact), *(Reading(form, base=exact[-1]) for form in forms)]
        inside = _unprefixed(spelt, languages)
        mount = path.removesuffix(path_info)
        mounted = [*self._mounted(path_info, path), *_under(mount, spelt if mount != path else ())]
        plain = list(dict.fromkeys(spelt + mounted))
        yield from plain[len(exact) :]
        bare = list(dict.fromkeys([*inside, *_unprefixed(mounted, languages), *_under(mount, inside)]))
        yield from bare
        for reading in plain + bare:
            yield reading._replace(path=self._fold(reading.path), strict=False, folded=True)

    def _mounted(self, path_info: str, path: str) -> list[Reading]:
        if path == path_info:
            return []
        bases = (path_info, *self._cleaned(path_info))
        mounted = zip_longest((path, *self._cleaned(path)), bases, fillvalue=bases[-1])
        return list(dict.fromkeys(Reading(one, base=base) for one, base in mounted))


def _unprefixed(readings: Iterable[Reading], languages: frozenset[str]) -> list[Reading]:
    """The readings that have a language prefix, without it."""
    found = ((one, strip_language(one.path, languages)) for one in readings)
    return [one._replace(path=rest, unprefixed=True) for one, rest in found if rest]


def _under(mount: str, readings: Iterable[Reading]) -> list[Reading]:
    """The readings below a mount prefix, if there is one."""
    return [one._replace(path=mount + one.path) for one in readings] if mount else []
