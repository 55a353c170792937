"""Ask a requirement about the session of a slot; what has been answered once is known as long as nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import audit, conf
from .context import Loaded, Slot, current_slot
from .decisions import Decision
from .flows import Flow
from .requirements import Requirement

if TYPE_CHECKING:
    from django.http import HttpRequest

# A slot may live long (a stream, a worker); then so many answers are kept at most.
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
    session = (yield from slot.flow(twin)) if slot is not None else None
    loaded = slot.loaded if slot is not None else None
    settings = conf.current()
    decision = yield from requirement.flow(session, settings.policy, request)
    if loaded is not None and loaded.session is session and _can_be_kept(requirement, decision, settings):
        _keep(loaded, requirement, decision, settings)
    return decision


def _can_be_kept(requirement: Requirement, decision: Decision, settings: conf.Snapshot) -> bool:
    """Not what project code may answer otherwise the next time; nor where each decision is to be a line in the log."""
    return requirement.is_static and not (decision.failed or settings.policy.overrides_check or audit.is_verbose())


def _keep(loaded: Loaded, requirement: Requirement, decision: Decision, settings: conf.Snapshot) -> None:
    if loaded.basis is not settings or len(loaded.decisions) >= _MOST_KNOWN:
        loaded.decisions = {}
        loaded.basis = settings
    loaded.decisions[requirement.key] = decision
