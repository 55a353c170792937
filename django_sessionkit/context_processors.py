"""Context processor for ``{{ sessionkit.user_id }}``. The session is loaded only if a template uses the variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .api import get_session, is_authenticated
from .guard.shown_session import shown_grants
from .utils.sansio import run

if TYPE_CHECKING:
    from django.http import HttpRequest


class TemplateSession:
    """The current session in templates: ``is_authenticated``, and the fields of the session by name.

    ``roles`` and ``permissions`` are the effective ones, sorted: they include what roles inherit and grant. ``tenant``
    and ``actor`` are those of the :class:`~django_sessionkit.Session`, or ``None``. A missing field renders like any
    unknown variable, by default as an empty string. Values are escaped like those of any other variable.
    """

    @property
    def is_authenticated(self) -> bool:
        """``True`` if there is a session. A session field of the same name cannot override it."""
        return is_authenticated()

    def __getitem__(self, key: str) -> Any:
        # Templates look up keys before attributes.
        if key == "is_authenticated":
            return self.is_authenticated
        session = get_session()
        if session is None:
            raise KeyError(key)
        if key in ("roles", "permissions"):
            roles, permissions = run(shown_grants(session))
            return roles if key == "roles" else permissions
        return getattr(session, key) if key in ("tenant", "actor") else session[key]


def sessionkit(request: HttpRequest) -> dict[str, TemplateSession]:
    """Add the variable ``sessionkit`` to the template context.

    Add ``"django_sessionkit.context_processors.sessionkit"`` to ``context_processors`` in ``TEMPLATES``.
    """
    return {"sessionkit": TemplateSession()}
