"""The rooms of the package: which module belongs to which room, and what each room may import.

``python -m support.rooms``, in the folder ``tests``, draws them as ``docs/explanation/rooms.svg``. A test compares the
picture with the laws.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs" / "explanation" / "rooms.svg"

PURPOSE = {
    "utils": "sync and async, texts, caches",
    "policy": "patterns, rules, requirements",
    "conf": "the settings, checked",
    "session": "load, check, change the session",
    "urlconf": "what the URLconf says",
    "guard": "decide about a request",
    "explanation": "say why",
    "responses": "respond to a denial",
    "surfaces": "middleware, decorators, tags, API",
    "matrix": "routes and who may open them",
    "openapi": "the policy in OpenAPI",
    "lint": "find faults in a policy",
    "checks": "system checks, checklist",
    "testing": "help for tests of a project",
    "contrib": "other libraries",
    "management": "commands",
}

# What a room may import. `urlconf.spelling` stands for that module alone.
LAWS = {
    "utils": "",
    "policy": "utils",
    "conf": "utils policy",
    "session": "utils policy conf",
    "urlconf": "utils policy conf",
    "guard": "utils policy conf session urlconf.spelling",
    "explanation": "utils policy conf session guard",
    "responses": "utils policy conf session guard",
    "responses.debug": "utils policy conf session guard explanation",
    "matrix": "utils policy conf session urlconf guard",
    "openapi": "utils policy conf session urlconf guard matrix",
    "lint": "utils policy conf urlconf",
    "surfaces": "utils policy conf session guard explanation responses",
    "testing": "utils conf session guard matrix lint surfaces explanation",
    "checks": "utils policy conf session urlconf lint",
    "management": "utils policy conf session urlconf guard explanation matrix lint surfaces checks",
    "contrib": "utils policy conf session urlconf guard responses surfaces explanation openapi",
}

# A module at the root of the package is public. It belongs to the room of what it names.
ROOT = {
    "exceptions": "utils",
    "signals": "utils",
    "access": "policy",
    "patterns": "policy",
    "requirements": "policy",
    "sources": "session",
    "versions": "session",
    "__init__": "surfaces",
    "api": "surfaces",
    "changes": "surfaces",
    "middleware": "surfaces",
    "decorators": "surfaces",
    "mixins": "surfaces",
    "context_processors": "surfaces",
    "templatetags": "surfaces",
    "types": "surfaces",
    "apps": "checks",
    "pytest_plugin": "testing",
}


def room_of(module: str) -> str:
    """The room of a module, whose name is given without that of the package."""
    first = module.partition(".")[0] or "__init__"
    return ROOT.get(first, first)


def allowed(module: str) -> set[str]:
    """The rooms and modules that ``module`` may import, apart from its own room."""
    return set(LAWS.get(module, LAWS[room_of(module)]).split())


def _needs(room: str) -> set[str]:
    """All rooms that a room may import, those of single modules too."""
    laws = [law for name, law in LAWS.items() if name.partition(".")[0] == room]
    return {name.partition(".")[0] for law in laws for name in law.split()}


def arrows() -> list[tuple[str, str]]:
    """The edges that do not follow from others."""
    below = {room: set().union(*(_below(one) for one in _needs(room))) for room in PURPOSE}
    return [(room, one) for room in PURPOSE for one in sorted(_needs(room) - below[room])]


def _below(room: str) -> set[str]:
    return _needs(room).union(*(_below(one) for one in _needs(room)))


# Column and row of each room in the picture. An arrow always points down.
PLACE: dict[str, tuple[float, int]] = {
    "contrib": (1, 0),
    "testing": (2, 0),
    "management": (3, 0),
    "surfaces": (1, 1),
    "responses": (1, 2),
    "openapi": (2, 1),
    "explanation": (0, 3),
    "matrix": (2, 3),
    "checks": (3, 3),
    "guard": (0.8, 4),
    "lint": (4, 4),
    "session": (1, 5),
    "urlconf": (2, 5),
    "conf": (1.5, 6),
    "policy": (1.5, 7),
    "utils": (1.5, 8),
}

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 226, 52, 26, 40, 16


def _corner(room: str) -> tuple[float, float]:
    column, row = PLACE[room]
    return _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)


def _box(room: str, x: float, y: float) -> Iterable[str]:
    middle = x + _WIDTH / 2
    yield f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
    yield f'<text x="{middle:g}" y="{y + 22:g}" text-anchor="middle" font-weight="bold">{room}</text>'
    yield f'<text x="{middle:g}" y="{y + 41:g}" text-anchor="middle" font-size="12">{escape(PURPOSE[room])}</text>'


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    x1, y1, x2 = x1 + _WIDTH / 2, y1 + _HEIGHT, x2 + _WIDTH / 2
    bend = (y2 - y1) / 2
    return f'<path d="M {x1:g} {y1:g} C {x1:g} {y1 + bend:g}, {x2:g} {y2 - bend:g}, {x2:g} {y2 - 3:g}"/>'


def svg() -> str:
    """The picture of the rooms."""
    places = {room: _corner(room) for room in PURPOSE}
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    lines = [_arrow(places[one], places[other]) for one, other in arrows()]
    lines += [line for room, place in places.items() for line in _box(room, *place)]
    return drawing(width, height, "The rooms of django_sessionkit", lines)


def drawing(width: float, height: float, label: str, lines: Iterable[str]) -> str:
    """Return an SVG document of arrows (``path``), boxes (``rect``) and texts, one element in each line."""
    elements = list(lines)
    arrow = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif"'
            f' font-size="14" role="img" aria-label="{escape(label)}">',
            f'<defs>{arrow}<path d="M 0 0 L 8 4 L 0 8 z" fill="#667"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
            '<g fill="none" stroke="#667" stroke-width="1.3" marker-end="url(#head)">',
            *(line for line in elements if line.startswith("<path")),
            '</g>\n<g fill="#eef3fb" stroke="#4a6fa5">',
            *(line for line in elements if line.startswith("<rect")),
            '</g>\n<g fill="#123">',
            *(line for line in elements if line.startswith("<text")),
            "</g>\n</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
