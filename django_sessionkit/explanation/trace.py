"""Record how the guard decides: the path variants, the rules that were tried, and the requirements evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from django_sessionkit import conf
from django_sessionkit.guard.engine import exempted_from_default
from django_sessionkit.guard.evaluator import without_session
from django_sessionkit.guard.request_evaluation import AccessRequest, Decisions, RequestEvaluation
from django_sessionkit.patterns import matches, split
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.policy.first_match import NEEDS_ROUTE, OTHER_VIEW, FirstMatch
from django_sessionkit.policy.path_variants import PathVariant, normalized
from django_sessionkit.policy.rules import Rule
from django_sessionkit.requirements import Requirement
from django_sessionkit.requirements.check_input import CheckInput, Evaluated, Record
from django_sessionkit.session.context import SessionContext
from django_sessionkit.utils.sansio import Flow

from .report import PathCheck, RequirementCheck, RequirementResult, RuleResult

if TYPE_CHECKING:
    pass

_MOST_NAMES = 8


class Trace(RequestEvaluation):
    """A recording :class:`~django_sessionkit.guard.request_evaluation.RequestEvaluation` for
    :func:`~django_sessionkit.guard.engine.authorize`.

    ``of`` is the evaluation of a real request, whose decisions are reused.
    """

    __slots__ = ("_weighed", "by_view", "readings")

    def __init__(self, context: SessionContext, of: RequestEvaluation | None = None) -> None:
        super().__init__(context)
        if of is not None:
            self.decisions: Decisions | None = of.decisions
        self._weighed: dict[Requirement, RequirementResult] = {}
        self.readings: list[PathCheck] = []
        self.by_view: list[RequirementCheck] = []

    def first_matches(self, variants: Iterable[PathVariant], target: AccessRequest) -> Iterator[FirstMatch]:
        for match in super().first_matches(variants, target):
            self.readings.append(_check_of(match, target))
            yield match

    def evaluate(self, requirement: Requirement, obj: object = None) -> Flow[Decision]:
        session = self.context.peek()
        asked = CheckInput(session, conf.current().policy, self.context.request, obj)
        weighed = yield from evaluate(requirement, asked)
        if (fault := self.context.fault) is not None:
            told = yield from without_session(requirement, cast("Decision", weighed.decision), fault, asked)
            weighed = replace(weighed, decision=told)
        self._weighed[requirement] = weighed
        return cast("Decision", weighed.decision)  # the root is always evaluated

    def decide(self, label: str | None, requirement: Requirement, obj: object = None) -> Flow[Decision]:
        decision = yield from super().decide(label, requirement, obj)
        if requirement not in self._weighed:  # the request itself has already evaluated it
            yield from self.evaluate(requirement, obj)
        asked = RequirementCheck(label, self._weighed[requirement], decision)
        if label is None:
            self.by_view.append(asked)
        else:
            self.readings[-1] = replace(self.readings[-1], asked=asked)
        return decision

    @property
    def last(self) -> RequirementCheck | None:
        """The requirement that was evaluated last."""
        asked = [one.asked for one in self.readings if one.asked is not None] + self.by_view
        return asked[-1] if asked else None


def evaluate(requirement: Requirement, asked: CheckInput) -> Flow[RequirementResult]:
    """Evaluate a requirement, and return the decision of every part.

    A part that does not matter for the decision is evaluated too, but only if that calls no code of the project.
    """
    record: Record = []
    decision = yield from requirement.flow(asked, record)
    return (yield from _result(Evaluated(requirement, decision, record), asked))


def _result(evaluated: Evaluated, asked: CheckInput) -> Flow[RequirementResult]:
    requirement, decision, record = evaluated
    parts = []
    for one in record:
        parts.append((yield from _result(one, asked)))
    for part in requirement.children[len(record) :]:
        is_safe = part.is_static and not asked.policy.overrides_check
        parts.append((yield from evaluate(part, asked)) if is_safe else RequirementResult(part, None))
    return RequirementResult(requirement, decision, tuple(parts))


def _check_of(match: FirstMatch, target: AccessRequest) -> PathCheck:
    variant, rule, tried = match
    rules = conf.current().rules.rules
    ended = bool(tried) and tried[-1][1] in (None, NEEDS_ROUTE)
    seen = rules[: rules.index(tried[-1][0])] if ended else rules
    default = _default(variant, target) if rule is None else None
    told = {one: why for one, why in tried if one.patterns or why != OTHER_VIEW}  # no pattern matches all
    passed = [one.label for one in seen if one not in told]
    return PathCheck(
        kind=_kind(variant, target),
        path=variant.path,
        tried=tuple(RuleResult(one.label, why or "decides", _pattern_of(one)) for one, why in told.items()),
        passed=len(passed),
        passed_names=tuple(passed[:_MOST_NAMES]),
        default=default,
        not_opened_by=tuple(_not_opened_by(match, target, seen, default)),
    )


def _not_opened_by(
    match: FirstMatch, target: AccessRequest, seen: Sequence[Rule], default: str | None
) -> Iterator[str]:
    """Yield the public rules and excludes that would open a path if their ``*`` matched more than one segment."""
    path, rule = match.variant.path, match.rule
    if not match.variant.exact or (rule.is_public if rule is not None else default != "asks"):
        return
    opening = [(one.label, one.patterns) for one in seen if one.is_public and _applies(one, target)]
    if default == "asks":
        opening.append(("SESSIONKIT_EXCLUDE", conf.current().rules.excluded))
    for label, patterns in opening:
        found = (one.text for one in patterns if matches(one.text, path) and not one.matches(split(path)))
        yield from (f'{label} "{text}"' for text in found)


def _applies(rule: Rule, target: AccessRequest) -> bool:
    return rule.matches_method(target.method) and rule.matches_view(target.view_name)


def _pattern_of(rule: Rule) -> str:
    return ", ".join([*(one.text for one in rule.patterns), *(f"view {one.text}" for one in rule.views)])


def _default(reading: PathVariant, target: AccessRequest) -> str | None:
    """Return ``None`` for an unknown path and for a variant that is not exact: the default does not apply to them."""
    if not reading.exact or target.match is None:
        return None
    return (exempted_from_default(reading.path, target) or "asks") if conf.current().global_protect else "off"


def _kind(reading: PathVariant, target: AccessRequest) -> str:
    if reading.case_folded or reading.without_language:
        return " and ".join(
            name
            for name, applies in (
                ("Without language prefix", reading.without_language),
                ("Case-folded", reading.case_folded),
            )
            if applies
        ).capitalize()
    if reading.path == target.path_info:
        return "Exact"
    spellings = normalized(target.path_info)
    if reading.path in spellings:
        return "Normalized" if reading.path == spellings[0] else "Normalized, with slashes for backslashes"
    if reading.path in (target.path, *normalized(target.path)):
        return "With the mount prefix"
    return "Routed"
