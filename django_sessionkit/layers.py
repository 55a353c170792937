"""Sessions that lie over the current one: pretended for a block, and kept from step to step of what is streamed."""

from __future__ import annotations

from .context import Loaded, Slot, activate, current_slot, set_current
from .session import Session


class resume:
    """:class:`activate` for what is done step by step: what is current at the end of one block is current in the next.

    Between the blocks nothing of it can be seen.
    """

    __slots__ = ("_active", "_slot")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __enter__(self) -> None:
        self._active = activate(self._slot)
        self._active.__enter__()

    def __exit__(self, *error: object) -> None:
        self._slot = current_slot() or self._slot
        self._active.__exit__(*error)


class _Layer(Slot):
    """A session that lies over what was current before. Other contexts may have it too, so it never changes."""

    __slots__ = ("below", "owner")

    def __init__(self, owner: object, loaded: Loaded | None, below: Slot | None) -> None:
        super().__init__(None, None, loaded)
        self.owner = owner
        self.below = below


def lay(owner: object, session: Session | None) -> None:
    """Make ``session`` current in this context, until ``owner`` lifts it."""
    set_current(_Layer(owner, Loaded(session), current_slot()))


def lift(owner: object) -> None:
    """Take away what ``owner`` has laid last in this context. Raises ``LookupError`` if it has laid nothing."""
    set_current(_without(owner, current_slot()))


def _without(owner: object, slot: Slot | None) -> Slot | None:
    if not isinstance(slot, _Layer):
        raise LookupError
    if slot.owner is owner:
        return slot.below
    return _Layer(slot.owner, slot.loaded, _without(owner, slot.below))
