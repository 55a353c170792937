"""The matrix as a table, in the width of a terminal or as wide as it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

from .lines import ALLOWED, DEPENDS, UNPROTECTED, WORDS, Line, Matrix, few

#: takes a text and its kind (an outcome, ``"unprotected"``, ``"head"`` or ``""``), and returns the text with colours
Styler = Callable[[str, str], str]
_Cell = tuple[str, str]  # a text and its kind

HEAD = ("ROUTE", "METHODS", "DECIDED BY")
_INDENT = "    "
# The most methods that a narrow table names.
_MOST_METHODS = 2
_ALL = "every caller"
_WORD = max(map(len, WORDS.values()))


def plain(text: str, kind: str) -> str:
    """Return the text without colour."""
    return text


def as_table(matrix: Matrix, paint: Styler = plain, width: int | None = None) -> Iterator[str]:
    """Yield the lines of a table, then what the outcomes depend on, then a summary.

    With a ``width``, what decides is in a line of its own if the table would be wider, and if that is not enough, the
    callers are grouped by outcome. ``None``: the table may have any width.
    """
    full = [_row(line, line.methods, decided_by(line)) for line in matrix.lines]
    short = [_row(line, _few_methods(line.methods)) for line in matrix.lines]
    if width is None or _fits([_head(matrix, *HEAD), *full], width):
        yield from _aligned([_head(matrix, *HEAD), *full], paint)
    elif _fits([_head(matrix, *HEAD[:2]), *short], width):
        for number, text in enumerate(_aligned([_head(matrix, *HEAD[:2]), *short], paint)):
            yield text
            below = decided_by(matrix.lines[number - 1]) if number else HEAD[2]
            kind = _kind(matrix.lines[number - 1]) if number else "head"
            yield from (paint(one, kind) for one in _wrapped(below, width))
    else:
        for line in matrix.lines:
            yield from _record(line, paint, width)
    yield from _notes(matrix, width)
    yield ""
    yield summary(matrix)


def _head(matrix: Matrix, *names: str) -> list[_Cell]:
    return [(text, "head") for text in (*names, *matrix.callers)]


def _row(line: Line, methods: str, *deciders: str) -> list[_Cell]:
    return [
        (line.route, ""),
        (methods, ""),
        *((text, _kind(line)) for text in deciders),
        *((one.word, one.outcome) for one in line.squares),
    ]


def _kind(line: Line) -> str:
    return UNPROTECTED if line.is_unprotected else ""


def _few_methods(methods: str) -> str:
    names = methods.split(" ")
    return " ".join(names[:_MOST_METHODS]) + (f" +{len(names) - _MOST_METHODS}" if len(names) > _MOST_METHODS else "")


def decided_by(line: Line) -> str:
    """Return what decides, as one short text. The JSON has the whole list."""
    return few(line.deciders, " + ")


def _widths(rows: Sequence[list[_Cell]]) -> list[int]:
    return [max(len(text) for text, _ in column) for column in zip(*rows, strict=True)]


def _fits(rows: Sequence[list[_Cell]], width: int) -> bool:
    widths = _widths(rows)
    return sum(widths) + 2 * (len(widths) - 1) <= width


def _aligned(rows: Sequence[list[_Cell]], paint: Styler) -> Iterator[str]:
    widths = _widths(rows)
    for row in rows:
        texts = [text.ljust(width) for (text, _), width in zip(row, widths, strict=True)]
        texts[-1] = texts[-1].rstrip()
        yield "  ".join(paint(text, kind) for text, (_, kind) in zip(texts, row, strict=True))


def _record(line: Line, paint: Styler, width: int) -> Iterator[str]:
    """Yield the lines of one route: its methods, what decides, and the callers for each outcome."""
    title = f"{line.route}  {line.methods}"
    yield from [title] if len(title) <= width else [line.route, *_wrapped(line.methods, width)]
    yield from (paint(one, _kind(line)) for one in _wrapped(decided_by(line), width))
    for outcome, word in WORDS.items():
        names = [one.caller for one in line.squares if one.outcome == outcome]
        shown = ", ".join(names) if len(names) < len(line.squares) else _ALL
        for number, text in enumerate(_wrapped(shown if names else "", width, _WORD + 2)):
            yield text if number else _INDENT + paint(word.ljust(_WORD), outcome) + text[len(_INDENT) + _WORD :]


def _wrapped(text: str, width: int | None, more: int = 0) -> list[str]:
    """Return the text as indented lines; as one line if ``width`` is ``None``. An empty text has no lines."""
    indent = _INDENT + " " * more
    if width is None:
        return [indent + text]
    return wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _notes(matrix: Matrix, width: int | None) -> Iterator[str]:
    notes = [
        (f"{line.route} {line.methods}", who, why)
        for line in matrix.lines
        for word, who, why in line.reasons
        if why and word in (WORDS[ALLOWED], WORDS[DEPENDS])
    ]
    for number, (route, who, why) in enumerate(notes):
        if not number:
            yield from ("", "What it depends on:")
        yield f"  {route}"
        yield from _wrapped(f"for {who}: {why}", width)


def summary(matrix: Matrix) -> str:
    """Return the number of routes, and how many of the lines are unprotected."""
    routes = len({line.route for line in matrix.lines})
    return f"{routes} route{'' if routes == 1 else 's'}, {matrix.unprotected or 'none'} unprotected."
