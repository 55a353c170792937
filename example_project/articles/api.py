"""A small JSON API for the same session cookie.

POST needs ``X-CSRFToken`` too. The rules for ``/api/**`` answer with 401 and 403 as application/problem+json.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from django_sessionkit import aget_session, require_session
from django_sessionkit.decorators import require_permission

from .forms import ArticleForm
from .models import Article, Section


def _as_json(article: Article) -> dict[str, Any]:
    return {
        "id": article.pk,
        "title": article.title,
        "summary": article.summary,
        "author": str(article.author),
        "published_at": article.published_at,
    }


def _readable() -> Any:
    """News only: other sections have URL rules of their own, which this address does not meet."""
    return Article.objects.published().filter(section=Section.NEWS).select_related("author")


@require_http_methods(["GET", "POST"])
@require_permission("articles:read")
def articles(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        return _create(request)
    return JsonResponse({"articles": [_as_json(article) for article in _readable()]})


def _create(request: HttpRequest) -> JsonResponse:
    """The URL rule "api-writes" has asked for articles:write; the form checks the rest."""
    try:
        data = json.loads(request.body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return JsonResponse({"errors": {"__all__": "A JSON object is expected."}}, status=400)
    form = ArticleForm(data)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors.get_json_data()}, status=400)
    form.instance.author_id = require_session().user_id
    return JsonResponse(_as_json(form.save()), status=201)


@require_safe
@require_permission("articles:read")
def article(request: HttpRequest, pk: int) -> JsonResponse:
    return JsonResponse(_as_json(get_object_or_404(_readable(), pk=pk)))


@require_safe
async def me(request: HttpRequest) -> JsonResponse:
    """A native async view: what a front end needs to know about its user."""
    session = await aget_session()
    return JsonResponse(
        {
            "display_name": session["display_name"],
            "role": session.role,
            "roles": session.roles,
            "permissions": sorted(session.permissions),
            "plan": session["plan"],
        }
    )


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
