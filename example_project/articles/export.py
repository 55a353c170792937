"""A streamed CSV: its body is made after the view has returned, and still knows its session."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from django_sessionkit import has_permission
from django_sessionkit.decorators import require_permission

from .models import Article, ArticleQuerySet

COLUMNS = ("title", "section", "author", "published_at")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _csv_line(values: tuple[object, ...]) -> str:
    return csv.writer(_Echo()).writerow([_harmless(value) for value in values])


def _harmless(value: object) -> str:
    """A spreadsheet runs a cell that begins like a formula; an apostrophe makes it text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _row(article: Article) -> str:
    return _csv_line((article.title, article.section, article.author, article.published_at))


def _exported() -> ArticleQuerySet:
    """All sections. Asked while streaming: drafts only for those who may publish them."""
    articles = Article.objects.order_by("pk").select_related("author")
    return articles if has_permission("articles:publish") else articles.published()


def _lines() -> Iterator[str]:
    yield _csv_line(COLUMNS)
    for article in _exported().iterator():
        yield _row(article)


async def _alines() -> AsyncIterator[str]:
    yield _csv_line(COLUMNS)
    async for article in _exported().aiterator():
        yield _row(article)


@require_safe
@require_permission("articles:export")
def export(request: HttpRequest) -> StreamingHttpResponse:
    # A server streams only what is of its own kind; the other kind it would first collect in memory.
    lines = _alines() if isinstance(request, ASGIRequest) else _lines()
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="articles.csv"'},
    )
