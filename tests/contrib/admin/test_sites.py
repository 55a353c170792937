"""Admin sites that a requirement opens: who gets in, and what others are told."""

from __future__ import annotations

import logging
import re
import time

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import Group, User
from django.core.checks import run_checks
from django.core.management import call_command
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from support.admin_site import MIDDLEWARE, register, urls
from support.admin_site import admin_settings as admin_settings
from support.admin_site import admin_tables as admin_tables
from support.loops import async_to_sync
from support.sessions import JSON, abrowser, browser, sign_in

from django_sessionkit import (
    Allow,
    AllowObject,
    Authenticated,
    Public,
    Recent,
    Role,
    can_access,
    enforce,
    signals,
    use_session,
    validate_session,
)
from django_sessionkit.contrib.admin import SessionKitAdminSite
from django_sessionkit.contrib.admin.access import SessionOnlyUser, decision_for
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import DENIED, NOT_AUTHENTICATED, REFUSED, Decision
from django_sessionkit.session.context import SessionContext
from django_sessionkit.sources import RequestAttributeSource

pytestmark = pytest.mark.django_db

BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"
SESSION = "django_sessionkit.contrib.auth.SessionPermissions"
MODEL = "django.contrib.auth.backends.ModelBackend"
PAGES = ["", "password_change/", "jsi18n/", "contenttypes/", "contenttypes/contenttype/", "nowhere/", "r/1/1/"]


@pytest.fixture
def ann():
    return User.objects.create_user("ann", "ann@example.org", "anns")


@pytest.fixture
def closed(admin_settings):
    admin_settings.ROOT_URLCONF = urls(register(SessionKitAdminSite(Role("clerk"))))
    return admin_settings


@pytest.fixture
def opened(admin_settings):
    """A site that needs no Django user."""
    admin_settings.ROOT_URLCONF = urls(register(SessionKitAdminSite(Role("clerk"), allow_without_user=True)))
    return admin_settings


def known(user, *roles, make=browser):
    client = make()
    client.force_login(user)
    return sign_in(client, {"user_id": str(user.pk), "roles": roles})


def without_user(*roles, **fields):
    return browser({"user_id": "x-1", "roles": roles, "email": "eve@example.org", **fields})


# Who gets in ----------------------------------------------------------------------------------------------------------


def test_a_user_with_the_role_gets_in_and_needs_no_is_staff(closed, ann):
    page = known(ann, "clerk").get("/admin/")
    assert page.status_code == 200
    assert "<strong>ann</strong>" in page.content.decode()
    assert "Vary" in page
    assert "Cookie" in page["Vary"]


@pytest.mark.parametrize("where", PAGES)
def test_an_anonymous_visitor_is_sent_to_the_login_page_of_the_project(where, closed):
    answer = browser().get(f"/admin/{where}?a=1")
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next=/admin/{where}%3Fa%3D1")


@pytest.mark.parametrize("where", PAGES)
def test_a_session_without_the_right_gets_403_and_no_login_form(where, closed, ann):
    ann.is_staff = ann.is_superuser = True
    ann.save()
    assert known(ann, "reader").get(f"/admin/{where}").status_code == 403


def test_a_program_gets_its_own_answers(closed, ann):
    assert browser().get("/admin/", headers=JSON).status_code == 401
    assert known(ann).get("/admin/", headers=JSON)["Content-Type"] == "application/problem+json"


def test_it_works_under_asgi(closed, ann):
    assert async_to_sync(known(ann, "clerk", make=abrowser).get)("/admin/").status_code == 200
    assert async_to_sync(known(ann, make=abrowser).get)("/admin/").status_code == 403
    assert async_to_sync(abrowser().get)("/admin/").status_code == 302


def test_the_session_must_be_that_of_an_active_user(closed, ann):
    client = known(ann, "clerk")
    sign_in(client, {"user_id": "another", "role": "clerk"})
    assert client.get("/admin/").status_code == 403
    assert without_user("clerk").get("/admin/").status_code == 403
    closed.DEBUG = True
    text = without_user("clerk").get("/admin/").content.decode()
    assert "set allow_without_user = True on the admin site" in text
    closed.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    User.objects.update(is_active=False)
    assert known(ann, "clerk").get("/admin/").status_code == 403


