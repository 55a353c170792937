"""Run the tutorial in an empty folder: write its files and run its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import django_sessionkit

from .commands import commands
from .markdown import Block, blocks

# Commands that a test cannot or need not run, such as creating an environment or waiting for a browser.
_LEFT_OUT = ("mkdir", "cd", "python3", "pip", ".venv/bin/pip")


def play(page: Path, folder: Path) -> str:
    """Run the tutorial, and return the output of all commands."""
    output = []
    for block in blocks(page.read_text(encoding="utf-8"), page.name):
        if block.language in ("python", "html+django"):
            _write(block, folder)
        elif block.language == "console":
            output += [run_command(words, folder) for words in commands(block)]
    return "\n".join(output)


def _write(block: Block, folder: Path) -> None:
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if "append" in block.marks else "w", encoding="utf-8") as file:
        file.write(block.code)


def run_command(words: list[str], folder: Path) -> str:
    """Run a command of the manual in a folder, unless a test cannot run it. Return the output."""
    if words[0] in _LEFT_OUT or "runserver" in words:
        return ""
    programs = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}
    package = Path(django_sessionkit.__file__).parents[1]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*programs[words[0]], *words[1:]],
        cwd=folder,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
    return done.stdout
