"""Sessions that temporarily replace the current one: for a ``with`` block, or for each step of a generator."""

from __future__ import annotations

from .context import Loaded, Slot, activate, current_slot, set_current
from .value import Session


class resume:
    """A variant of :class:`activate` for code that runs in steps, such as a generator.

    Each step is one ``with`` block. The slot that is current at the end of a block is current again in the next block.
    Between the blocks the previous slot is current.
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
    """A slot that replaces the one below it. It is immutable, because other contexts may hold it too."""

    __slots__ = ("below", "owner")

    def __init__(self, owner: object, loaded: Loaded | None, below: Slot | None) -> None:
        super().__init__(None, None, loaded)
        self.owner = owner
        self.below = below


def lay(owner: object, session: Session | None) -> None:
    """Make ``session`` current in this context, until :func:`lift` is called with ``owner``."""
    set_current(_Layer(owner, Loaded(session), current_slot()))


def lift(owner: object) -> None:
    """Remove the last session that ``owner`` made current in this context. Raises ``LookupError`` if there is none."""
    set_current(_without(owner, current_slot()))


def _without(owner: object, slot: Slot | None) -> Slot | None:
    if not isinstance(slot, _Layer):
        raise LookupError
    if slot.owner is owner:
        return slot.below
    return _Layer(slot.owner, slot.loaded, _without(owner, slot.below))
