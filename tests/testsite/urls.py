from __future__ import annotations

from django.urls import include, path

from . import views

billing = ([path("invoices/", views.page, name="invoices"), path("delete/", views.page, name="delete")], "billing")

urlpatterns = [
    path("", views.page, name="home"),
    path("login/", views.page, name="login"),
    path("login/help/", views.page, name="login-help"),
    path("page/", views.page, name="page"),
    path("apage/", views.apage, name="apage"),
    path("open/", views.open_page, name="open"),
    path("who/", views.who, name="who"),
    path("awho/", views.awho, name="awho"),
    path("needs/", views.needs_session, name="needs"),
    path("template/", views.template, name="template"),
    path("atemplate/", views.atemplate, name="atemplate"),
    path("stream/", views.stream, name="stream"),
    path("astream/", views.astream, name="astream"),
    path("upgrade/", views.page, name="upgrade"),
    path("billing/", include(billing)),
    path("admin/", views.page, name="admin"),
    path("admin/<path:rest>", views.page, name="admin-page"),
    path("files/<path:name>", views.page, name="file"),
]
