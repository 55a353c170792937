"""Who may edit an article: its author, or anybody who may publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_sessionkit import AllowObject, Permission, Session

if TYPE_CHECKING:
    from .models import Article


def is_author(session: Session | None, article: Article) -> bool:
    return session is not None and session.user_id == str(article.author_id)


MAY_EDIT = Permission("articles:write") & (AllowObject(is_author) | Permission("articles:publish"))
