"""Questions about the current session that are answered with ``True`` or ``False``, such as ``has_role("editor")``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.utils.module_loading import import_string

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.requirements import Authenticated, Permission, Role
from django_sessionkit.requirements.algebra import Requirement
from django_sessionkit.session.audit import logger
from django_sessionkit.utils.sansio import arun, run
from django_sessionkit.utils.text import described

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


def meets(requirement: object, *objects: object) -> bool:
    """Return ``True`` if the current session meets ``requirement``, for the object if one is given. For templates.

    Without a requirement, or if the object is ``None``, the result is ``False``, with an error in the log.
    """
    if not isinstance(requirement, Requirement):
        fault = f"needs a requirement, not {described(requirement)}. Write its dotted path in quotes, or pass it to the"
        logger.error("if_meets shows nothing: it %s template.", fault)
        return False
    if objects and objects[0] is None:
        logger.error("if_meets shows nothing: the object for %r is None or undefined in the template.", requirement)
        return False
    return is_met(requirement, "if_meets", "aget_session", *objects)


@lru_cache(maxsize=_MOST_REQUIREMENTS)
def imported_requirement(path: str) -> Requirement:
    """Return the requirement at a dotted path, such as ``"shop.access.MAY_REFUND"``. It is imported once.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if there is none.
    """
    hint = 'write the path of a module and a name, such as "shop.access.MAY_REFUND"'
    try:
        found = import_string(path)
    except ImportError as error:
        raise InvalidPolicy("if_meets", f'"{path}" cannot be imported: {error}', hint) from error
    if not isinstance(found, Requirement):
        if callable(found):
            hint = f"name a requirement that calls it, such as MAY = AllowObject({path.rpartition('.')[2]})"
        raise InvalidPolicy("if_meets", f'"{path}" is not a requirement, but {described(found)}', hint)
    return found


def is_met(requirement: Requirement, question: str, async_name: str = "", obj: object = None) -> bool:
    """Return ``True`` if the current session meets ``requirement``.

    If the session is not loaded yet, on a running event loop, the error names ``async_name``. The default is the name
    of the question after an ``a``.
    """
    known = cached_decision(requirement)
    if known is None:
        known = run(evaluate_current(requirement, question, obj), async_name or f"a{question}")
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
