from __future__ import annotations

from accounts import people
from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/latest/", views.latest, name="latest"),
    path("admin-area/", people.people, name="admin-area"),
    path("admin-area/drafts/", views.admin_drafts, name="admin-drafts"),
    path("admin-area/policy/", views.admin_policy, name="admin-policy"),
    path("", include("articles.urls")),
    path("", include("accounts.urls")),
]

handler403 = "newsroom.views.permission_denied"
