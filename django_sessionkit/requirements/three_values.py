"""How the decisions of the parts of ``&`` and ``|`` are combined (Kleene's strong three-valued logic).

The three values are granted, denied and failed. Several decisions may deny; which of them is reported follows here too:
first what a new login cannot change, then a failed check, last a login that is too old or lacks a factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from django_sessionkit.policy.decisions import (
    FAILED,
    GRANTED,
    MISSING_FACTOR,
    NO_TENANT,
    NOBODY,
    NONE_OF,
    NOT_AUTHENTICATED,
    STALE_AUTHENTICATION,
    Decision,
)

if TYPE_CHECKING:
    from django_sessionkit.session.value import Session

    from .algebra import Requirement


def all_of(requirement: Requirement, decisions: Sequence[Decision]) -> Decision:
    """Return the decision of ``requirement``, the ``&`` of parts with these decisions.

    It is granted if all are granted; else denied if one is denied; else failed.
    """
    denials = [one for one in decisions if not one.allowed]
    if not denials:
        return Decision(True, GRANTED, requirement=requirement)
    failed = all(one.failed for one in denials)
    others = [one for one in denials if not one.needs_step_up]
    reported = others[-1] if others else _together(denials)
    return reported if reported.failed is failed else replace(reported, failed=failed)


def any_of(requirement: Requirement, decisions: Sequence[Decision], session: Session | None) -> Decision:
    """Return the decision of ``requirement``, the ``|`` of parts with these decisions.

    It is granted if the last is granted; else failed if one failed; else denied.
    """
    if decisions and decisions[-1].allowed:
        return Decision(True, GRANTED, requirement=requirement)
    failed = any(one.failed for one in decisions)
    step_up = next((one for one in decisions if one.needs_step_up), None)
    if step_up is not None and not any(one.failed and not one.needs_step_up for one in decisions):
        return replace(step_up, failed=failed)
    if failed:
        reasons = {one.reason for one in decisions if one.failed}
        reason = NO_TENANT if reasons == {NO_TENANT} else FAILED
        return Decision(False, reason, requirement=requirement, failed=True)
    if all(one.reason == NOBODY for one in decisions):
        return Decision(False, NOBODY, requirement=requirement)
    if session is None:
        return Decision(False, NOT_AUTHENTICATED, requirement=requirement)
    missing = tuple(dict.fromkeys(name for one in decisions for name in one.missing))
    return Decision(False, NONE_OF, missing, requirement)


def _together(denials: Sequence[Decision]) -> Decision:
    """Return one denial for several that a new login with the right factors would lift together."""
    if len(denials) == 1:
        return denials[0]
    reasons = {one.reason for one in denials}
    missing = tuple(dict.fromkeys(name for one in denials for name in one.missing))
    requirement = reduce(and_, (one.requirement for one in denials if one.requirement is not None))
    return Decision(False, MISSING_FACTOR if MISSING_FACTOR in reasons else STALE_AUTHENTICATION, missing, requirement)
