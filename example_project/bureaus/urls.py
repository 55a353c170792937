from __future__ import annotations

from django.urls import path

from . import views

app_name = "bureaus"
urlpatterns = [
    path("bureaus/<slug:name>/", views.bureau, name="bureau"),
    path("bureaus/<slug:name>/staff/", views.staff, name="staff"),
]
