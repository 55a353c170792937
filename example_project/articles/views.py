"""Views to read, write and publish articles, protected by mixins on classes and by decorators on functions.

One list view and one detail view serve all three sections. Every reader needs the permission required here. The URL
rules in newsroom.policy decide who may open which section.
"""

from __future__ import annotations

from accounts.access import CONFIRMED
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import CreateView, DetailView, ListView, UpdateView

from django_sessionkit import has_permission, require_session
from django_sessionkit.decorators import public, require, require_permission
from django_sessionkit.mixins import RequireObjectMixin, RequirePermissionMixin

from .access import MAY_EDIT
from .forms import ArticleForm
from .models import Article, ArticleQuerySet, Section


class ReadingMixin(RequirePermissionMixin):
    required_permissions = ("articles:read",)
    section = Section.NEWS

    def get_queryset(self) -> ArticleQuerySet:
        articles = Article.objects.filter(section=self.section).select_related("author")
        # A check in code: callers who may write also see drafts on the same page.
        return articles if has_permission("articles:write") else articles.published()


class ArticleList(ReadingMixin, ListView):
    template_name = "articles/list.html"
    context_object_name = "articles"


class ArticleDetail(ReadingMixin, DetailView):
    template_name = "articles/detail.html"


class WritingMixin(RequirePermissionMixin):
    required_permissions = ("articles:write",)
    model = Article
    form_class = ArticleForm
    template_name = "articles/form.html"


class ArticleCreate(WritingMixin, CreateView):
    def form_valid(self, form: ArticleForm) -> HttpResponse:
        form.instance.author_id = require_session().user_id
        messages.success(self.request, "Saved as a draft.")
        return super().form_valid(form)


class ArticleUpdate(WritingMixin, RequireObjectMixin, UpdateView):
    object_requirement = MAY_EDIT  # get_object() checks it

    def form_valid(self, form: ArticleForm) -> HttpResponse:
        messages.success(self.request, "Your changes are saved.")
        return super().form_valid(form)


@require_POST
@require(CONFIRMED)
@require_permission("articles:publish")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    article = get_object_or_404(Article.objects.drafts(), pk=pk)
    article.publish()
    messages.success(request, f"“{article}” is published.")
    return redirect(article)


@public
@require_safe
def graphql_page(request: HttpRequest) -> HttpResponse:
    """A page to send queries with. It has no guard, because articles.schema protects each field."""
    article = Article.objects.published().filter(section=Section.NEWS).first()
    return render(request, "articles/graphql.html", {"article": article})
