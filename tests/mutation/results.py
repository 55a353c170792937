"""What mutmut found in one room: each mutant as the lines that it changes, with its outcome."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

#: in the folder of a room: a line for each mutant that was run; the last one counts
OUTCOMES = "outcomes.jsonl"
#: outcome of a mutant that must be tested in a process of its own
ALONE = "to be run alone"
_NAME = re.compile(r"^(?:xǁ(?P<owner>\w+)ǁ|x_)(?P<function>\w+)__mutmut_(?P<number>\d+|orig)$")
# The type in a cast(): no program sees it. A mutant of it is none.
_TYPE = re.compile(r'(?<=\bcast\()(?:"[^"]*"|\w+), ')
# A sentence: two words with only a space between them.
_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


class Mutant(NamedTuple):
    """One change of one function. The numbers of mutmut change with the function, so the lines name the mutant."""

    where: str
    was: str
    now: str
    #: ``killed``, ``endless`` (a test did not end: killed as well), ``survived``, ``not run`` or ``ALONE``
    outcome: str
    name: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.where, self.was, self.now

    @property
    def file(self) -> str:
        return self.where.partition(":")[0]

    @property
    def is_killed(self) -> bool:
        return self.outcome in ("killed", "endless")

    @property
    def is_wording(self) -> bool:
        """Whether only the text of a sentence differs, in letters or in the marks that mutmut adds."""
        was, now = _texts(self.was), _texts(self.now)
        changed = [(one, other) for one, other in zip(was, now, strict=False) if one != other]
        return (
            len(was) == len(now)
            and _without_texts(self.was) == _without_texts(self.now)
            and all(_WORDS.search(one) and one[0] not in "fF" for one, _ in changed)
        )


# With its letter, if it is an f-string: mutmut changes the code in one, and not its text.
_TEXT = re.compile(r'(?:\b[fF])?"(?:[^"\\\n]|\\.)*"|(?:\b[fF])?\'(?:[^\'\\\n]|\\.)*\'')


def _texts(code: str) -> list[str]:
    return _TEXT.findall(code)


def _without_texts(code: str) -> str:
    return _TEXT.sub('""', code)


def mutants(folder: Path) -> Iterator[Mutant]:
    """Yield all mutants that mutmut made in ``folder``, in the order of their files, with their last outcome."""
    package = folder / "mutants" / "django_sessionkit"
    outcomes = _outcomes(folder / OUTCOMES)
    for meta in sorted(package.rglob("*.py.meta")):
        names = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        if names:
            for one in _of_file(package, meta.with_suffix(""), names):
                yield one._replace(outcome=outcomes.get((one.name, *one.key), "not run"))


def sample(found: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return ``size`` of the mutants. A larger sample has all of a smaller one, also after other code has changed."""

    def place(one: Mutant) -> str:
        return sha256(json.dumps([seed, *one.key, one.name]).encode()).hexdigest()

    return sorted(found, key=place)[:size]


def store(file: Path, one: Mutant) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps([one.name, *one.key, one.outcome]) + "\n")


def _outcomes(file: Path) -> dict[tuple[str, ...], str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {tuple(mutant): outcome for *mutant, outcome in map(json.loads, lines)}


def _of_file(package: Path, file: Path, names: Iterable[str]) -> Iterator[Mutant]:
    source = file.read_text(encoding="utf-8")
    functions = dict(_functions(ast.parse(source), source.splitlines()))
    for name in names:
        mangled = name.rpartition(".")[2]
        match = _NAME.match(mangled)
        if match is None:
            raise ValueError(f"{file}: the name {mangled} is not one of mutmut 3.")
        original = functions[mangled.rpartition("__mutmut_")[0] + "__mutmut_orig"]
        owner = f"{match['owner']}." if match["owner"] else ""
        where = f"{file.relative_to(package).as_posix()}: {owner}{match['function']}"
        was, now = _difference(original, functions[mangled])
        if _TYPE.sub("_, ", was) != _TYPE.sub("_, ", now):
            yield Mutant(where, was, now, "not run", name)


def _functions(node: Any, lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, lines)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and _NAME.match(child.name):
            own = lines[child.lineno - 1 : child.end_lineno]
            yield child.name, [line.replace(child.name, "_") for line in own]


def _difference(original: list[str], changed: list[str]) -> tuple[str, str]:
    lines = list(unified_diff(original, changed, n=0))[3:]
    was = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    now = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return was, now
