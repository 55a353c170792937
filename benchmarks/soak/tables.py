"""Tables in Markdown, and the statistics that they show."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from statistics import linear_regression, median

_LIBRARIES = ("Django", "gunicorn", "uvicorn", "daphne", "channels", "django-stronghold", "casbin")


class Broken(Exception):
    """A law was broken. The message says which, and where."""


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table. The cells are shown as they are."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median with the least and the greatest value."""
    shown = [f"{one:,.{digits}f}" for one in (median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the straight line through the points (least squares)."""
    return linear_regression(*zip(*points, strict=True)).slope


def machine() -> Iterator[str]:
    """Yield a description of the machine and of the versions."""
    yield f"- {_cpu()}, {os.cpu_count()} logical cores, {platform.system()}. All programs share them, the client too."
    yield f"- Python {platform.python_version()}; " + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    yield f"- Redis {_version('redis-server')}, PostgreSQL {_version('postgres')}"


def _cpu() -> str:
    with open("/proc/cpuinfo") as file:
        names = re.findall(r"model name\s*: (.*)", file.read())
    return names[0] if names else platform.machine()


def _version(program: str) -> str:
    if not shutil.which(program):
        return "?"
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", shown)
    return found[0] if found else "?"