@pytest.mark.parametrize("requirement", [Public(), Allow(lambda session: True), Authenticated()])
@pytest.mark.parametrize("allowed", [False, True])
def test_whatever_is_required_there_must_be_a_session(requirement, allowed, admin_settings, ann):
    admin_settings.ROOT_URLCONF = urls(SessionKitAdminSite(requirement, allow_without_user=allowed))
    client = browser()
    client.force_login(ann)
    assert client.get("/admin/")["Location"] == "/login/?next=/admin/"
    assert known(ann).get("/admin/").status_code == 200


def test_a_decision_without_a_session_is_a_denial_with_its_reason(closed, rf):
    request = rf.get("/admin/")
    request.session = browser().session
    decision = decision_for(request, Public(), without_user=True)
    assert (decision.allowed, decision.reason, decision.requirement) == (False, NOT_AUTHENTICATED, Public())


def test_the_denial_of_a_session_that_meets_the_requirement_has_its_reason(closed, rf):
    request = rf.get("/admin/")  # which has no user
    with use_session({"user_id": "1", "role": "clerk"}):
        request.session = without_user("clerk").session
        decision = decision_for(request, Role("clerk"), without_user=False)
    assert (decision.allowed, decision.reason) == (False, DENIED)
    assert decision.detail.startswith("the session does not belong to request.user, an active Django user; set")
    closed.SESSIONKIT_SOURCE = malformed
    decision = decision_for(rf.get("/admin/"), Public(), without_user=True)
    assert (decision.allowed, decision.reason) == (False, REFUSED)
    assert decision.detail.startswith("user_id: ")


def test_a_site_without_the_users_of_django_is_open_to_nobody(closed):
    closed.MIDDLEWARE = [one for one in MIDDLEWARE if "auth" not in one and "messages" not in one]
    assert without_user("clerk").get("/admin/").status_code == 403


def test_each_decision_is_logged_with_its_request(closed, ann, caplog):
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        known(ann, "clerk").get("/admin/")
        known(ann).get("/admin/jsi18n/")
    lines = [line.partition(" requirement=")[::2] for line in caplog.messages if " requirement=" in line]
    assert ("allowed: rule=None reason=granted", "Role('clerk') method=GET route=admin/") in lines
    assert ("denied: rule=None reason=missing_role", "Role('clerk') method=GET route=admin/jsi18n/") in lines


def test_a_requirement_of_the_site_gets_the_request(admin_settings, ann, caplog):
    requirement = Allow(lambda session, request: "hours" in request.GET)
    admin_settings.ROOT_URLCONF = urls(SessionKitAdminSite(requirement))
    assert known(ann).get("/admin/?hours=1").status_code == 200
    assert known(ann).get("/admin/").status_code == 403
    assert "access denied: rule=None reason=predicate " in caplog.text


def test_a_browser_keeps_no_page_but_the_translations(closed, ann):
    """As in the site of Django."""
    client = known(ann, "clerk")
    assert "no-store" in client.get("/admin/")["Cache-Control"]
    assert not client.get("/admin/jsi18n/").has_header("Cache-Control")


def test_a_site_may_ask_for_a_recent_login(admin_settings):
    admin_settings.ROOT_URLCONF = urls(SessionKitAdminSite(Role("clerk") & Recent(600), allow_without_user=True))
    admin_settings.SESSIONKIT_REAUTH_URL = "/login/"
    for age, status in ((3600, 302), (60, 200)):
        assert without_user("clerk", auth_time=int(time.time()) - age).get("/admin/").status_code == status
    assert without_user(auth_time=int(time.time()) - 3600).get("/admin/").status_code == 403


def down(request):
    raise ConnectionError("no route to the store")


def malformed(request):
    return {"user_id": 7}


