"""``{{ sessionkit.user_id }}`` in every template; the session is only read if the template asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .api import get_session, is_authenticated

if TYPE_CHECKING:
    from django.http import HttpRequest


class TemplateSession:
    """The current session for templates: ``is_authenticated``, and the fields of the session by name.

    What is missing renders as an empty string, as any unknown variable. Values are escaped like all others.
    """

    @property
    def is_authenticated(self) -> bool:
        """Whether there is a session; no field of the session can pretend it."""
        return is_authenticated()

    def __getitem__(self, key: str) -> Any:
        # Templates try this before attributes.
        if key == "is_authenticated":
            return self.is_authenticated
        session = get_session()
        if session is None:
            raise KeyError(key)
        return session[key]


def sessionkit(request: HttpRequest) -> dict[str, TemplateSession]:
    """Context processor; add ``"django_sessionkit.context_processors.sessionkit"`` to ``TEMPLATES``."""
    return {"sessionkit": TemplateSession()}
