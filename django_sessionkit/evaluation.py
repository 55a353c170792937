"""Ask a requirement about the session of a slot; what has been answered once is known as long as nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import audit, conf
from .context import Slot, current_slot
from .decisions import Decision
from .flows import Flow
from .requirements import Requirement
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

# Requirements may be made anew for every question; then so many answers are kept at most.
_MOST_KNOWN = 256


def known(requirement: Requirement) -> Decision | None:
    """What was decided about the current session before; ``None`` if it has to be decided with :func:`decide`.

    The session as loaded, what it was loaded from and the settings are still the same objects.
    """
    slot = current_slot()
    if slot is None:
        return None
    loaded = slot.loaded
    if loaded is None or loaded.basis is not conf.latest or loaded.watch() is not loaded.raw:
        return None
    return loaded.decisions.get(requirement.key)


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
    if loaded.basis is not settings:
        loaded.decisions = _decisions_for(session, settings)
        loaded.basis = settings
    decision = loaded.decisions.get(requirement.key)
    if decision is None:
        decision = yield from requirement.flow(session, settings.policy, request)
        if _can_be_kept(requirement, decision, settings):
            _keep(loaded.decisions, requirement, decision)
    return decision


def _decisions_for(session: Session | None, settings: conf.Snapshot) -> dict[object, Decision]:
    """What has been decided about every session with the same grants."""
    if session is None or settings.policy.overrides_grants or audit.is_verbose():
        return {}
    return settings.policy.grants(session).decisions


def _can_be_kept(requirement: Requirement, decision: Decision, settings: conf.Snapshot) -> bool:
    """Not what project code may answer otherwise the next time; nor where each decision is to be a line in the log."""
    return requirement.is_static and not (decision.failed or settings.policy.overrides_check or audit.is_verbose())


def _keep(decisions: dict[object, Decision], requirement: Requirement, decision: Decision) -> None:
    if len(decisions) >= _MOST_KNOWN:
        decisions.clear()
    decisions[requirement.key] = decision