@pytest.mark.parametrize("requirement", [Public(), Role("clerk")])
def test_a_session_that_cannot_be_loaded_is_no_reason_to_log_in_again(requirement, admin_settings, ann):
    admin_settings.ROOT_URLCONF = urls(register(SessionKitAdminSite(requirement)))
    client = known(ann, "clerk")
    admin_settings.SESSIONKIT_SOURCE = down
    for page in ("/admin/", "/admin/login/", "/admin/contenttypes/contenttype/"):
        assert client.get(page).status_code == 503


def test_a_denial_is_reported_once_also_by_a_model(closed, ann):
    """With what a requirement of the model says; a model without one knows no more than Django."""
    site = register(SessionKitAdminSite(Role("clerk")))
    site.register(Group)
    closed.ROOT_URLCONF = urls(site)
    heard, granted = [], []

    def hear(sender, **kwargs):
        heard.append((kwargs["status"], str(kwargs["decision"])))
        granted.extend([True] if kwargs["decision"].allowed else [])

    signals.access_denied.connect(hear)
    try:
        known(ann).get("/admin/")
        known(ann, "clerk").get("/admin/contenttypes/contenttype/")
        known(ann, "clerk").get("/admin/auth/permission/add/")
        known(ann, "clerk").get("/admin/auth/permission/")
        known(ann, "clerk").get("/admin/auth/group/")
        known(ann, "clerk").get("/admin/")
    finally:
        signals.access_denied.disconnect(hear)
    assert heard == [
        (403, 'needs the role "clerk"'),
        (403, 'needs the role "change"'),
        (403, 'the view refused the request (Permissions.requirements does not name "add")'),
        (403, 'needs the role "change"'),
        (403, "the view refused the request (the admin of the model refuses it)"),
    ]
    assert not granted


class Strict(SessionKitAdminSite):
    """A site that requires more than its requirement."""

    requirement = Role("clerk")

    def has_permission(self, request):
        return super().has_permission(request) and "hours" in request.GET


def test_a_subclass_may_require_more(admin_settings, ann, caplog):
    admin_settings.ROOT_URLCONF = urls(Strict())
    client, heard = known(ann, "clerk"), []

    def hear(sender, **kwargs):
        heard.append(kwargs["decision"])

    signals.access_denied.connect(hear)
    try:
        assert client.get("/admin/?hours=1").status_code == 200
        assert client.get("/admin/").status_code == 403
    finally:
        signals.access_denied.disconnect(hear)
    assert heard == [Decision(False, DENIED)]
    assert "access denied: rule=None reason=denied method=GET route=admin/ status=403" in caplog.text


# Login and logout -----------------------------------------------------------------------------------------------------


def test_the_login_page_of_the_admin_is_no_second_door(closed, ann):
    """If the project has another login page, that of the admin shows no form and checks no password."""
    answer = browser().get("/admin/login/?next=/admin/auth/")
    assert answer["Location"] == "/login/?next=/admin/login/%3Fnext%3D/admin/auth/"
    assert known(ann).get("/admin/login/").status_code == 403
    assert known(ann, "clerk").get("/admin/login/")["Location"] == "/admin/"
    for client, status in ((browser(), 302), (known(ann), 403), (known(ann, "clerk"), 404)):
        answer = client.post("/admin/login/", {"username": "ann", "password": "anns"})
        assert answer.status_code == status
    client = browser()
    client.post("/admin/login/", {"username": "ann", "password": "anns"})
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("protect", [[], [{"pattern": "/admin/**", "authenticated": True}]])
def test_the_login_page_of_the_admin_may_be_that_of_the_project(protect, closed, ann):
    """A user logs in once, also without is_staff. Without the right, the answer is 403 and not the form again."""
    closed.INSTALLED_APPS = [*closed.INSTALLED_APPS, BRIDGE]
    closed.LOGIN_URL = "admin:login"
    closed.SESSIONKIT_PROTECT = protect
    clerks = Group.objects.create(name="clerk")
    for status in (403, 200):
        client = browser()
        assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
        assert 'type="password"' in client.get("/admin/login/?next=/admin/").content.decode()
        entered = client.post("/admin/login/?next=/admin/", {"username": "ann", "password": "anns"})
        assert (entered.status_code, entered["Location"]) == (302, "/admin/")
        assert client.get("/admin/").status_code == status
        ann.groups.add(clerks)
    assert client.get("/admin/login/")["Location"] == "/admin/"


