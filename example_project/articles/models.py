from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone


class Section(models.TextChoices):
    NEWS = "news"
    PREMIUM = "premium"
    EMBARGO = "embargo", "Under embargo"


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> ArticleQuerySet:
        return self.filter(published_at__isnull=False)

    def drafts(self) -> ArticleQuerySet:
        return self.filter(published_at__isnull=True)


class Article(models.Model):
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=300)
    body = models.TextField(help_text="Simple HTML: paragraphs, headings, emphasis, lists, links.")
    section = models.CharField(max_length=10, choices=Section, default=Section.NEWS)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="articles")
    written_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        # Drafts come first. Without nulls_first, databases sort NULL differently.
        ordering = (models.F("published_at").desc(nulls_first=True), "-written_at")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the URL. Each section has its own path, because the rules protect sections by URL."""
        return reverse(f"articles:{self.section}-detail", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    def publish(self) -> None:
        self.published_at = timezone.now()
        self.save(update_fields=["published_at"])
