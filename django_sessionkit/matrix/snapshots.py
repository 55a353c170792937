"""Write the policy to a file with one route per line, and compare it with the current policy.

The diff of the file in a pull request shows which routes have opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .lines import ALLOWED, ANY, DELEGATED, DENIED, DEPENDS, Matrix

if TYPE_CHECKING:
    from pathlib import Path

# From closed to open.
_OPENNESS = (DENIED, DEPENDS, DELEGATED, ALLOWED)

#: the version of the file; version 1 had the route and its methods in one text, which was ambiguous
VERSION = 2

#: (route, its number among routes of that text) → method (or ``any``) → caller → outcome
Surface: TypeAlias = "dict[tuple[str, int], dict[str, dict[str, str]]]"


class BadSnapshot(ValueError):
    """The file is not a snapshot, or has another version."""


class Change(NamedTuple):
    """One difference: ``kind`` is ``opened``, ``closed``, ``new`` or ``gone``."""

    kind: str
    route: str
    verbs: str
    what: str


def dumps(matrix: Matrix) -> str:
    """Return the text of the file: JSON with one line for each route and group of methods, for readable diffs."""
    body = ",\n".join(f"    {json.dumps(entry, ensure_ascii=False)}" for entry in _entries(matrix))
    callers = json.dumps(list(matrix.callers), ensure_ascii=False)
    return f'{{\n  "version": {VERSION},\n  "callers": {callers},\n  "routes": [\n{body}\n  ]\n}}\n'


def _entries(matrix: Matrix) -> Iterator[dict[str, Any]]:
    for line in matrix.lines:
        yield {
            "route": line.route,
            **({"number": line.number} if line.number > 1 else {}),
            "methods": line.methods.split(" "),
            "outcomes": {one.caller: one.outcome for one in line.squares},
        }


def loads(text: str) -> Surface:
    """Parse the text of a snapshot. Raises :class:`BadSnapshot`."""
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise BadSnapshot(f"it has version {data['version']}, but this release reads version {VERSION}")
        return _surface(data["routes"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadSnapshot(str(error) if isinstance(error, BadSnapshot) else "it is not a snapshot") from None


def load(file: Path) -> Surface:
    """Parse a snapshot file. Raises :class:`BadSnapshot`, with the name of the file."""
    try:
        return loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadSnapshot(f"{file} cannot be read ({type(error).__name__})") from None
    except BadSnapshot as error:
        raise BadSnapshot(f"{file}: {error}") from None


def _surface(entries: Iterable[Mapping[str, Any]]) -> Surface:
    surface: Surface = {}
    for entry in entries:
        route, outcomes = (entry["route"], entry.get("number", 1)), dict(entry["outcomes"])
        unknown = set(outcomes.values()) - {*_OPENNESS}
        if unknown:
            raise BadSnapshot(f'it has an unknown outcome "{min(unknown)}"')
        known = surface.setdefault(route, {})
        for verb in entry["methods"]:
            if verb in known:
                raise BadSnapshot(f"it lists {verb} of {_named(route)} twice")
            known[verb] = outcomes
    return surface


def _named(route: tuple[str, int]) -> str:
    text, number = route
    return f"{text} #{number}" if number > 1 else text


def diff(before: Surface, matrix: Matrix) -> list[Change]:
    """Return the differences between a snapshot and the current policy, route by route."""
    now = _surface(_entries(matrix))
    old_callers, new_callers = _callers(before), _callers(now)
    found: dict[tuple[str, tuple[str, int], str], list[str]] = {}
    for route in dict.fromkeys([*now, *before]):
        for verb, kind, what in _of_route(before.get(route), now.get(route)):
            found.setdefault((kind, route, what), []).append(verb)
    return [
        *(Change("new", "caller", "", name) for name in new_callers if name not in old_callers),
        *(Change("gone", "caller", "", name) for name in old_callers if name not in new_callers),
        *(Change(kind, _named(route), " ".join(verbs), what) for (kind, route, what), verbs in found.items()),
    ]


def _callers(surface: Surface) -> list[str]:
    return [*dict.fromkeys(name for verbs in surface.values() for outcomes in verbs.values() for name in outcomes)]


def _of_route(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    if old is None or new is None:
        for verb, outcomes in (new or old or {}).items():
            yield verb, "gone" if new is None else "new", _all_told(outcomes)
        return
    verbs = dict.fromkeys([*new, *old])
    if ANY in verbs and len(verbs) > 1:
        del verbs[ANY]  # it stands for the methods that the other side names
    for verb in verbs:
        yield from ((verb, *one) for one in _of_verb(old.get(verb, old.get(ANY)), new.get(verb, new.get(ANY))))


def _of_verb(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """Callers with the same change are grouped. A method on one side only is new or gone."""
    if old is None or new is None:
        yield "gone" if new is None else "new", _all_told(new or old or {})
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for caller in new:
        if caller in old and old[caller] != new[caller]:
            groups.setdefault((old[caller], new[caller]), []).append(caller)
    for (was, now), callers in groups.items():
        yield _kind(was, now), f"{', '.join(callers)}: {was} → {now}"


def _kind(was: str, now: str) -> str:
    return "opened" if _OPENNESS.index(now) > _OPENNESS.index(was) else "closed"


def _all_told(outcomes: Mapping[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for caller, outcome in outcomes.items():
        groups.setdefault(outcome, []).append(caller)
    return "; ".join(f"{outcome}: {', '.join(who)}" for outcome, who in groups.items())


def format_changes(found: Iterable[Change]) -> Iterator[str]:
    """Yield the changes as aligned lines of text."""
    rows = [*found]
    widths = [max((len(row[number]) for row in rows), default=0) for number in range(3)]
    for row in rows:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row.what])