class DeskForm(AuthenticationForm):
    prefix = "desk"


class Titled(SessionKitAdminSite):
    """A site with its own form, and a header that only these three pages have."""

    requirement = Role("clerk")
    login_form = DeskForm

    def login(self, request, extra_context=None):
        return super().login(request, {"site_header": "The login desk"})

    def logout(self, request, extra_context=None):
        return super().logout(request, {"site_header": "The logout desk"})

    def password_change(self, request, extra_context=None):
        return super().password_change(request, {"site_header": "The password desk"})


def test_a_subclass_may_change_the_form_and_add_to_the_pages(closed, ann):
    closed.ROOT_URLCONF = urls(Titled())
    closed.LOGIN_URL = "admin:login"
    page = browser().get("/admin/login/").content.decode()
    assert "The login desk" in page
    assert 'name="desk-username"' in page
    client = known(ann, "clerk")
    assert "The password desk" in client.get("/admin/password_change/").content.decode()
    assert "The logout desk" in client.post("/admin/logout/").content.decode()


def test_logging_out_never_leads_back_to_the_logout(closed, ann):
    client = known(ann, "clerk")
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/")["Location"] == "/login/?next=/admin/"
    for one in (browser(), known(ann)):
        assert one.post("/admin/logout/")["Location"] == "/admin/"


# Without a Django user ------------------------------------------------------------------------------------------------


def test_a_session_without_a_user_uses_the_models_with_requirements(opened):
    client = without_user("clerk", "view", "change")
    page = client.get("/admin/").content.decode()
    assert "<strong>eve@example.org</strong>" in page
    assert "Content types" in page
    assert "password_change" not in page
    assert "None available" in page  # recent actions
    assert client.get("/admin/contenttypes/contenttype/").status_code == 200
    assert without_user().get("/admin/").status_code == 403
    assert browser().get("/admin/")["Location"] == "/login/?next=/admin/"


def test_the_stand_in_is_of_the_session_of_the_request_also_outside_of_the_middleware(opened, rf):
    request, session = rf.get("/admin/"), validate_session({"user_id": "x-1", "role": "clerk"})
    request.sessionkit = SessionContext.fixed(session)
    SessionKitAdminSite(Role("clerk"), allow_without_user=True).admin_view(lambda request: HttpResponse())(request)
    assert request.user.session is session


def test_it_has_a_name_without_an_address_too(opened):
    assert "<strong>signed in</strong>" in without_user("clerk", email="").get("/admin/").content.decode()


def test_it_has_no_password_to_change(opened, ann):
    assert without_user("clerk").get("/admin/password_change/").status_code == 404
    assert known(ann, "clerk").get("/admin/password_change/").status_code == 200
    request = RequestFactory().get("/admin/password_change/")
    request.user = SessionOnlyUser(validate_session({"user_id": "1"}))
    with pytest.raises(Http404, match=r"^A session without a Django user has no password\.$"):
        SessionKitAdminSite(Role("clerk")).password_change(request)


def test_a_plain_model_admin_stays_closed_for_it(opened, ann):
    site = SessionKitAdminSite(Role("clerk"), allow_without_user=True)
    site.register(Group)
    opened.ROOT_URLCONF = urls(site)
    opened.AUTHENTICATION_BACKENDS = [MODEL, SESSION]
    client = without_user("clerk", permissions=["auth.view_group", "auth.change_group"])
    assert "Groups" not in client.get("/admin/").content.decode()
    assert client.get("/admin/auth/group/").status_code == 403
    user = known(ann)
    sign_in(user, {"user_id": str(ann.pk), "role": "clerk", "permissions": ["auth.view_group"]})
    assert user.get("/admin/auth/group/").status_code == 200
    assert user.get("/admin/auth/group/add/").status_code == 403


