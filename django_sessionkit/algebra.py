"""The algebra of requirements: what every requirement can do, and ``&``, ``|`` and ``~``.

It has three values (Kleene's strong logic): granted, denied, and *failed* for a predicate that raised or answered
something else than ``True`` or ``False``. Only granted lets anyone in, and ``~`` turns a failure into a failure.
Nobody is granted by absence: ``~`` never grants an anonymous caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .access import AccessPolicy
from .decisions import EXCLUDED, FAILED, GRANTED, NOBODY, NONE_OF, NOT_AUTHENTICATED, Decision
from .flows import Flow, arun, run
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

_DEFAULT_POLICY = AccessPolicy()

# What a string takes besides its characters, in characters.
_WEIGHT_OF_A_NAME = 20


class Requirement:
    """Base of all requirements: immutable, hashable, comparable, combinable; its repr can be pasted."""

    __slots__ = ("_parts", "is_static", "key", "weight")

    _parts: tuple[Any, ...]
    is_static: bool
    key: object
    weight: int

    #: how tightly the repr binds, for brackets
    _binding: ClassVar[int] = 3

    def __init__(self, parts: tuple[Any, ...], *, is_static: bool = False) -> None:
        object.__setattr__(self, "_parts", parts)
        #: the answer depends on nothing but the grants of the session, and whether there is one
        object.__setattr__(self, "is_static", is_static)
        #: stands for this very object in a dict of answers, and is hashed without a call
        object.__setattr__(self, "key", object())
        #: about how many characters it holds, the requirements that it combines among them
        object.__setattr__(self, "weight", sum(map(_weight, parts)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._parts == self._parts

    def __hash__(self) -> int:
        return hash((type(self), self._parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._parts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts))})"

    def __and__(self, other: object) -> Requirement:
        return And(self, other) if isinstance(other, Requirement) else NotImplemented

    def __or__(self, other: object) -> Requirement:
        return Or(self, other) if isinstance(other, Requirement) else NotImplemented

    def __invert__(self) -> Requirement:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("A requirement has no truth value: combine with & | ~, ask with evaluate() or has_...().")

    @property
    def children(self) -> tuple[Requirement, ...]:
        """The requirements that this one combines; empty for a leaf."""
        return ()

    @property
    def is_closed(self) -> bool:
        """Whether no session can meet it."""
        return False

    def check(
        self,
        session: Session | None,
        policy: AccessPolicy = _DEFAULT_POLICY,
        request: HttpRequest | None = None,
    ) -> Decision:
        """Decide for ``session`` (``None``: anonymous). Neither the current request nor any setting is looked at."""
        return run(self.flow(session, policy, request))

    async def acheck(
        self,
        session: Session | None,
        policy: AccessPolicy = _DEFAULT_POLICY,
        request: HttpRequest | None = None,
    ) -> Decision:
        """:meth:`check`, with async predicates awaited and sync ones run in a thread."""
        return await arun(self.flow(session, policy, request))

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        """:meth:`check` as a flow."""
        raise NotImplementedError

    def _granted(self) -> Decision:
        return Decision(True, GRANTED, requirement=self)

    def _denied(self, reason: str, missing: tuple[str, ...] = ()) -> Decision:
        return Decision(False, reason, missing, self)

    def _failed(self) -> Decision:
        return Decision(False, FAILED, requirement=self, failed=True)


def _weight(part: object) -> int:
    if isinstance(part, Requirement):
        return part.weight
    return _WEIGHT_OF_A_NAME + len(part) if isinstance(part, str) else 0


class _Combination(Requirement):
    __slots__ = ()

    _sign: ClassVar[str]

    def __init__(self, *parts: Requirement) -> None:
        flat = tuple(one for part in parts for one in (part._parts if type(part) is type(self) else (part,)))
        super().__init__(flat, is_static=all(part.is_static for part in flat))

    @property
    def children(self) -> tuple[Requirement, ...]:
        return self._parts

    def __repr__(self) -> str:
        return f" {self._sign} ".join(_bracketed(part, self._binding) for part in self._parts)


class And(_Combination):
    """All of them; made by ``&``. A denial outweighs a failure, a failure outweighs a grant.

    A part that nobody can meet is asked first: its denial says that a login does not help.
    """

    __slots__ = ()
    _binding = 2
    _sign = "&"

    def __init__(self, *parts: Requirement) -> None:
        super().__init__(*sorted(parts, key=lambda part: not part.is_closed))

    @property
    def is_closed(self) -> bool:
        return any(part.is_closed for part in self.children)

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        outcome = self._granted()
        for part in self.children:
            decision = yield from part.flow(session, policy, request)
            if decision.failed:
                outcome = decision
            elif not decision.allowed:
                return decision
        return outcome


class Or(_Combination):
    """At least one of them; made by ``|``. A grant outweighs a failure, a failure outweighs a denial."""

    __slots__ = ()
    _binding = 1
    _sign = "|"

    @property
    def is_closed(self) -> bool:
        return all(part.is_closed for part in self.children)

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        denials = []
        for part in self.children:
            decision = yield from part.flow(session, policy, request)
            if decision.allowed:
                return self._granted()
            denials.append(decision)
        if any(denial.failed for denial in denials):
            return self._failed()
        if all(denial.reason == NOBODY for denial in denials):
            return self._denied(NOBODY)
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        return self._denied(NONE_OF, tuple(dict.fromkeys(name for denial in denials for name in denial.missing)))


class Not(Requirement):
    """The opposite, for a session; made by ``~``. It never grants an anonymous caller, nor after a failure."""

    __slots__ = ()
    _binding = 3

    def __init__(self, part: Requirement) -> None:
        super().__init__((part,), is_static=part.is_static)

    @property
    def children(self) -> tuple[Requirement, ...]:
        return self._parts

    def __repr__(self) -> str:
        return f"~{_bracketed(self._parts[0], self._binding)}"

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        decision = yield from self.children[0].flow(session, policy, request)
        if decision.failed:
            return self._failed()
        if decision.allowed:
            return self._denied(EXCLUDED)
        return self._granted() if session is not None else self._denied(NOT_AUTHENTICATED)


def _bracketed(part: Requirement, binding: int) -> str:
    return f"({part!r})" if part._binding < binding else repr(part)
