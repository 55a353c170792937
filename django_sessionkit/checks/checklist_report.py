"""The checklist as plain text, Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from textwrap import TextWrapper
from typing import Any

from django.core.checks import CheckMessage

from .checklist import Grade, Status

Styler = Callable[[Status, str], str]

_WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.YOURS: "you"}
_INDENT = " " * 10
_WIDTH = 100


def summary(grades: Sequence[Grade]) -> str:
    """Return the last line of a report: the number of items for each status."""
    counts = Counter(one.status for one in grades)
    return ", ".join(f"{counts[status]} {status.value}" for status in Status) + "."


def as_text(grades: Sequence[Grade], paint: Styler) -> str:
    """Return the report as aligned lines. A hint stays on one line, so that it can be copied.

    ``paint`` takes a status and a text, and returns the text with colours. It is called for the first word of an item.
    """
    lines = [line for one in grades for line in _lines(one, paint)]
    return "\n".join([*lines, "", summary(grades)])


def _lines(one: Grade, paint: Styler) -> Iterator[str]:
    yield f"{paint(one.status, _WORDS[one.status].ljust(5))}{one.item.number:>3}  {one.item.title}"
    for message in one.messages:
        yield from _paragraph(f"{message.id}{_silenced(message)}: {message.msg}")
        if message.hint and not message.is_silenced():
            yield f"{_INDENT}-> {message.hint}"
    if one.question:
        yield from _paragraph(one.question)


def _paragraph(text: str) -> list[str]:
    wrapper = TextWrapper(_WIDTH, _INDENT, _INDENT, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def _silenced(message: CheckMessage) -> str:
    return " (silenced)" if message.is_silenced() else ""


def as_markdown(grades: Sequence[Grade]) -> str:
    """Return a Markdown table of all items, and a task list of what is left to do."""
    rows = [f"| {one.item.number} | {one.item.title} | {one.item.asvs} | {one.status.value} |" for one in grades]
    boxes = [f"- [ ] {one.item.number}. {text}" for one in grades for text in _left_to_do(one)]
    head = ["| # | item | ASVS 5.0 | status |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", summary(grades), "", *boxes]).rstrip()


def _left_to_do(one: Grade) -> Iterator[str]:
    for message in one.messages:
        if not message.is_silenced():
            yield f"{message.id}: {message.msg} {message.hint or ''}".rstrip()
    if one.question:
        yield one.question


def as_json(grades: Sequence[Grade]) -> str:
    """Return a JSON list with one object per item."""
    return json.dumps([_record(one) for one in grades], indent=2, ensure_ascii=False)


def _record(one: Grade) -> dict[str, Any]:
    return {
        "number": one.item.number,
        "title": one.item.title,
        "asvs": one.item.asvs,
        "status": _WORDS[one.status].lower(),
        "messages": [
            {"id": message.id, "text": message.msg, "fix": message.hint, "silenced": message.is_silenced()}
            for message in one.messages
        ],
        "question": one.question,
    }
