"""Record how the guard decides: the path variants, the rules that were tried, and the requirements evaluated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from django_sessionkit import conf
from django_sessionkit.access import AccessPolicy
from django_sessionkit.guard.engine import Passage, Target, lifted_from_default
from django_sessionkit.guard.evaluator import without_proof
from django_sessionkit.policy.algebra import And, Or, Requirement
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.policy.path_variants import Reading, cleaned
from django_sessionkit.policy.rules import OTHER_VIEW, WAITS, Rule
from django_sessionkit.session.context import Slot
from django_sessionkit.session.value import Session
from django_sessionkit.utils.sansio import Flow

from .report import Asked, Read, Tried, Weighed

if TYPE_CHECKING:
    from django.http import HttpRequest

_MOST_NAMES = 8


class Trace(Passage):
    """A recording :class:`~django_sessionkit.guard.engine.Passage` for :func:`~django_sessionkit.guard.engine.inspect`.

    ``of`` is the evaluation of a real request, whose decisions are reused.
    """

    __slots__ = ("_weighed", "by_view", "readings")

    twin = "aexplain"

    def __init__(self, slot: Slot, of: Passage | None = None) -> None:
        super().__init__(slot)
        if of is not None:
            self._decided = of._decided
        self._weighed: dict[Requirement, Weighed] = {}
        self.readings: list[Read] = []
        self.by_view: list[Asked] = []

    def find(self, reading: Reading, target: Target, lifted_by: tuple[Rule | None, ...]) -> Rule | None:
        rule = super().find(reading, target, lifted_by)
        self.readings.append(_read(reading, target, rule, lifted_by))
        return rule

    def weigh(self, requirement: Requirement) -> Flow[Decision]:
        session = self.slot.peek()
        weighed = yield from weigh(requirement, session, conf.current().policy, self.slot.request)
        if (fault := self.slot.fault) is not None:
            told = yield from without_proof(requirement, cast("Decision", weighed.decision), fault, self.slot.request)
            weighed = replace(weighed, decision=told)
        self._weighed[requirement] = weighed
        return cast("Decision", weighed.decision)  # the root is always evaluated

    def ask(self, label: str | None, requirement: Requirement) -> Flow[Decision]:
        decision = yield from super().ask(label, requirement)
        if requirement not in self._weighed:  # the request itself has already evaluated it
            yield from self.weigh(requirement)
        asked = Asked(label, self._weighed[requirement], decision)
        if label is None:
            self.by_view.append(asked)
        else:
            self.readings[-1] = replace(self.readings[-1], asked=asked)
        return decision

    @property
    def last(self) -> Asked | None:
        """The requirement that was evaluated last."""
        asked = [one.asked for one in self.readings if one.asked is not None] + self.by_view
        return asked[-1] if asked else None


class _Known(Requirement):
    """A part with a known decision. The operators of :mod:`django_sessionkit.policy.algebra` combine these parts."""

    __slots__ = ()

    def __init__(self, decision: Decision) -> None:
        super().__init__((decision,), is_static=False)

    def flow(self, session: Session | None, policy: AccessPolicy, request: HttpRequest | None) -> Flow[Decision]:
        yield from ()
        decision: Decision = self._parts[0]
        return decision


def weigh(
    requirement: Requirement, session: Session | None, policy: AccessPolicy, request: HttpRequest | None
) -> Flow[Weighed]:
    """Evaluate a requirement like :meth:`Requirement.flow`, and return the decision of every part.

    Each part is evaluated once. Project code is called only if the requirement itself would call it.
    """
    if not requirement.children:
        return Weighed(requirement, (yield from requirement.flow(session, policy, request)))
    parts: list[Weighed] = []
    known: list[_Known] = []
    is_settled = False
    for part in requirement.children:
        if is_settled and (not part.is_static or policy.overrides_check):
            parts.append(Weighed(part, None))
            continue
        weighed = yield from weigh(part, session, policy, request)
        parts.append(weighed)
        if weighed.decision is not None and not is_settled:
            known.append(_Known(weighed.decision))
            is_settled = _is_settled(requirement, weighed.decision)
    rebuilt: Any = type(requirement)
    decision = yield from rebuilt(*known).flow(session, policy, request)
    return Weighed(requirement, _as_if_by(requirement, decision), tuple(parts))


def _is_settled(requirement: Requirement, decision: Decision) -> bool:
    """Return ``True`` if the requirement does not evaluate the parts after this one."""
    if isinstance(requirement, And):
        return not decision and not decision.failed
    return isinstance(requirement, Or) and decision.allowed


def _as_if_by(requirement: Requirement, decision: Decision) -> Decision:
    stands_in = decision.requirement is not None and any(
        isinstance(part, _Known) for part in decision.requirement.children
    )
    return replace(decision, requirement=requirement) if stands_in else decision


def _read(reading: Reading, target: Target, rule: Rule | None, lifted_by: tuple[Rule | None, ...]) -> Read:
    book = conf.current().rules
    trials = list(book.trials(reading, target.method, target.view_name, resolved=target.resolved, lifted_by=lifted_by))
    ended = bool(trials) and trials[-1][1] in (None, WAITS)
    seen = book.rules[: book.rules.index(trials[-1][0])] if ended else book.rules
    told = {one: why for one, why in trials if one.patterns or why != OTHER_VIEW}  # no pattern matches all
    passed = [one.label for one in seen if one not in told]
    return Read(
        kind=_kind(reading, target),
        path=reading.path,
        tried=tuple(Tried(one.label, why or "decides") for one, why in told.items()),
        passed=len(passed),
        passed_names=tuple(passed[:_MOST_NAMES]),
        default=_default(reading, target) if rule is None else None,
    )


def _default(reading: Reading, target: Target) -> str | None:
    """Return ``None`` for an unknown path and for a variant that is not exact: the default does not apply to them."""
    if not reading.strict or target.match is None:
        return None
    return (lifted_from_default(reading, target) or "asks") if conf.current().global_protect else "off"


def _kind(reading: Reading, target: Target) -> str:
    if reading.folded or reading.unprefixed:
        return " and ".join(
            name
            for name, applies in (
                ("Without language prefix", reading.unprefixed),
                ("Case-folded", reading.folded),
            )
            if applies
        ).capitalize()
    if reading.path == target.path_info:
        return "Exact"
    spellings = cleaned(target.path_info)
    if reading.path in spellings:
        return "Normalized" if reading.path == spellings[0] else "Normalized, with slashes for backslashes"
    if reading.path in (target.path, *cleaned(target.path)):
        return "With the mount prefix"
    return "Routed"
