from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    READER = "reader"
    EDITOR = "editor"
    ADMIN = "admin"


class Plan(models.TextChoices):
    FREE = "free"
    PREMIUM = "premium"


class User(AbstractUser):
    """An account. ``session_for`` copies its role and permissions into the session."""

    role = models.CharField(max_length=20, choices=Role, default=Role.READER)
    plan = models.CharField(max_length=20, choices=Plan, default=Plan.FREE)
    display_name = models.CharField("shown as", max_length=60, blank=True)
    bio = models.TextField(
        "about you",
        max_length=500,
        blank=True,
        help_text="Simple HTML is welcome: paragraphs, emphasis, lists, links.",
    )
    is_suspended = models.BooleanField(default=False)
    extra_permissions = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def can_be_demoted(self) -> bool:
        return self.role != Role.READER or bool(self.extra_permissions)

    def demote(self) -> None:
        """Lower the role by one step and remove extra permissions. The caller must revoke the sessions as well."""
        self.role = Role.EDITOR if self.role == Role.ADMIN else Role.READER
        self.extra_permissions = []
        self.save(update_fields=["role", "extra_permissions"])
