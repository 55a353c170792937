"""Part 2: hostile dicts through ``validate_session``: only ``InvalidSession``, no value in a message, linear time."""

from __future__ import annotations

import json
import random
from collections import Counter, UserDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from math import inf, log, nan
from time import process_time
from typing import Any

from django.conf import settings

from django_sessionkit import InvalidSession, Session, validate_session

from .tables import Broken, table

CANARY = "c4n4ry"
_FIELDS = ("user_id", "email", "role", "roles", "permissions", "auth_time", "amr", "tenants", "act", "plan", "settings")
_CHARACTERS = (
    "a",
    " ",
    "\x00",
    "\x1f",
    "\x7f",
    "\x85",
    "\ud800",
    "\u200b",
    "\u202e",
    "\u0301",
    "K",
    "ı",
    "*",
    ":",
    "😀",
)
_MOST_EXPONENT = 1.25  # of the size; 1 is linear


class Raises:
    """An object whose methods raise errors."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(CANARY)

    def __repr__(self) -> str:
        raise RuntimeError(CANARY)


class Text(str):
    """A string that lies about itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("user_id")

    def __len__(self) -> int:
        return 1

    def strip(self, *characters: Any) -> str:
        raise RuntimeError(CANARY)


class Many(list[Any]):
    """A list that lies about its length."""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield CANARY


class Fields(dict[Any, Any]):
    """A dict whose methods give something else than it contains."""

    def get(self, key: Any, default: Any = None) -> Any:
        return "admin"

    def items(self) -> Any:
        raise RuntimeError(CANARY)

    def __iter__(self) -> Iterator[Any]:
        raise KeyError(CANARY)


