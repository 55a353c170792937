"""The current tenant of a request: the answer of ``SESSIONKIT_TENANT``, which does not change within the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_sessionkit.conf.limits import Limits
from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.policy.names import nfc

from .validation.texts import plain_text, printable
from .value import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

_ANSWER = "_sessionkit_tenant"


class TenantAnswer:
    """The answer for one request or connection. The first one is final."""

    __slots__ = ("is_known", "tenant")

    def __init__(self) -> None:
        self.is_known = False
        self.tenant: str | None = None

    def set_once(self, tenant: str | None) -> None:
        """Keep ``tenant``, unless there is an answer already."""
        if not self.is_known:
            self.tenant, self.is_known = tenant, True

    def put_on(self, request: HttpRequest) -> None:
        """Make this the answer for ``request``."""
        setattr(request, _ANSWER, self)


def answer_for(request: HttpRequest) -> TenantAnswer:
    """Return the answer for ``request``, which may not be known yet."""
    answer = getattr(request, _ANSWER, None)
    if not isinstance(answer, TenantAnswer):
        answer = TenantAnswer()
        answer.put_on(request)
    return answer


def placed(session: Session, request: HttpRequest) -> Session:
    """Return ``session`` with the current tenant of ``request``."""
    answer = getattr(request, _ANSWER, None)
    return session.in_tenant(answer.tenant) if isinstance(answer, TenantAnswer) else session


def tenant_id(value: object, limits: Limits) -> str:
    """Return the id of a tenant as a plain text in NFC, as in the field ``tenants``. Raises ``InvalidSession``."""
    text = nfc(printable("tenant", plain_text("tenant", value), limits.user_id_length))
    if not text.strip():
        raise InvalidSession("tenant", "must not be blank")
    return text
