"""The general pages of the site, and its 403 page."""

from __future__ import annotations

from articles.models import Article, Section
from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from django_sessionkit import aget_session, explain, has_permission
from django_sessionkit.decorators import public
from django_sessionkit.matrix import policy_matrix

KNOWN_PERMISSIONS = ("articles:read", "articles:write", "articles:export", "articles:publish")


def _latest(count: int) -> list[Article]:
    news = Article.objects.published().filter(section=Section.NEWS)
    return list(news.select_related("author")[:count])


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Public by SESSIONKIT_EXCLUDE. Its menu depends on the user, so this page reads the session."""
    return render(request, "home.html", {"articles": _latest(3)})


@public
@require_safe
@cache_control(public=True, max_age=3600)
def about(request: HttpRequest) -> HttpResponse:
    """Public by @public. Its menu does not read the session and runs no query, so caches may store the page."""
    return render(request, "about.html")


@require_safe
async def dashboard(request: HttpRequest) -> HttpResponse:
    """An async view. The rule for /dashboard/** protects it."""
    session = await aget_session()
    rights = [(name, has_permission(name)) for name in KNOWN_PERMISSIONS]
    written = await Article.objects.filter(author_id=session.user_id).acount()
    context = {"session": session, "rights": rights, "written": written}
    # The template runs queries, so it is rendered in a thread. The session is the same there.
    return await sync_to_async(render)(request, "dashboard.html", context)


@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """The fragment that the dashboard fetches with htmx.

    After the session has ended, SessionKit answers 401 with HX-Redirect. htmx then opens the login page instead of
    inserting it into this page.
    """
    return render(request, "fragments/latest.html", {"articles": _latest(5)})


@require_safe
def admin_drafts(request: HttpRequest) -> HttpResponse:
    context = {"drafts": Article.objects.drafts().select_related("author")}
    return render(request, "admin_area/drafts.html", context)


@require_safe
def admin_policy(request: HttpRequest) -> HttpResponse:
    """Show who may open which page, by policy.py and the views. This calls no view and runs no query."""
    return render(request, "admin_area/policy.html", {"matrix": policy_matrix()})


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The handler403. It explains a denial only with DEBUG. Other visitors see nothing about rules and roles."""
    decision = getattr(exception, "decision", None) if settings.DEBUG else None
    context = {"decision": decision, "explanation": explain(request) if settings.DEBUG else None}
    return render(request, "403.html", context, status=403)
