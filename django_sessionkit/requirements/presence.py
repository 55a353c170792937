"""The requirements that ask whether there is a session, and whether somebody acts as its user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django_sessionkit.policy.decisions import NOBODY, NOT_AUTHENTICATED, NOT_IMPERSONATED, Decision
from django_sessionkit.utils.sansio import Flow

from .check_input import CheckInput
from .leaf import Leaf

if TYPE_CHECKING:
    from django_sessionkit.session.value import Session


class _WithoutNames(Leaf):
    """A requirement without arguments about who calls."""

    __slots__ = ()

    _is_static: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__((), is_static=self._is_static)

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        yield from ()
        return self._decide(asked.session)

    def _decide(self, session: Session | None) -> Decision:
        return self._denied(NOBODY)


class Authenticated(_WithoutNames):
    """Require a session, with any roles and permissions."""

    __slots__ = ()

    def _decide(self, session: Session | None) -> Decision:
        return self._granted() if session is not None else self._denied(NOT_AUTHENTICATED)


class Public(_WithoutNames):
    """Allow everyone, with or without a session."""

    __slots__ = ()

    def _decide(self, session: Session | None) -> Decision:
        return self._granted()


class Nobody(_WithoutNames):
    """Allow no one."""

    __slots__ = ()

    @property
    def is_closed(self) -> bool:
        return True


class Impersonated(_WithoutNames):
    """Require that somebody else acts as the user of the session: the field ``act`` is set (RFC 8693, section 4.1).

    To keep impersonators out, write ``Authenticated() & ~Impersonated()``.
    """

    __slots__ = ()
    _is_static = False  # sessions with equal roles and permissions may differ in this

    def _decide(self, session: Session | None) -> Decision:
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        return self._granted() if session.actor is not None else self._denied(NOT_IMPERSONATED)
