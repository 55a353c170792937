from __future__ import annotations

from accounts import people
from articles.desk import desk
from django.conf import settings
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
    path("desk/", desk.urls),
    path("", include("articles.urls")),
    path("", include("bureaus.urls")),
    path("", include("accounts.urls")),
]

# The tour signs people in without a password. Without DEBUG, its URL does not exist.
if settings.DEBUG:
    urlpatterns.append(path("tour/", include("tour.urls")))

handler403 = "newsroom.views.permission_denied"
