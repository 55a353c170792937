"""The role names of a project: those that ``SESSIONKIT_ROLES`` declares, and those that rules and views require."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django_sessionkit import conf
from django_sessionkit.requirements import Requirement, role_names
from django_sessionkit.utils.text import did_you_mean

from . import coverage


def declared_roles() -> frozenset[str]:
    """Return the role names in ``SESSIONKIT_ROLES``, and those that an installed app adds to them.

    Empty if ``SESSIONKIT_ROLES`` is empty: then any name may be right.
    """
    settings = conf.valid_or_none()
    roles = settings.roles if settings is not None else None
    return roles.names | roles.brought if roles is not None and roles.names else frozenset()


def required_roles() -> Iterator[tuple[str, Requirement]]:
    """Yield every requirement of a rule or view, with the label of the rule or the name of the view."""
    yield from ((rule.label, rule.requirement) for rule in conf.current().rules.rules)
    policy_coverage = coverage.current()
    yield from policy_coverage.required_by_views() if policy_coverage is not None else ()


def unknown_role(names: Iterable[str]) -> str:
    """Return an error message for the first of ``names`` that is neither declared nor required.

    Return an empty string if there is no such name, or if no role is declared at all.
    """
    names, known = tuple(names), declared_roles()
    if not known or known.issuperset(names):
        return ""
    known = known.union(*(role_names(requirement) for _, requirement in required_roles()))
    for name in names:
        if name not in known:
            return (
                f'SESSIONKIT_ROLES does not declare the role "{name}", and no rule or view requires it. '
                f"Correct the name ({did_you_mean(name, known)}), or declare it: "
                f"SESSIONKIT_ROLES = {{..., {name!r}: {{}}}}."
            )
    return ""
