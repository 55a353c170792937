"""Draw the tables of ``docs/explanation/architecture.md`` that list steps: the way of a request, the life of the dict.

``python -m support.flow_pictures``, in the folder ``tests``, writes the pictures. A test compares them with the tables.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from .rooms import drawing

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"
PAGE = FOLDER / "architecture.md"
PICTURES = {"The way of a request": "request.svg", "The life of the dict": "dict.svg"}

_WIDTH, _LINE, _GAP, _MARGIN, _CHARACTERS = 760, 18, 22, 12, 98
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def steps(heading: str) -> list[tuple[str, str]]:
    """Return the functions of the table below a heading, and what each does."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [(function.replace("`", ""), text.replace("`", "")) for _, function, text in _ROW.findall(section)]


def functions(heading: str) -> Iterator[str]:
    """Yield the dotted names in the first column of a table."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for _, cell, _ in _ROW.findall(section):
        yield from re.findall(r"`([\w.]+)`", cell)


def svg(heading: str) -> str:
    """Return the picture of the table below a heading."""
    lines: list[str] = []
    top = _MARGIN
    for number, (function, text) in enumerate(steps(heading), 1):
        rows = textwrap.wrap(text, _CHARACTERS)
        height = (len(rows) + 1) * _LINE + 14
        if number > 1:
            lines.append(f'<path d="M {_WIDTH / 2:g} {top - _GAP} V {top - 2}"/>')
        lines.append(f'<rect x="{_MARGIN}" y="{top}" width="{_WIDTH - 2 * _MARGIN}" height="{height}" rx="6"/>')
        lines.append(f'<text x="24" y="{top + 22}" font-weight="bold">{number}. {escape(function)}</text>')
        for row, words in enumerate(rows, 1):
            lines.append(f'<text x="24" y="{top + 22 + row * _LINE}" font-size="13">{escape(words)}</text>')
        top += height + _GAP
    height = top - _GAP + _MARGIN
    return drawing(_WIDTH, height, heading, lines)


if __name__ == "__main__":
    for title, name in PICTURES.items():
        (FOLDER / name).write_text(svg(title), encoding="utf-8")
