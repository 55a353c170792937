"""The requirement that judges by the rights in the current tenant."""

from __future__ import annotations

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import NO_TENANT, NOBODY, NOT_AUTHENTICATED, Decision
from django_sessionkit.utils.sansio import Flow
from django_sessionkit.utils.text import described

from .algebra import Requirement, leaves
from .check_input import CheckInput, Evaluated, Record
from .presence import Public


class Within(Requirement):
    """Require ``requirement``, judged only by the roles and permissions that the session has in the current tenant.

    ``SESSIONKIT_TENANT`` says which tenant is current. The rights are those of the field ``tenants`` of the session;
    ``SESSIONKIT_ROLES`` applies to them too. Rights outside ``tenants`` do not count inside ``Within``, and rights in a
    tenant do not count outside. Without a current tenant, or if the session has no entry for it, the check fails:
    access is denied, also under ``~``.

    :param requirement: any requirement but one with ``Public()``. ``Within(Authenticated())`` asks for a member of the
        tenant. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for another value.
    """

    __slots__ = ()

    def __init__(self, requirement: Requirement) -> None:
        inner = _checked(requirement)
        super().__init__((inner,), is_stable=inner.is_stable)

    @property
    def children(self) -> tuple[Requirement, ...]:
        return self.parts

    @property
    def _inner(self) -> Requirement:
        inner: Requirement = self.parts[0]
        return inner

    @property
    def is_closed(self) -> bool:
        return self._inner.is_closed

    def flow(self, asked: CheckInput, record: Record | None = None) -> Flow[Decision]:
        inside = asked.session.within_tenant() if asked.session is not None else None
        if inside is None and self.is_closed:
            return self._denied(NOBODY, failed=asked.session is not None)
        if asked.session is None:
            return self._denied(NOT_AUTHENTICATED)
        if inside is None:
            return self._denied(NO_TENANT, failed=True)
        within = asked._replace(session=inside)
        if record is None:
            return (yield from self._inner.flow(within))
        parts: Record = []
        decision = yield from self._inner.flow(within, parts)
        record.append(Evaluated(self._inner, decision, parts))
        return decision


def _checked(requirement: object) -> Requirement:
    if not isinstance(requirement, Requirement):
        hint = 'write for example Within(Role("editor"))'
        raise InvalidPolicy("Within", f"needs a requirement, not {described(requirement)}", hint)
    if next(leaves(requirement, Public), None) is not None:
        raise InvalidPolicy("Within", "Public() needs no tenant", "write Public() outside Within")
    return requirement
