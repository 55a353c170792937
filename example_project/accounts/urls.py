from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import acting, people, views

app_name = "accounts"

urlpatterns = [
    path("account/login/", LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("account/logout/", LogoutView.as_view(), name="logout"),  # Django allows only POST
    path("account/confirm/", views.confirm, name="confirm"),
    path("account/session/", views.my_session, name="session"),
    path("account/session/profile/", views.change_profile, name="change-profile"),
    path("account/session/renew/", views.renew_key, name="renew-key"),
    path("account/session/end-all/", views.sign_out_everywhere, name="sign-out-everywhere"),
    path("account/plan/", views.change_plan, name="change-plan"),
    path("account/stop-acting/", acting.stop_acting, name="stop-acting"),
    path("suspended/", views.suspended, name="suspended"),
    path("upgrade/", views.upgrade, name="upgrade"),
    path("admin-area/people/<int:pk>/sign-out/", people.sign_out, name="sign-out-person"),
    path("admin-area/people/<int:pk>/demote/", people.demote, name="demote-person"),
    path("admin-area/act-as/", acting.act_as, name="act-as"),
]
