"""The matrix as text: a table for a terminal, JSON, Markdown, or one HTML page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from .lines import ANY, Matrix
from .table import HEAD, as_table, decided_by, summary

#: the version of the JSON; it changes when a key is removed or changes its meaning
VERSION = 1

_TEMPLATES = Path(__file__).parents[1] / "templates"


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
    yield _row([*(text.capitalize() for text in HEAD), *map(_code, matrix.callers)])
    yield _row(["---"] * (len(HEAD) + len(matrix.callers)))
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
