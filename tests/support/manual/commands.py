"""Check the command blocks of the manual: the commands and options must exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from django.core.management import get_commands

from .markdown import ROOT, Block, WrongBlock

_KNOWN = {".venv/bin/pip", ".venv/bin/pytest", ".venv/bin/python", "cd", "mkdir", "pip", "python", "python3"}
_KNOWN |= {"django-admin", "pip-audit"}


def check(block: Block) -> None:
    found = list(commands(block))
    if not found:
        raise WrongBlock(f"{block.place}: no command")
    for words in found:
        fault = _fault(words)
        if fault:
            raise WrongBlock(f"{block.place}: {fault}")


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the words of each command. In a ``console`` block, commands start with ``$``, and the rest is output."""
    lines = block.code.splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in lines:
        for part in line.split(" && "):
            yield shlex.split(part, comments=True)


def _fault(words: list[str]) -> str:
    if words[0] not in _KNOWN:
        return f"unknown program {words[0]}"
    if "--group" in words and not _is_group(words[words.index("--group") + 1]):
        return f"no dependency group {words[words.index('--group') + 1]}"
    script = next((number for number, word in enumerate(words) if word.endswith("manage.py")), None)
    return _management_fault(words[script], words[script + 1]) if script is not None else ""


def _management_fault(script: str, name: str) -> str:
    if script == "manage.py":
        return "" if name in get_commands() else f"no management command {name}"
    here = (ROOT / script).is_file()
    own = list((ROOT / script).parent.glob(f"*/management/commands/{name}.py"))
    return "" if here and own else f"no command {name} of {script}"


def _is_group(name: str) -> bool:
    groups = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[dependency-groups]")[2]
    return re.search(rf"^{re.escape(name)} = \[", groups.partition("\n[")[0], re.MULTILINE) is not None
