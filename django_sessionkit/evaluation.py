"""Ask a requirement about the session of a slot; what has been answered once is known as long as nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from . import audit, conf
from .access import AccessPolicy
from .context import Fault, Loaded, Slot, current_slot
from .decisions import NOBODY, REFUSED, UNKNOWN_FOR_NOW, Decision
from .exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from .flows import Flow, run
from .requirements import Requirement
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

# Requirements may be made anew for every question; then so many answers are kept at most.
_MOST_KNOWN = 256
_HEAVIEST_KNOWN = 1000

# Names may come from a client: longer ones, or more of them, are not remembered.
_MOST_ASKED = 1024
_MOST_NAMES = 8
_MOST_CHARACTERS = 300

_BUILT_IN = AccessPolicy()
_TOLD = {
    REFUSED: "This login gives no valid session.",
    UNKNOWN_FOR_NOW: "The session cannot be looked up at the moment.",
}


def known(requirement: Requirement, slot: Slot | None = None) -> Decision | None:
    """What was decided about the session of ``slot`` before, by default the current one.

    ``None`` if it has to be decided with :func:`decide`. Since then the session as loaded, what it was loaded from and
    the settings have stayed the same objects.
    """
    slot = slot or current_slot()
    if slot is None:
        return None
    loaded = slot.loaded
    if loaded is None or loaded.basis is not conf.latest or loaded.watch() is not loaded.raw:
        return None
    return loaded.decisions.get(requirement.key) if loaded.decisions is not None else None


def decide(
    slot: Slot | None, requirement: Requirement, request: HttpRequest | None, twin: str = "aevaluate"
) -> Flow[Decision]:
    """Load the session if need be, and decide; ``twin`` is the async helper to name where that cannot be done."""
    if slot is None:
        return (yield from requirement.flow(None, conf.current().policy, request))
    session = (yield from slot.flow(twin)) if slot.loaded is None else slot.peek()
    settings, loaded = conf.current(), slot.loaded
    if loaded is None or loaded.session is not session:
        return (yield from requirement.flow(session, settings.policy, request))
    decisions = prepare(loaded, settings)
    decision = decisions.get(requirement.key)
    if decision is None:
        decision = yield from requirement.flow(session, settings.policy, request)
        if loaded.fault is not None:
            decision = yield from without_proof(requirement, decision, loaded.fault, request)
        if _can_be_kept(requirement, decision, settings):
            _keep(decisions, requirement, decision)
    return decision


def without_proof(
    requirement: Requirement, decision: Decision, fault: Fault, request: HttpRequest | None
) -> Flow[Decision]:
    """What ``decision``, made for an anonymous caller, is for one whose session is refused or unknown for now.

    Only ``Public()`` and ``Allow`` grant such a caller anything, whatever the access policy grants the anonymous.
    """
    if decision.allowed and conf.current().policy.overrides_check:
        decision = yield from requirement.flow(None, _BUILT_IN, request)
    if decision.allowed or decision.failed or decision.reason == NOBODY:
        return decision
    return replace(decision, reason=fault.reason, missing=(), detail=fault.detail)


def told(fault: Fault) -> str:
    """What the caller may know."""
    return _TOLD[fault.reason]


def denial_of(slot: Slot | None, decision: Decision | None = None) -> NotAuthenticated | AccessDenied:
    """What to raise for the caller of ``slot``: :class:`NotAuthenticated` is for those whom a login would help."""
    session, fault = (slot.peek(), slot.fault) if slot is not None else (None, None)
    if fault is not None:
        return AccessDenied(decision or Decision(False, fault.reason, detail=fault.detail), told(fault))
    return AccessDenied(decision) if session is not None else NotAuthenticated(decision)


def prepare(loaded: Loaded, settings: conf.Snapshot) -> dict[object, Decision]:
    """Give ``loaded`` what has been decided about every session with the same grants."""
    if loaded.decisions is None or loaded.basis is not settings:
        loaded.decisions = _decisions_for(loaded.session, settings)
        loaded.basis = settings
    return loaded.decisions


def _decisions_for(session: Session | None, settings: conf.Snapshot) -> dict[object, Decision]:
    if session is None or settings.policy.overrides_grants or audit.is_verbose():
        return {}
    return settings.policy.grants(session).decisions


def _can_be_kept(requirement: Requirement, decision: Decision, settings: conf.Snapshot) -> bool:
    """Not what project code may answer otherwise the next time; nor where each decision is to be a line in the log."""
    if not requirement.is_static or requirement.weight > _HEAVIEST_KNOWN:
        return False
    return not (decision.failed or settings.policy.overrides_check or audit.is_verbose())


def _keep(decisions: dict[object, Decision], requirement: Requirement, decision: Decision) -> None:
    if len(decisions) >= _MOST_KNOWN:
        decisions.clear()
    decisions[requirement.key] = decision


def ask(requirement: Requirement) -> Flow[Decision]:
    """Decide for the current session, and say so in the log."""
    if not isinstance(requirement, Requirement):
        raise InvalidPolicy("evaluate", "needs a requirement", 'such as Role("editor")')
    slot = current_slot()
    request = slot.request if slot is not None else None
    decision = yield from decide(slot, requirement, request)
    audit.decided(decision, request)
    return decision


def holds(requirement: Callable[..., Requirement], *names: str) -> bool:
    """A name that cannot be (blank, with a wildcard, not a string) is held by nobody; the log says so."""
    try:
        asked = question(requirement, *names)
    except InvalidPolicy as error:
        audit.logger.error("a question that cannot be answered: %s; denied", error)
        return False
    return is_met(asked)


def question(requirement: Callable[..., Requirement], *names: str) -> Requirement:
    """``requirement(*names)``, the same object for the same names.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for names that cannot be.
    """
    try:
        if len(names) <= _MOST_NAMES and len("".join(names)) <= _MOST_CHARACTERS:
            return _question(requirement, *names)
    except TypeError:  # names that are no strings, and so are none
        pass
    return requirement(*names)


@lru_cache(maxsize=_MOST_ASKED, typed=True)
def _question(requirement: Callable[..., Requirement], *names: str) -> Requirement:
    return requirement(*names)


def is_met(requirement: Requirement) -> bool:
    """Whether the current session meets ``requirement``."""
    answer = known(requirement)
    return answer.allowed if answer is not None else run(ask(requirement)).allowed
