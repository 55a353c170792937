"""Sessions that temporarily replace the current one: for a ``with`` block, or for each step of a generator."""

from __future__ import annotations

from .context import LoadedSession, SessionContext, activate, current_context, set_current
from .value import Session


class resume:
    """A variant of :class:`activate` for code that runs in steps, such as a generator.

    Each step is one ``with`` block. The session context that is current at the end of a block is current again in the
    next block. Between the blocks the previous one is current.
    """

    __slots__ = ("_active", "_context")

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._active = activate(self._context)
        self._active.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context = current_context() or self._context
        self._active.__exit__(*error)


class _Layer(SessionContext):
    """A session context that replaces the one below it. It is immutable, because other tasks may hold it too."""

    __slots__ = ("below", "owner")

    def __init__(self, owner: object, loaded: LoadedSession | None, below: SessionContext | None) -> None:
        super().__init__(None, None, loaded)
        self.owner = owner
        self.below = below


def push(owner: object, session: Session | None) -> None:
    """Make ``session`` current in this context, until :func:`pop` is called with ``owner``."""
    set_current(_Layer(owner, LoadedSession(session), current_context()))


def pop(owner: object) -> None:
    """Remove the last session that ``owner`` made current in this context. Raises ``LookupError`` if there is none."""
    set_current(_without(owner, current_context()))


def _without(owner: object, context: SessionContext | None) -> SessionContext | None:
    if not isinstance(context, _Layer):
        raise LookupError
    if context.owner is owner:
        return context.below
    return _Layer(context.owner, context.loaded, _without(owner, context.below))
