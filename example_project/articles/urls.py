from __future__ import annotations

from django.urls import path
from strawberry.django.views import GraphQLView

from . import api, export, live, views
from .models import Section
from .schema import schema

app_name = "articles"

urlpatterns = [
    path("articles/", views.ArticleList.as_view(), name="list"),
    path("articles/new/", views.ArticleCreate.as_view(), name="new"),
    path("articles/export.csv", export.export, name="export"),
    path("articles/<int:pk>/", views.ArticleDetail.as_view(), name="news-detail"),
    path("articles/<int:pk>/edit/", views.ArticleUpdate.as_view(), name="edit"),
    path("articles/<int:pk>/publish/", views.publish, name="publish"),
    path("premium/", views.ArticleList.as_view(section=Section.PREMIUM), name="premium"),
    path(
        "premium/<int:pk>/",
        views.ArticleDetail.as_view(section=Section.PREMIUM),
        name="premium-detail",
    ),
    path("embargo/", views.ArticleList.as_view(section=Section.EMBARGO), name="embargo"),
    path(
        "embargo/<int:pk>/",
        views.ArticleDetail.as_view(section=Section.EMBARGO),
        name="embargo-detail",
    ),
    path("live/", live.page, name="live"),
    path("live/events/", live.events, name="live-events"),
    path("api/health/", api.health, name="api-health"),
    path("api/articles/", api.Articles.as_view(), name="api-articles"),
    path("api/articles/<int:pk>/", api.article, name="api-article"),
    path("api/me/", api.me, name="api-me"),
    # Without GraphiQL: it loads scripts from another host, which the content security policy forbids.
    path("graphql/", GraphQLView.as_view(schema=schema, graphql_ide=None), name="graphql"),
    path("graphql/try/", views.graphql_page, name="graphql-page"),
]
