"""A login that stores a session, and two admin sites: the usual one, and one for sessions without a Django user."""

from __future__ import annotations

from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import path
from django.utils.html import format_html

from django_sessionkit import Permission, Role, set_session
from django_sessionkit.contrib.admin import RequireModelAdminMixin, SessionKitAdminSite

FORM = """<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{}">
<button name="role" value="clerk">Enter as a clerk</button>
<button name="role" value="guest">Enter as a guest</button></form>"""


class Groups(RequireModelAdminMixin, ModelAdmin):
    search_fields = ["name"]
    fields = ["name"]
    requirements = dict.fromkeys(["view", "add", "change"], Permission("groups:write"))


office = SessionKitAdminSite(Role("clerk"), "office")
desk = SessionKitAdminSite(Role("clerk"), "desk", allow_without_user=True)
for site in (office, desk):
    site.register(Group, Groups)
desk.register(ContentType)  # this one asks user.has_perm()


def login(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        person = {"user_id": "emp-7", "email": "eve@example.org", "role": request.POST["role"]}
        set_session(request, person)
        return HttpResponseRedirect(request.GET.get("next", "/"))
    return HttpResponse(format_html(FORM, get_token(request)))


urlpatterns = [
    path("login/", login, name="login"),
    path("office/", office.urls),
    path("desk/", desk.urls),
    *staticfiles_urlpatterns(),
]
