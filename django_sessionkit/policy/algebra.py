"""The base class of requirements, and the operators ``&``, ``|`` and ``~``.

A check has one of three results (Kleene's strong logic): granted, denied or *failed*. It fails if a predicate raises
an exception or returns something other than ``True`` or ``False``. Only a granted check allows access. ``~`` of a
failed check is also failed. ``~`` never grants access to an anonymous caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from django_sessionkit.access import AccessPolicy
from django_sessionkit.utils.sansio import Flow, arun, run

from .decisions import EXCLUDED, FAILED, GRANTED, NOBODY, NONE_OF, NOT_AUTHENTICATED, Decision

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.session.value import Session

_DEFAULT_POLICY = AccessPolicy()

# Memory overhead of a string, measured in characters.
_WEIGHT_OF_A_NAME = 20


class Evaluated(NamedTuple):
    """A part of a combination that was evaluated, with its decision and its own parts."""

    requirement: Requirement
    decision: Decision
    parts: Record


Record: TypeAlias = list[Evaluated]


class Requirement:
    """Base class of all requirements.

    Requirements are immutable and hashable, compare by value, and combine with ``&``, ``|`` and ``~``. The repr is a
    Python expression.
    """

    __slots__ = ("cache_key", "is_static", "parts", "weight")

    parts: tuple[Any, ...]
    is_static: bool
    cache_key: object
    weight: int

    #: operator precedence, to put the repr in brackets where needed
    binding: ClassVar[int] = 3

    def __init__(self, parts: tuple[Any, ...], *, is_static: bool = False) -> None:
        object.__setattr__(self, "parts", parts)
        #: whether the result depends only on the grants of the session, and on whether there is a session
        object.__setattr__(self, "is_static", is_static)
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

    def check(
        self,
        session: Session | None,
        policy: AccessPolicy = _DEFAULT_POLICY,
        request: HttpRequest | None = None,
    ) -> Decision:
        """Check this requirement for ``session`` and return the :class:`~django_sessionkit.Decision`.

        It uses neither the current request nor any setting.

        :param session: the session, or ``None`` for an anonymous caller.
        :param policy: the access policy; by default one without a role hierarchy and without wildcards.
        :param request: the request that predicates receive.
        """
        return run(self.flow(session, policy, request))

    async def acheck(
        self,
        session: Session | None,
        policy: AccessPolicy = _DEFAULT_POLICY,
        request: HttpRequest | None = None,
    ) -> Decision:
        """Async variant of :meth:`check`. Async predicates are awaited, sync predicates run in a thread."""
        return await arun(self.flow(session, policy, request))

    def flow(
        self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None, record: Record | None = None
    ) -> Flow[Decision]:
        """Return :meth:`check` as a flow. The parts that it evaluates are added to ``record``, if one is given."""
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


class Combination(Requirement):
    """Base class of the requirements that combine others. It evaluates the parts in order."""

    __slots__ = ()

    #: whether a granted or a denied part settles the result, so that later parts are not evaluated
    _settled_by: ClassVar[bool | None] = None

    @property
    def children(self) -> tuple[Requirement, ...]:
        return self.parts

    def flow(
        self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None, record: Record | None = None
    ) -> Flow[Decision]:
        settled_by = self._settled_by
        decisions: list[Decision] = []
        for part in self.parts:
            if record is None:
                decision = yield from part.flow(session, policy, request)
            else:
                parts: Record = []
                decision = yield from part.flow(session, policy, request, parts)
                record.append(Evaluated(part, decision, parts))
            decisions.append(decision)
            if decision.allowed is settled_by and not decision.failed:
                break
        return self._combined(decisions, session)

    def _combined(self, decisions: list[Decision], session: Session | None) -> Decision:
        """Return the result for the decisions of the parts, up to the part that settles it."""
        raise NotImplementedError


class _Chain(Combination):
    """Parts joined by an operator. Parts of the same kind are joined without brackets."""

    __slots__ = ()

    _sign: ClassVar[str]

    def __init__(self, *parts: Requirement) -> None:
        flat = tuple(one for part in parts for one in (part.parts if type(part) is type(self) else (part,)))
        super().__init__(flat, is_static=all(part.is_static for part in flat))

    def __repr__(self) -> str:
        return f" {self._sign} ".join(_bracketed(part, self.binding) for part in self.parts)


class And(_Chain):
    """Require all parts; made by ``&``.

    If a part is denied, the result is denied. Otherwise, if a part failed, the result is failed. A part that no session
    can meet is checked first, so that the denial shows that a login does not help.
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
        for decision in reversed(decisions):  # the denied part, if there is one, is the last
            if not decision.allowed:
                return decision
        return self._granted()


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
        if decisions and decisions[-1].allowed:
            return self._granted()
        if any(denial.failed for denial in decisions):
            return self._failed()
        if all(denial.reason == NOBODY for denial in decisions):
            return self._denied(NOBODY)
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        return self._denied(NONE_OF, tuple(dict.fromkeys(name for denial in decisions for name in denial.missing)))


class Not(Combination):
    """Require that the part is denied; made by ``~``.

    An anonymous caller is never granted. If the part failed, the result is failed.
    """

    __slots__ = ()
    binding = 3

    def __init__(self, part: Requirement) -> None:
        super().__init__((part,), is_static=part.is_static)

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