class Dicts:
    """Make dicts that are almost valid: a valid one with some changes, each a mistake or an attack."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def make(self) -> Any:
        """Return the next one."""
        data = self._valid()
        for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3))):
            key = self.dice.choice(_FIELDS) if self.dice.random() < 0.9 else self._atom()
            try:
                data[key] = self._value(data.get(key))
            except (TypeError, RuntimeError):  # not hashable, so it cannot be a key
                continue
        wrap = self.dice.random()
        if wrap < 0.9:
            return data
        return self.dice.choice((Fields, UserDict, lambda one: [*one.items()], lambda one: Raises()))(data)

    def _valid(self) -> dict[Any, Any]:
        number = self.dice.randrange(1000)
        data: dict[Any, Any] = {
            "user_id": f"{number}{CANARY}",
            "email": f"{CANARY}{number}@example.org",
            "role": "reader",
            "roles": ["reader", f"role{number}"],
            "permissions": [f"area{number % 7}:read", "posts:write"],
            "auth_time": 1_700_000_000 + number,
            "amr": ["pwd", "otp"],
            "tenants": {"acme": {"roles": ["owner"], "permissions": ["bills:read"]}},
            "act": {"user_id": f"{number}"},
            "plan": "premium",
        }
        return {key: data[key] for key in data if key == "user_id" or self.dice.random() < 0.6}

    def _value(self, before: Any) -> Any:
        return self.dice.choice((self._atom, self._text, self._list, self._nested, lambda: self._bent(before)))()

    def _atom(self) -> Any:
        make: tuple[Any, ...] = (None, True, 0, -1, 1.5, nan, inf, 1 << 20_000, b"bytes", (), set(), object(), Raises())
        return self.dice.choice((*make, Text("admin"), Many(), range(10), iter("ab"), complex(1, 2), Ellipsis, str))

    def _text(self) -> str:
        one = self.dice.choice(_CHARACTERS)
        length = self.dice.choice((0, 1, 2, 149, 150, 151, 255, 256, 320, 321, 1000))
        return self.dice.choice((one * length, CANARY + one * length, f" {one}", f"a{one}b@c", one.join("admin")))

    def _list(self) -> Any:
        names = [self.dice.choice((self._text, self._atom))() for _ in range(self.dice.choice((0, 1, 3, 12)))]
        return self.dice.choice((list, tuple, Many))(names)

    def _nested(self) -> Any:
        depth = self.dice.choice((1, 5, 19, 20, 21, 300))
        value: Any = self._atom()
        for _ in range(depth):
            value = self.dice.choice((lambda one: [one], lambda one: {"a": one}, lambda one: {"roles": one}))(value)
        if self.dice.random() < 0.1:
            own: list[Any] = []
            own.append(own)
            return own
        return value

    def _bent(self, before: Any) -> Any:
        """Return the value with a small change."""
        if type(before) is str:
            place = self.dice.randrange(len(before) + 1)
            return before[:place] + self.dice.choice(_CHARACTERS) + before[place:]
        if type(before) is list:
            return [*before, self.dice.choice((self._atom, self._text))()]
        if type(before) is dict:
            return {**before, self._text(): self._value(None), "acme": self._value(None)}
        return [before]


def run(count: int, sizes: tuple[int, ...], most: float = _MOST_EXPONENT) -> Iterator[str]:
    """Validate ``count`` dicts, then growing ones, and yield the text of the report.

    Raises ``Broken`` if the time grows with a power of the size greater than ``most``.
    """
    if not settings.configured:
        settings.configure()
    accepted, fields, slowest = _try(count)
    rejected = count - accepted
    shown = ", ".join(f"{name} {number:,}" for name, number in fields.most_common())
    yield (
        f"{count:,} dicts from a generator that knows the fields (`dicts.py`, seed 1): {accepted:,} were valid, and"
        f" each gave a session that JSON can hold and that is valid again; {rejected:,} raised `InvalidSession`, about"
        f" {shown}. Nothing else was raised. No message contained a value. The slowest took {slowest * 1000:.1f} ms of"
        " CPU."
    )
    yield table(
        ("a dict that grows", *(f"{size:,}" for size in sizes), "exponent, at most"), list(_growth(sizes, most))
    )
    yield (
        "CPU time in ms for each size. The exponent is the greatest between two neighbouring sizes: 1 is linear. Where"
        " the time falls, a limit ends the work before the contents are read."
    )


def _try(count: int) -> tuple[int, Counter[str], float]:
    dicts, accepted, fields, slowest = Dicts(1), 0, Counter[str](), 0.0
    for number in range(count):
        data = dicts.make()
        start = process_time()
        try:
            session = validate_session(data)
        except InvalidSession as error:
            fields[f"`{error.field}`"] += 1
            if CANARY in str(error) or CANARY in error.reason:
                raise Broken(f"dict {number}: the message contains a value") from None
        except BaseException as error:
            raise Broken(f"dict {number}: {type(error).__name__}") from error
        else:
            accepted += 1
            _check_valid(session, number)
        slowest = max(slowest, process_time() - start)
    return accepted, fields, slowest


def _check_valid(session: Session, number: int) -> None:
    again = validate_session(json.loads(json.dumps(session.to_dict())))
    plain = all(type(one) is str for one in (session.user_id, *session.roles, *session.permissions))
    if again != session or not plain or not session.user_id.strip():
        raise Broken(f"dict {number}: what was accepted is not plain, or not valid again")


# Each makes a dict whose size in bytes is proportional to the number.
_SHAPES: dict[str, Callable[[int], Any]] = {
    "`user_id`": lambda size: {"user_id": "a" * size},
    "`email` of control characters": lambda size: {"user_id": "1", "email": "\x01@" * size},
    "`roles`, new names": lambda size: {"user_id": "1", "roles": [f"{CANARY}{n}" for n in range(size)]},
    "`permissions`, marks to normalize": lambda size: {"user_id": "1", "permissions": ["e" + "\u0323\u0301" * size]},
    "custom string, at most the limit": lambda size: {"user_id": "1", "text": "é" * min(size, 65_000)},
    "custom list": lambda size: {"user_id": "1", "list": [1] * size},
    "custom list of lists": lambda size: {"user_id": "1", "list": [[[]]] * size},
    "custom nesting": lambda size: {"user_id": "1", "deep": _deep(size)},
    "custom fields": lambda size: {"user_id": "1", **{f"field{n}": n for n in range(size)}},
    "`tenants`": lambda size: {"user_id": "1", "tenants": {f"t{n}": {"roles": ["a"]} for n in range(size)}},
    "`act`": lambda size: {"user_id": "1", "act": _actors(size)},
    "`amr`": lambda size: {"user_id": "1", "amr": ["otp"] * size},
    "an integer": lambda size: {"user_id": "1", "number": 1 << size},
}


def _deep(size: int) -> Any:
    value: Any = 1
    for _ in range(size):
        value = [value]
    return value


def _actors(size: int) -> Any:
    value: Any = {"user_id": "1"}
    for _ in range(size):
        value = {"user_id": "1", "act": value}
    return value


def _growth(sizes: tuple[int, ...], most: float) -> Iterator[list[str]]:
    for name, make in _SHAPES.items():
        times = [_least(make, size) for size in sizes]
        pairs = zip(pairwise(times), pairwise(sizes), strict=True)
        exponent, took = max((log(late / early) / log(large / small), late) for (early, late), (small, large) in pairs)
        if exponent > most and took > 0.001:
            raise Broken(f"{name}: the time grows with the power {exponent:.2f} of the size")
        yield [name, *(f"{1000 * one:.3f}" for one in times), f"{exponent:.2f}"]


def _least(make: Callable[[int], Any], size: int, rounds: int = 5) -> float:
    best = inf
    for _ in range(rounds):
        data = make(size)
        repeats = max(1, 1000 // size)
        start = process_time()
        for _ in range(repeats):
            with suppress(InvalidSession):
                validate_session(data)
        best = min(best, (process_time() - start) / repeats)
    return max(best, 1e-7)
