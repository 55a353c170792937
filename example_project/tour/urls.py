from __future__ import annotations

from django.urls import path

from . import views

app_name = "tour"

urlpatterns = [path("sign-in/", views.sign_in, name="sign-in")]
