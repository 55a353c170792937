"""The desk: the Django admin, opened by the roles of the newsroom. No account needs ``is_staff`` for it.

People are not here: a changed role takes effect with ``revoke_sessions`` only, see accounts.people.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.admin import ModelAdmin, register
from django.http import HttpRequest

from django_sessionkit import Permission, Role
from django_sessionkit.contrib.admin import RequireModelAdminMixin, SessionKitAdminSite

from .access import MAY_EDIT
from .models import Article


class Desk(SessionKitAdminSite):
    """The site. Others get the answer of every page: the login page, or 403."""

    requirement = Role("editor")
    site_title = site_header = "Newsroom desk"
    index_title = "At the desk"


desk = Desk()


@register(Article, site=desk)
class ArticleAdmin(RequireModelAdminMixin, ModelAdmin):
    """What is not named is denied: articles are written on the site."""

    requirements: ClassVar = {
        "view": Permission("articles:write"),
        "change": MAY_EDIT,
        "delete": Permission("articles:publish"),
    }
    list_display = ("title", "section", "author", "published_at")
    list_filter = ("section",)
    search_fields = ("title",)
    fields = ("title", "summary", "body", "section", "author", "published_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> tuple[str, ...]:
        """Let only those who may publish move a story to another section. SessionPermissions answers ``has_perm``."""
        may_move = request.user.has_perm("articles:publish")
        return ("author", "published_at") if may_move else ("author", "published_at", "section")
