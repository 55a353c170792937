"""The base class of requirements, and the operators ``&``, ``|`` and ``~``.

A check has one of three results (Kleene's strong logic): granted, denied or *failed*. It fails if a predicate raises
an exception or returns something other than ``True`` or ``False``. Only a granted check allows access. ``~`` of a
failed check is also failed. ``~`` never grants access to an anonymous caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django_sessionkit.access import AccessPolicy
from django_sessionkit.policy.decisions import EXCLUDED, FAILED, GRANTED, NOT_AUTHENTICATED, Decision
from django_sessionkit.utils.sansio import Flow, arun, run

from .check_input import DEFAULT_POLICY, CheckInput, Evaluated, Record
from .phrases import TIGHT, phrase_of
from .three_values import all_of, any_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.session.value import Session

R = TypeVar("R", bound="Requirement")

# Memory overhead of a string, measured in characters.
_WEIGHT_OF_A_NAME = 20


class Requirement:
    """Base class of all requirements.

    Requirements are immutable and hashable, compare by value, and combine with ``&``, ``|`` and ``~``. The repr is a
    Python expression.
    """

    __slots__ = ("cache_key", "is_stable", "is_static", "parts", "weight")

    parts: tuple[Any, ...]
    is_static: bool
    is_stable: bool
    cache_key: object
    weight: int

    #: operator precedence, to put the repr in brackets where needed
    binding: ClassVar[int] = TIGHT

    def __init__(self, parts: tuple[Any, ...], *, is_static: bool = False, is_stable: bool = True) -> None:
        object.__setattr__(self, "parts", parts)
        #: whether the result depends only on the grants of the session, and on whether there is a session
        object.__setattr__(self, "is_static", is_static)
        #: whether the result may be reused within a request; that of a requirement with a time must not be
        object.__setattr__(self, "is_stable", is_stable)
        #: key of this object in a cache of decisions; hashing it calls no Python code
        object.__setattr__(self, "cache_key", object())
        #: approximate size in characters, including the requirements that it combines
        object.__setattr__(self, "weight", sum(map(_weight, parts)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.parts == self.parts

    def __hash__(self) -> int:
        return hash((type(self), self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.parts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    def __and__(self, other: object) -> Requirement:
        return And(self, other) if isinstance(other, Requirement) else NotImplemented

    def __or__(self, other: object) -> Requirement:
        return Or(self, other) if isinstance(other, Requirement) else NotImplemented

    def __invert__(self) -> Requirement:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("A requirement has no truth value. Combine with & | ~, check with evaluate() or enforce().")

    @property
    def children(self) -> tuple[Requirement, ...]:
        """The requirements that this one combines; empty for a leaf."""
        return ()

    @property
    def is_closed(self) -> bool:
        """Whether no session can meet this requirement."""
        return False

    def in_words(self) -> str:
        """Return what a caller needs, such as ``the role "editor" or the permission "posts:write"``."""
        return phrase_of(self).text

    def check(
        self,
        session: Session | None,
        policy: AccessPolicy = DEFAULT_POLICY,
        request: HttpRequest | None = None,
        *,
        obj: object = None,
    ) -> Decision:
        """Check this requirement for ``session`` and return the :class:`~django_sessionkit.Decision`.

        It uses neither the current request nor any setting.

        :param session: the session, or ``None`` for an anonymous caller.
        :param policy: the access policy; by default one without a role hierarchy and without wildcards.
        :param request: the request that functions of the project receive.
        :param obj: the object that :class:`~django_sessionkit.AllowObject` asks about.
        """
        return run(self.flow(CheckInput(session, policy, request, obj)))

    async def acheck(
        self,
        session: Session | None,
        policy: AccessPolicy = DEFAULT_POLICY,
        request: HttpRequest | None = None,
        *,
        obj: object = None,
    ) -> Decision:
        """Async variant of :meth:`check`. Async functions are awaited, sync functions run in a thread."""
        return await arun(self.flow(CheckInput(session, policy, request, obj)))

    def flow(self, asked: CheckInput, record: Record | None = None) -> Flow[Decision]:
        """Return :meth:`check` as a flow. The parts that it evaluates are added to ``record``, if one is given."""
        raise NotImplementedError

    def _granted(self) -> Decision:
        return Decision(True, GRANTED, requirement=self)

    def _denied(self, reason: str, missing: tuple[str, ...] = (), *, failed: bool = False) -> Decision:
        return Decision(False, reason, missing, self, failed=failed)

    def _failed(self) -> Decision:
        return self._denied(FAILED, failed=True)


class Combination(Requirement):
    """Base class of the requirements that combine others. It evaluates the parts in order."""

    __slots__ = ()

    #: whether a granted or a denied part settles the result, so that later parts are not evaluated
    _settled_by: ClassVar[bool | None] = None

    @property
    def children(self) -> tuple[Requirement, ...]:
        return self.parts

    def flow(self, asked: CheckInput, record: Record | None = None) -> Flow[Decision]:
        decisions: list[Decision] = []
        for part in self.parts:
            if record is None:
                decision = yield from part.flow(asked)
            else:
                parts: Record = []
                decision = yield from part.flow(asked, parts)
                record.append(Evaluated(part, decision, parts))
            decisions.append(decision)
            if decision.is_final(self._settled_by):
                break
        return self._combined(decisions, asked.session)

    def _combined(self, decisions: list[Decision], session: Session | None) -> Decision:
        """Return the result for the decisions of the parts, up to the part that settles it."""
        raise NotImplementedError


class _Chain(Combination):
    """Parts joined by an operator. Parts of the same kind are joined without brackets."""

    __slots__ = ()

    _sign: ClassVar[str]

    def __init__(self, *parts: Requirement) -> None:
        flat = tuple(one for part in parts for one in (part.parts if type(part) is type(self) else (part,)))
        super().__init__(
            flat, is_static=all(part.is_static for part in flat), is_stable=all(part.is_stable for part in flat)
        )

    def __repr__(self) -> str:
        return f" {self._sign} ".join(_bracketed(part, self.binding) for part in self.parts)


class And(_Chain):
    """Require all parts; made by ``&``.

    If a part is denied, the result is denied. Otherwise, if a part failed, the result is failed. A part that no session
    can meet is checked first, so that the denial shows that a login does not help. A part that only needs a recent
    login does not end the check: what else is missing is reported first.
    """

    __slots__ = ()
    binding = 2
    _sign = "&"
    _settled_by = False

    def __init__(self, *parts: Requirement) -> None:
        super().__init__(*sorted(parts, key=lambda part: not part.is_closed))

    @property
    def is_closed(self) -> bool:
        return any(part.is_closed for part in self.children)

    def _combined(self, decisions: list[Decision], session: Session | None) -> Decision:
        return all_of(self, decisions)


class Or(_Chain):
    """Require at least one part; made by ``|``.

    If a part is granted, the result is granted. Otherwise, if a part failed, the result is failed.
    """

    __slots__ = ()
    binding = 1
    _sign = "|"
    _settled_by = True

    @property
    def is_closed(self) -> bool:
        return all(part.is_closed for part in self.children)

    def _combined(self, decisions: list[Decision], session: Session | None) -> Decision:
        return any_of(self, decisions, session)


class Not(Combination):
    """Require that the part is denied; made by ``~``.

    An anonymous caller is never granted. If the part failed, the result is failed.
    """

    __slots__ = ()

    def __init__(self, part: Requirement) -> None:
        super().__init__((part,), is_static=part.is_static, is_stable=part.is_stable)

    def __repr__(self) -> str:
        return f"~{_bracketed(self.parts[0], self.binding)}"

    def _combined(self, decisions: list[Decision], session: Session | None) -> Decision:
        (decision,) = decisions
        if decision.failed:
            return self._failed()
        if decision.allowed:
            return self._denied(EXCLUDED)
        return self._granted() if session is not None else self._denied(NOT_AUTHENTICATED)


def _bracketed(part: Requirement, binding: int) -> str:
    return f"({part!r})" if part.binding < binding else repr(part)


def _weight(part: object) -> int:
    if isinstance(part, Requirement):
        return part.weight
    return _WEIGHT_OF_A_NAME + len(part) if isinstance(part, str) else 0


def leaves(requirement: Requirement, *kinds: type[R]) -> Iterator[R]:
    """Yield the requirements of these kinds that ``requirement`` contains or is."""
    if isinstance(requirement, kinds):
        yield requirement
    for child in requirement.children:
        yield from leaves(child, *kinds)
