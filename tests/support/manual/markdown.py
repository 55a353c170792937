"""Parse the Markdown files: fenced blocks with their marks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"(?P<ticks>`{3,})(?P<language>\S*)")
_MARKS = re.compile(r"<!--(.+?)(?:-->)?")
_LINK = re.compile(r"(?<!\!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_FILE_NAME = re.compile(r"(?:#|\{#|/\*) ([\w./-]+\.\w+)(?: #\}| \*/)?")


class WrongBlock(AssertionError):
    """A block of the manual does not work as the manual says."""


@dataclass(frozen=True)
class Block:
    """One fenced block. ``line`` is the line of its first line of code; ``marks`` are in a comment before it."""

    page: str
    line: int
    language: str
    code: str
    heading: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the block belongs in, if its first line names one."""
        match = _FILE_NAME.fullmatch(self.code.partition("\n")[0].strip())
        return match[1] if match else ""


def pages() -> list[Path]:
    """Return the paths of README.md and of every page of the manual."""
    built = DOCS / "_build"
    return [ROOT / "README.md", *sorted(one for one in DOCS.rglob("*.md") if built not in one.parents)]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def blocks(text: str, page: str) -> Iterator[Block]:
    lines = text.splitlines()
    heading, number = "", 0
    while number < len(lines):
        fence = _FENCE.fullmatch(lines[number].strip())
        if fence is None:
            heading = lines[number].lstrip("# ") if lines[number].startswith("#") else heading
            number += 1
            continue
        end = lines.index(fence["ticks"], number + 1)
        code = "\n".join(lines[number + 1 : end]) + "\n"
        yield Block(page, number + 2, fence["language"], code, heading, _marks(lines[number - 1]))
        number = end + 1


def _marks(line: str) -> dict[str, str]:
    comment = _MARKS.fullmatch(line.strip())
    words = comment[1].split(";") if comment else []
    return {name.strip(): value.strip() for name, _, value in (word.partition(":") for word in words)}


def prose(text: str) -> str:
    """Return the text without its code blocks."""
    return re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub and MyST create for headings, and explicit ``(target)=`` labels."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    labels = re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE)
    return {_slug(heading) for heading in headings} | set(labels)


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
