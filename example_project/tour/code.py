"""Excerpts of the example's own code: the rule, the setting or the view that guards a page."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from django.conf import settings
from newsroom import policy
from newsroom import settings as settings_module

APPS = ("accounts", "articles", "bureaus", "newsroom", "tour")


class Excerpt(NamedTuple):
    """Some lines of a file."""

    place: str
    text: str


@cache
def of_rule(name: str) -> tuple[Excerpt, ...]:
    """Return the dict of a rule in ``PROTECT``, with the comment above it."""
    rules = [node for node in ast.walk(_assignment(policy, "PROTECT")) if isinstance(node, ast.Dict)]
    return tuple(_with_comment(policy, rule) for rule in rules if f"'name': {name!r}" in ast.unparse(rule))


@cache
def of_setting(name: str) -> tuple[Excerpt, ...]:
    """Return the line of settings.py that sets ``name``, and the value in policy.py that it refers to."""
    value = _assignment(settings_module, name)
    excerpts = [_with_comment(settings_module, value)]
    if isinstance(value, ast.Attribute):
        excerpts.append(_with_comment(policy, _assignment(policy, value.attr)))
    return tuple(excerpts)


@cache
def of_view(view: Callable[..., Any] | None) -> tuple[Excerpt, ...]:
    """Return the code of a view, and of its mixins, if it is part of this example."""
    kind = getattr(view, "view_class", None)
    parts = kind.__mro__ if kind is not None else [inspect.unwrap(view)] if view is not None else []
    return tuple(
        Excerpt(_place(inspect.getfile(part)), textwrap.dedent(inspect.getsource(part)).strip())
        for part in parts
        if part.__module__.partition(".")[0] in APPS
    )


def _assignment(module: ModuleType, name: str) -> ast.expr:
    """Return the value that a module assigns to ``name``."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return node.value
    raise LookupError(f"{module.__name__} does not assign {name}.")


def _with_comment(module: ModuleType, node: ast.expr) -> Excerpt:
    """Return the lines of a node and the comment above them. A heading with dashes is not part of the comment."""
    lines = inspect.getsource(module).splitlines()
    first = node.lineno - 1
    while lines[first - 1].strip().startswith("# ") and "---" not in lines[first - 1]:
        first -= 1
    text = textwrap.dedent("\n".join(lines[first : node.end_lineno]))
    return Excerpt(_place(inspect.getfile(module)), text)


def _place(file: str) -> str:
    return Path(file).relative_to(settings.BASE_DIR).as_posix()
