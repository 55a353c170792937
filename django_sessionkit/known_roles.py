"""Which roles a project knows by name: ``SESSIONKIT_ROLES`` declares them, rules and views ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import conf, terrain
from .access import did_you_mean
from .requirements import Requirement
from .strength import role_names


def declared() -> frozenset[str]:
    """The names in ``SESSIONKIT_ROLES``."""
    settings = conf.sound()
    return settings.roles.names if settings is not None else frozenset()


def asked() -> Iterator[tuple[str, Requirement]]:
    """Every requirement of the project, with its place."""
    yield from ((rule.label, rule.requirement) for rule in conf.current().rules.rules)
    land = terrain.current()
    yield from land.asked_by_views() if land is not None else ()


def fault(names: Iterable[str]) -> str:
    """What is wrong with the first of ``names`` that is neither declared nor asked for; empty if there is none.

    Nothing is wrong where no role is declared.
    """
    names, known = tuple(names), declared()
    if not known or known.issuperset(names):
        return ""
    known = known.union(*(role_names(requirement) for _, requirement in asked()))
    for name in names:
        if name not in known:
            return (
                f'SESSIONKIT_ROLES does not declare the role "{name}", and no rule or view asks for it; '
                f"{did_you_mean(name, known)} (Else declare it: SESSIONKIT_ROLES = {{..., {name!r}: {{}}}})"
            )
    return ""
