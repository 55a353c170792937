"""Compute the other forms in which a path may be interpreted.

A router, a file server or a case-insensitive route may treat a path like another path that is written differently.
These functions return those other forms, and the guard applies its rules to each of them. No form is percent-decoded:
Django has already decoded the path, and no later component decodes it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.utils.bounded_cache import LONG
from django_sessionkit.utils.text import CONTROLS

from .folding import fold

_WITHOUT_CONTROLS = dict.fromkeys(map(ord, CONTROLS))

# A path whose forms are all equal to the path itself: lower case ASCII, without empty, dot or padded segments.
_CANONICAL = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[a-z0-9_.~@:;,=+!$&'()*-]+)*/?")

# The maximum number of targets of a value with "..", and their maximum total length in characters. Without these
# limits, a path of dot segments would take quadratic time.
_MOST_TARGETS = 33
_MOST_TARGET_CHARACTERS = 20_000


class PathVariant(NamedTuple):
    """One form of a path.

    - ``exact``: the form has the exact case. Excludes and public rules exempt only such forms.
    - ``case_folded``: the form must be compared with folded patterns.
    - ``without_language``: the language prefix was removed.
    - ``base``: the exact form that this form was made from. An exact form has none, and neither has an equivalent form
      of the URL patterns: it may contain what one exact form spells out and another one does not.
    """

    path: str
    exact: bool = False
    case_folded: bool = False
    without_language: bool = False
    base: str = ""


def is_canonical(path: str) -> bool:
    """Return ``True`` if normalizing and folding do not change ``path``. A long path is not tested."""
    return len(path) <= LONG and _CANONICAL.fullmatch(path) is not None


def normalize(path: str) -> str:
    """Return ``path`` without control characters, white space around segments, empty segments and dot segments."""
    tidy = _tidied(path)
    if "/../" in tidy:
        return "/" + "/".join(_resolved(tidy)[0])
    return tidy[:-1] or "/"


def normalized(path: str) -> tuple[str, ...]:
    """Return the forms to which servers and file systems normalize ``path``.

    If it has backslashes, there are two forms, because on Windows a backslash also separates segments.
    """
    if "\\" not in path:
        return (normalize(path),)
    return normalize(path), normalize(_with_slashes(path))


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def has_parent_segments(path: str) -> bool:
    """Return ``True`` if ``path`` may have a ``..`` segment."""
    return "." in path and ".." in _without_controls(path)


def traversal_targets(value: str) -> list[str]:
    """Return the paths, relative to a folder, to which ``value`` may lead if it is looked up in that folder.

    ``value`` may leave the folder by ``..`` and enter it again by its name. Then its first segments are the names of
    the folder and of its parents. Raises :class:`~django_sessionkit.exceptions.RouteMismatch` if there are too many
    such paths.
    """
    found = _traversal_targets(value)
    if "\\" in value:
        found += _traversal_targets(_with_slashes(value))
    return [*dict.fromkeys(found)]


def _traversal_targets(value: str) -> list[str]:
    tidy = _tidied(value)
    if "/../" in tidy and len(value) > _MOST_TARGET_CHARACTERS:
        raise RouteMismatch(f'A captured value of more than {_MOST_TARGET_CHARACTERS:,} characters has ".." segments.')
    segments, upwards = _resolved(tidy)
    places = min(upwards, len(segments)) + 1
    if places > _MOST_TARGETS or (places - 1) * len(value) > _MOST_TARGET_CHARACTERS:
        raise RouteMismatch(
            f"A captured value leaves its folder by more than {_MOST_TARGETS - 1} levels, or is too long."
        )
    return ["/".join(segments[skipped:]) for skipped in range(places)]


def _tidied(path: str) -> str:
    """Return ``path`` with a slash at both ends, and without ``.`` and empty segments.

    The time is linear except for a logarithmic factor: each round halves the length of a run.
    """
    if " " in path or not path.isprintable():
        path = "/".join(map(str.strip, _without_controls(path).split("/")))
    path = f"/{path}/"
    for run in ("//", "/./"):
        while run in path:
            path = path.replace(run, "/")
    return path


def _resolved(tidy: str) -> tuple[list[str], int]:
    """Return the segments with ``..`` resolved, and the number of ``..`` that lead above the start of the path."""
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
    for control in CONTROLS.intersection(path):
        path = path.replace(control, "")
    return path


def strip_language(path: str, languages: Iterable[str]) -> str | None:
    """Return ``path`` without its language prefix (of ``i18n_patterns``), or ``None`` if it has no such prefix."""
    head, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if head in languages else None


class VariantReader:
    """Compute the forms of paths. It caches intermediate results, so create one for each request."""

    def __init__(self, fold: Callable[[str], str] = fold) -> None:
        self._normalized = cache(normalized)
        self._fold = cache(fold)

    def variants(
        self,
        path_info: str,
        path: str,
        languages: frozenset[str],
        matched_text: str | None = None,
        forms: Iterable[str] = (),
    ) -> Iterator[PathVariant]:
        """Yield every form of a request path, the exact one first.

        :param path_info: the path that the URL resolver receives.
        :param path: the path with the mount prefix (``SCRIPT_NAME``); equal to ``path_info`` if there is no prefix.
        :param languages: the language codes that ``i18n_patterns`` may use as prefix; empty if it is not in use.
        :param matched_text: the part of the path that the URL patterns matched; ``None`` before the request is routed.
        :param forms: other paths that the same URL patterns match as equivalent.
        """
        exact = list(dict.fromkeys((path_info, *self._normalized(path_info), matched_text or path_info)))
        for form in exact:
            yield PathVariant(form, exact=True)
        # A set has another order in each process, and the first rule that denies is logged.
        ordered = sorted(set(forms).difference(exact))
        spelt = [*(PathVariant(one, base=one) for one in exact), *map(PathVariant, ordered)]
        inside = _without_language(spelt, languages)
        mount = path.removesuffix(path_info)
        mounted = [*self._mounted(path_info, path), *_under(mount, spelt if mount != path else ())]
        plain = list(dict.fromkeys(spelt + mounted))
        yield from plain[len(exact) :]
        bare = list(dict.fromkeys([*inside, *_without_language(mounted, languages), *_under(mount, inside)]))
        yield from bare
        for variant in plain + bare:
            yield variant._replace(path=self._fold(variant.path), case_folded=True)

    def _mounted(self, path_info: str, path: str) -> list[PathVariant]:
        if path == path_info:
            return []
        bases = (path_info, *self._normalized(path_info))
        mounted = zip_longest((path, *self._normalized(path)), bases, fillvalue=bases[-1])
        return list(dict.fromkeys(PathVariant(one, base=base) for one, base in mounted))


def _without_language(variants: Iterable[PathVariant], languages: frozenset[str]) -> list[PathVariant]:
    """Return those variants that have a language prefix, without the prefix."""
    found = ((one, strip_language(one.path, languages)) for one in variants)
    return [one._replace(path=rest, without_language=True) for one, rest in found if rest]


def _under(mount: str, variants: Iterable[PathVariant]) -> list[PathVariant]:
    """Return the variants with the mount prefix added, or an empty list if there is no prefix."""
    return [one._replace(path=mount + one.path) for one in variants] if mount else []
