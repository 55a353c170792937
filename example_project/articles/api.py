"""A small JSON API with the same session cookie: one view of Django REST framework, and plain Django views.

POST also needs ``X-CSRFToken``. The rules for ``/api/**`` answer with 401 and 403 as application/problem+json.
"""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe
from rest_framework.generics import ListCreateAPIView
from rest_framework.serializers import ModelSerializer, StringRelatedField

from django_sessionkit import Permission, aget_session, require_session
from django_sessionkit.contrib.drf import RequiresByAction
from django_sessionkit.decorators import require_permission

from .models import Article, ArticleQuerySet, Section


class ArticleSerializer(ModelSerializer):
    author = StringRelatedField()

    class Meta:
        model = Article
        fields = ("id", "title", "summary", "section", "body", "author", "published_at")
        read_only_fields = ("published_at",)
        extra_kwargs: ClassVar = {"body": {"write_only": True}, "section": {"write_only": True}}


def _readable() -> ArticleQuerySet:
    """Return news only. URL rules protect the other sections, and those rules do not match the path of the API."""
    return Article.objects.published().filter(section=Section.NEWS).select_related("author")


class Articles(ListCreateAPIView):
    """List and create articles. The URL rule "api-writes" also requires articles:write, for every view of the API."""

    permission_classes = (RequiresByAction({"get": Permission("articles:read"), "post": Permission("articles:write")}),)
    serializer_class = ArticleSerializer

    def get_queryset(self) -> ArticleQuerySet:
        return _readable()

    def perform_create(self, serializer: ArticleSerializer) -> None:
        serializer.save(author_id=require_session().user_id)


@require_safe
@require_permission("articles:read")
def article(request: HttpRequest, pk: int) -> JsonResponse:
    return JsonResponse(ArticleSerializer(get_object_or_404(_readable(), pk=pk)).data)


@require_safe
async def me(request: HttpRequest) -> JsonResponse:
    """Return what a front end needs to know about its user. This is an async view."""
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
