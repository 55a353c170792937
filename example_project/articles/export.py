"""Stream a CSV file. The body is generated after the view has returned, with the session of its request."""

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
    """A file whose ``write()`` returns the line."""

    def write(self, line: str) -> str:
        return line


def _csv_line(values: tuple[object, ...]) -> str:
    return csv.writer(_Echo()).writerow([_harmless(value) for value in values])


def _harmless(value: object) -> str:
    """Add an apostrophe to a value that looks like a formula, because a spreadsheet would run it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _row(article: Article) -> str:
    return _csv_line((article.title, article.section, article.author, article.published_at))


def _exported() -> ArticleQuerySet:
    """Return the articles of all sections, with drafts only for callers who may publish. Checked while streaming."""
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
    # ASGI streams only async iterators, and WSGI only sync ones. Django collects the other kind in memory first.
    lines = _alines() if isinstance(request, ASGIRequest) else _lines()
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="articles.csv"'},
    )