def test_the_user_of_another_login_lends_nothing(opened, ann):
    ann.is_superuser = ann.is_staff = True
    ann.save()
    client = known(ann)
    sign_in(client, {"user_id": "x-1", "roles": ["clerk"], "email": "eve@example.org"})
    page = client.get("/admin/").content.decode()
    assert "eve@example.org" in page
    assert "ann" not in re.findall("<strong>(.*?)</strong>", page)
    assert client.get("/admin/contenttypes/contenttype/").status_code == 403


def test_a_user_keeps_the_own_name(opened, ann):
    assert "<strong>ann</strong>" in known(ann, "clerk").get("/admin/").content.decode()


def test_logging_out_ends_the_session_without_a_user(opened):
    ended = []

    def hear(sender, **kwargs):
        ended.append(kwargs["user"])

    signals.session_cleared.connect(hear)
    try:
        client = without_user("clerk")
        assert client.get("/admin/logout/").status_code == 405
        page = client.post("/admin/logout/")
    finally:
        signals.session_cleared.disconnect(hear)
    assert (page.status_code, len(ended)) == (200, 1)
    assert client.get("/admin/").status_code == 302


def token(get_response):
    def middleware(request):
        request.sessionkit_data = {"user_id": "x-1", "role": "clerk"}
        return get_response(request)

    return middleware


def test_a_source_that_only_reads_cannot_be_logged_out(opened):
    opened.MIDDLEWARE = [f"{__name__}.token", *MIDDLEWARE]
    opened.SESSIONKIT_SOURCE = RequestAttributeSource
    client = browser()
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/").status_code == 200


def test_the_stand_in_shows_nothing_of_the_session():
    with use_session({"user_id": "x-1", "email": "eve@example.org", "permissions": ["a.b"]}) as session:
        user = SessionOnlyUser(session)
    assert (str(user), user.get_username(), user.pk) == ("signed in", "eve@example.org", None)
    assert (user.is_authenticated, user.is_staff, user.is_superuser) == (True, False, False)
    assert (user.has_perm("a.b"), user.has_perms(["a.b"]), user.has_module_perms("a")) == (False, False, False)
    assert (user.get_all_permissions(), user.has_usable_password()) == (set(), False)


# Ways to set it up ----------------------------------------------------------------------------------------------------


class Default(SessionKitAdminSite):
    """A site for ``default_site`` of an app config, which is called without arguments."""

    requirement = Role("clerk")
    allow_without_user = True


def test_the_default_site_may_be_of_this_kind(admin_settings, monkeypatch):
    monkeypatch.setattr(apps.get_app_config("admin"), "default_site", f"{__name__}.Default")
    site = type(admin.site)()
    register(site)
    admin_settings.ROOT_URLCONF = urls(site)
    assert without_user("clerk").get("/admin/").status_code == 200
    assert without_user("clerk", "view").get("/admin/contenttypes/contenttype/").status_code == 200
    assert without_user().get("/admin/").status_code == 403


def test_two_sites_do_not_share_their_requirements(admin_settings, ann):
    desk, office = SessionKitAdminSite(Role("clerk"), "desk"), SessionKitAdminSite(Role("boss"), name="office")
    admin_settings.ROOT_URLCONF = urls(desk, office)
    client = known(ann, "clerk")
    assert (client.get("/desk/").status_code, client.get("/office/").status_code) == (200, 403)
    assert client.post("/desk/logout/").status_code == 200


class Pages(SessionKitAdminSite):
    requirement = Role("clerk")

    def get_urls(self):
        own = path("figures/", self.admin_view(self.figures), name="figures")
        return [own, re_path("^figures/of/([0-9]+)/$", self.admin_view(figures_of)), *super().get_urls()]

    def figures(self, request):
        return HttpResponse("figures")


@csrf_exempt
def figures_of(request, year):
    return HttpResponse(f"figures of {year}")


