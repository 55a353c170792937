"""Questions about the current session that are answered with ``True`` or ``False``, such as ``has_role("editor")``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.requirements import Authenticated, Permission, Role
from django_sessionkit.requirements.algebra import Requirement
from django_sessionkit.session.audit import logger
from django_sessionkit.utils.sansio import arun, run

from .evaluator import cached_decision, evaluate_current

# Names may come from a client. Requirements with longer names, or with more of them, are not cached.
_MOST_REQUIREMENTS = 1024
_MOST_NAMES = 8
_MOST_CHARACTERS = 300


def session_has(question: str, requirement: Callable[..., Requirement], *names: str) -> bool:
    """Return ``True`` if the current session meets ``requirement(*names)``. ``question`` is the name of the function.

    No session holds an invalid name (blank, with a wildcard, not a string): the result is ``False``, with an error in
    the log. Raises ``TypeError`` for a list, tuple or set of names.
    """
    asked = _asked(question, requirement, names)
    return asked is not None and is_met(asked, question)


async def asession_has(question: str, requirement: Callable[..., Requirement], *names: str) -> bool:
    """Async variant of :func:`session_has`, which loads the session if necessary."""
    asked = _asked(question, requirement, names)
    return asked is not None and await ais_met(asked, question)


def is_met(requirement: Requirement, question: str, async_name: str = "") -> bool:
    """Return ``True`` if the current session meets ``requirement``.

    If the session is not loaded yet, on a running event loop, the error names ``async_name``. The default is the name
    of the question after an ``a``.
    """
    known = cached_decision(requirement)
    if known is None:
        known = run(evaluate_current(requirement, question), async_name or f"a{question}")
    return known.allowed


async def ais_met(requirement: Requirement, question: str) -> bool:
    """Async variant of :func:`is_met`, which loads the session if necessary."""
    known = cached_decision(requirement)
    if known is None:
        known = await arun(evaluate_current(requirement, question))
    return known.allowed


def _asked(question: str, requirement: Callable[..., Requirement], names: tuple[object, ...]) -> Requirement | None:
    """Return ``requirement(*names)``, or ``None`` if a name is invalid."""
    try:
        return cached_requirement(requirement, *names)
    except InvalidPolicy as error:
        kinds = [type(name).__name__ for name in names if isinstance(name, (list, tuple, set, frozenset))]
        if kinds:
            raise TypeError(
                f"{question}() got a {kinds[0]} where a name belongs. Unpack it: {question}(*names). In a tag, write "
                "each name."
            ) from None
        hint = (
            " In a template, a name without quotes is a variable."
            if any(type(name) is str and not name for name in names)
            else ""
        )
        logger.error("%s() returns False: %s.%s", question, error.fault, hint)
        return None


def cached_requirement(requirement: Callable[..., Requirement], *names: Any) -> Requirement:
    """Return ``requirement(*names)``, cached: the same object for the same names.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for invalid names.
    """
    try:
        if len(names) <= _MOST_NAMES and len("".join(names)) <= _MOST_CHARACTERS:
            return _requirement(requirement, *names)
    except TypeError:  # a name that is not a string; the requirement raises InvalidPolicy for it
        pass
    return requirement(*names)


@lru_cache(maxsize=_MOST_REQUIREMENTS, typed=True)
def _requirement(requirement: Callable[..., Requirement], *names: object) -> Requirement:
    return requirement(*names)


def all_permissions(*names: str) -> Requirement:
    """Require all of the permissions. Without names, require a session."""
    return Permission(*names) if names else Authenticated()


def role_and_permission(role: str, permission: str) -> Requirement:
    """Require both a role and a permission."""
    return Role(role) & Permission(permission)
