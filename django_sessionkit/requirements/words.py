"""The words of each kind of requirement, for people who do not know the names of the classes."""

from __future__ import annotations

from collections.abc import Iterable

from .algebra import And, Not, Or, Requirement
from .functions import Allow, AllowObject
from .names import AnyPermission, Permission, Role
from .phrases import Phrase, phrase_of
from .presence import Authenticated, Impersonated, Nobody, Public
from .step_up import Factor, Recent
from .tenant import Within

#: the circumstances of a caller that meets ``~Impersonated()``, and of one that meets ``Within(...)``
IN_PERSON, IN_TENANT = "not while impersonating", "in the current tenant"

# Words that would seem to belong to the ones after them: they are in brackets within any others.
_LOOSE = 0


@phrase_of.register
def _(requirement: Role) -> Phrase:
    return _named("role", requirement.parts, "or")


@phrase_of.register
def _(requirement: Permission) -> Phrase:
    return _named("permission" if len(requirement.parts) == 1 else "permissions", requirement.parts, "and")


@phrase_of.register
def _(requirement: AnyPermission) -> Phrase:
    return _named("permission", requirement.parts, "or")


@phrase_of.register
def _(requirement: Authenticated) -> Phrase:
    return Phrase("a session")


@phrase_of.register
def _(requirement: Public) -> Phrase:
    return Phrase("nothing")


@phrase_of.register
def _(requirement: Nobody) -> Phrase:
    return Phrase("what nobody has")


@phrase_of.register
def _(requirement: Impersonated) -> Phrase:
    return Phrase("impersonation")


@phrase_of.register
def _(requirement: Recent) -> Phrase:
    return Phrase(f"a login within the last {_duration(requirement.max_age)}")


@phrase_of.register
def _(requirement: Factor) -> Phrase:
    return _named("factor", requirement.parts, "or")


@phrase_of.register
def _(requirement: Allow) -> Phrase:
    return Phrase(f"approval by {_function(requirement)}")


@phrase_of.register
def _(requirement: AllowObject) -> Phrase:
    return Phrase(f"approval by {_function(requirement)} for the object")


@phrase_of.register
def _(requirement: Within) -> Phrase:
    return Phrase(f"{phrase_of(requirement.children[0]).within(Not.binding)} {IN_TENANT}")


@phrase_of.register
def _(requirement: And) -> Phrase:
    names_session = any(isinstance(part, Not) for part in requirement.children)
    parts = [part for part in requirement.children if not (names_session and isinstance(part, Authenticated))]
    return _joined(map(phrase_of, parts), "and", And.binding)


@phrase_of.register
def _(requirement: Or) -> Phrase:
    return _joined(map(phrase_of, requirement.children), "or", Or.binding)


@phrase_of.register
def _(requirement: Not) -> Phrase:
    return Phrase(f"a session without {phrase_of(requirement.children[0]).within(Not.binding)}", _LOOSE)


def _named(kind: str, names: Iterable[str], word: str) -> Phrase:
    phrase = _joined([Phrase(f'"{name}"') for name in names], word, Or.binding if word == "or" else And.binding)
    return phrase._replace(text=f"the {kind} {phrase.text}")


def _joined(phrases: Iterable[Phrase], word: str, binding: int) -> Phrase:
    first, *others = phrases
    if not others:
        return first
    return Phrase(f" {word} ".join(one.within(binding) for one in (first, *others)), binding)


def _function(requirement: Requirement) -> str:
    """Return the name of the function as the requirement shows it."""
    return repr(requirement).partition("(")[2].removesuffix(")").strip("'")


def _duration(seconds: int) -> str:
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            return _counted(seconds // size, unit)
    return _counted(seconds, "second")


def _counted(number: int, unit: str) -> str:
    return unit if number == 1 else f"{number} {unit}s"
