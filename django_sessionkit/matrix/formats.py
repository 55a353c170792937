"""The matrix as text: an aligned table for a terminal, JSON, Markdown, or one HTML page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from .lines import ANY, DEPENDS, UNPROTECTED, WORDS, Line, Matrix
from .simulation import few

#: takes a text and its kind (an outcome, ``"unprotected"``, ``"head"`` or ``""``), and returns the text with colours
Styler = Callable[[str, str], str]

#: the version of the JSON; it changes when a key is removed or changes its meaning
VERSION = 1

_HEAD = ("ROUTE", "METHODS", "DECIDED BY")
_TEMPLATES = Path(__file__).parents[1] / "templates"


def plain(text: str, kind: str) -> str:
    """Return the text without colour."""
    return text


def as_table(matrix: Matrix, paint: Styler = plain) -> Iterator[str]:
    """Yield the lines of an aligned table, then what the outcomes depend on, then a summary."""
    head = [(text, "head") for text in (*_HEAD, *matrix.callers)]
    rows = [[*_described(line), *((one.word, one.outcome) for one in line.squares)] for line in matrix.lines]
    widths = [max(len(row[number][0]) for row in [head, *rows]) for number in range(len(head))]
    for row in (head, *rows):
        cells = (paint(text.ljust(width), kind) for (text, kind), width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield from _notes(matrix)
    yield ""
    yield summary(matrix)


def _described(line: Line) -> Iterator[tuple[str, str]]:
    yield line.route, ""
    yield line.methods, ""
    yield decided_by(line), UNPROTECTED if line.is_unprotected else ""


def decided_by(line: Line) -> str:
    """Return what decides, as one short text. The JSON has the whole list."""
    return few(line.deciders, " + ")


def _notes(matrix: Matrix) -> Iterator[str]:
    notes = [
        (f"{line.route} {line.methods}", who, why)
        for line in matrix.lines
        for word, who, why in line.reasons
        if word == WORDS[DEPENDS]
    ]
    for number, (route, who, why) in enumerate(notes):
        if not number:
            yield from ("", "What it depends on:")
        yield f"  {route}"
        yield f"    for {who}: {why}"


def summary(matrix: Matrix) -> str:
    """Return the number of routes, and how many of the lines are unprotected."""
    routes = len({line.route for line in matrix.lines})
    return f"{routes} route{'' if routes == 1 else 's'}, {matrix.unprotected or 'none'} unprotected."


def as_json(matrix: Matrix) -> Iterator[str]:
    """Yield one JSON document."""
    yield json.dumps(_data(matrix), indent=2, ensure_ascii=False)


def _data(matrix: Matrix) -> dict[str, Any]:
    return {
        "version": VERSION,
        "callers": list(matrix.callers),
        "routes": [
            {
                "route": line.route,
                "name": line.name,
                "view": line.view,
                "methods": None if line.methods == ANY else line.methods.split(" "),
                "deciders": list(line.deciders),
                "unprotected": line.is_unprotected,
                "outcomes": {one.caller: {"outcome": one.outcome, "why": one.why} for one in line.squares},
            }
            for line in matrix.lines
        ],
    }


def as_markdown(matrix: Matrix) -> Iterator[str]:
    """Yield the lines of a Markdown table, as GitHub renders it."""
    yield _row([*(text.capitalize() for text in _HEAD), *map(_code, matrix.callers)])
    yield _row(["---"] * (len(_HEAD) + len(matrix.callers)))
    for line in matrix.lines:
        yield _row([_code(line.route), line.methods, _code(decided_by(line)), *(one.word for one in line.squares)])
    yield ""
    yield summary(matrix)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def as_html(matrix: Matrix) -> Iterator[str]:
    """Yield one self-contained page, which loads nothing."""
    engine = Engine(dirs=[str(_TEMPLATES)], autoescape=True)
    page = engine.get_template("django_sessionkit/routes.html")
    yield page.render(Context({"matrix": matrix, "summary": summary(matrix)}))


FORMATS: dict[str, Callable[[Matrix], Iterator[str]]] = {
    "table": as_table,
    "json": as_json,
    "md": as_markdown,
    "html": as_html,
}
