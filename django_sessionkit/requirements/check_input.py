"""What a requirement is checked for, and the record of the parts that were checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django_sessionkit.access import AccessPolicy

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.policy.decisions import Decision
    from django_sessionkit.session.value import Session

    from .algebra import Requirement

#: an object that is not known yet; :class:`~django_sessionkit.AllowObject` is undecided for it
UNKNOWN_OBJECT: object = object()

#: a policy without a role hierarchy and without wildcards
DEFAULT_POLICY = AccessPolicy()


class CheckInput(NamedTuple):
    """What a requirement is checked for.

    - ``session``: the session, or ``None`` for an anonymous caller.
    - ``policy``: computes the roles and permissions.
    - ``request``: the request that functions of the project receive; ``None`` outside a request.
    - ``obj``: the object that :class:`~django_sessionkit.AllowObject` asks about; ``None`` if there is none.
    """

    session: Session | None
    policy: AccessPolicy = DEFAULT_POLICY
    request: HttpRequest | None = None
    obj: object = None


class Evaluated(NamedTuple):
    """A part of a combination that was evaluated, with its decision and its own parts."""

    requirement: Requirement
    decision: Decision
    parts: Record


Record: TypeAlias = list[Evaluated]