def test_own_pages_are_guarded_by_admin_view(admin_settings, ann):
    admin_settings.ROOT_URLCONF = urls(Pages())
    page = known(ann, "clerk").get("/admin/figures/")
    assert page.content == b"figures"
    assert "no-store" in page["Cache-Control"]
    assert known(ann).get("/admin/figures/").status_code == 403
    assert known(ann, "clerk").get("/admin/figures/of/1999/").content == b"figures of 1999"
    view = Pages().admin_view(figures_of)
    assert (view.__name__, view.csrf_exempt) == ("figures_of", True)
    with use_session({"user_id": "1", "role": "clerk"}):
        assert can_access("admin:figures")
    with use_session({"user_id": "1"}):
        assert not can_access("admin:figures")


# Tools ----------------------------------------------------------------------------------------------------------------


def test_the_routes_show_the_requirement_of_the_site_and_of_the_models(closed, capsys):
    call_command("sessionkit_routes", "--as", "anonymous", "--as", "role=clerk", "--as", "role=view", format="md")
    lines = {line.split("|")[1].strip(" `"): line for line in capsys.readouterr().out.splitlines() if "/admin/" in line}
    assert "Role" in lines["/admin/"]
    assert "clerk" in lines["/admin/"]
    assert "Django admin" in lines["/admin/"]
    types = lines["/admin/contenttypes/contenttype/"]
    assert "Role('clerk') + view: Role('view')" in types
    assert "clerk" not in lines["/admin/login/"].split("|")[3]


def test_the_explanation_names_the_requirement(closed, capsys):
    call_command("sessionkit_explain", "/admin/", "--as", "role=reader")
    text = capsys.readouterr().out
    assert 'needs the role "clerk"' in text
    assert "403" in text
    call_command("sessionkit_explain", "/admin/")
    assert "302 to /login/?next=/admin/" in capsys.readouterr().out


def test_unknown_roles_of_the_site_and_of_the_models_are_found(closed):
    closed.SESSIONKIT_ROLES = {"clark": {}, "view": {}}
    text = " ".join(one.msg for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W005")
    assert '"clerk"' in text
    assert '"change"' in text
    assert '"view"' not in text


# Mistakes -------------------------------------------------------------------------------------------------------------


class Named(SessionKitAdminSite):
    requirement = "clerk"


class Loose(SessionKitAdminSite):
    requirement = Role("clerk")
    allow_without_user = "yes"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (SessionKitAdminSite, 'SessionKitAdminSite: has no requirement; write SessionKitAdminSite(Role("staff")), or'),
        (lambda: SessionKitAdminSite("desk"), "SessionKitAdminSite.requirement: needs a requirement, not str; write"),
        (lambda: SessionKitAdminSite(name="desk"), "has no requirement"),
        (Named, "Named.requirement: needs a requirement, not str"),
        (
            lambda: SessionKitAdminSite(Role("a") & AllowObject(print)),
            "SessionKitAdminSite.requirement: AllowObject(print) needs an object, and a site has none; ask it in "
            'RequireModelAdminMixin: requirements = {"change": ...}',
        ),
        (Loose, "Loose.allow_without_user: must be True or False; leave it out for False"),
        (lambda: SessionKitAdminSite(Role("a"), allow_without_user=1), "must be True or False"),
    ],
)
def test_a_mistake_is_an_error_when_the_site_is_made(make, text):
    with pytest.raises(InvalidPolicy) as caught:
        make()
    assert text in str(caught.value)


def test_a_site_needs_the_middleware(settings):
    settings.MIDDLEWARE = []
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    with pytest.raises(InvalidPolicy, match="has no SessionKitMiddleware"):
        SessionKitAdminSite(Role("a"))


def test_denials_of_sessionkit_pass_through(admin_settings, ann):
    class Own(SessionKitAdminSite):
        requirement = Role("clerk")

        def index(self, request, extra_context=None):
            enforce(Role("boss"))

    admin_settings.ROOT_URLCONF = urls(Own())
    admin_settings.DEBUG = True
    page = known(ann, "clerk").get("/admin/")
    assert page.status_code == 403
    assert "needs the role &quot;boss&quot;" in page.content.decode()
