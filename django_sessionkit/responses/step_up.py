"""What a program is told if the login is too old or lacks a factor (RFC 9470)."""

from __future__ import annotations

from typing import Any

from django_sessionkit.policy.decisions import Decision
from django_sessionkit.requirements import Recent, leaves
from django_sessionkit.session.loader import current_loader

_ERROR = 'error="insufficient_user_authentication"'


def challenge(decision: Decision) -> str:
    """Return the ``WWW-Authenticate`` header: that of the source, with the error and the greatest age of the login."""
    scheme = current_loader().source.challenge
    age = _max_age(decision)
    parts = [_ERROR] if age is None else [_ERROR, f'max_age="{age}"']
    return f"{scheme}{', ' if ' ' in scheme else ' '}{', '.join(parts)}"


def members(decision: Decision) -> dict[str, Any]:
    """Return what the problem document says about the login that is needed.

    ``max_age`` is in seconds. ``amr`` are the factors that the login lacks, and ``acr_values`` is the list of them as a
    text, as in RFC 9470.
    """
    age, factors = _max_age(decision), list(decision.missing)
    found: dict[str, Any] = {"max_age": age} if age is not None else {}
    return {**found, "amr": factors, "acr_values": " ".join(factors)} if factors else found


def _max_age(decision: Decision) -> int | None:
    """Return the shortest time of the parts that are not met."""
    requirement = decision.requirement
    return min((one.max_age for one in leaves(requirement, Recent)), default=None) if requirement is not None else None
