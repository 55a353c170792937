"""Mistakes that a newcomer makes in the settings and the URLconf, and the check that names each of them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_not_required
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views import View

from django_sessionkit import Allow, RequireRoleMixin, Role, require, require_role
from django_sessionkit.conf.installed import require_middleware


def page(request, **kwargs):
    return HttpResponse("page")


@login_not_required
def hook(request):
    return HttpResponse("hook")


class Editors(View):
    required_roles = ["editor"]


LOGIN = path("login/", page, name="login")
SHOP = ([path("cart/", page, name="cart"), path("cart/<int:pk>/", page, name="item")], "shop")
urlpatterns = [
    path("", page, name="home"),
    LOGIN,
    path("about/", page, name="about"),
    path("reports/", page, name="reports"),
    path("reports/<int:pk>/", page, name="report"),
    path("shop/", include(SHOP)),
]
REPORTS = {"pattern": "/reports/**"}
ROLES = {"editor": {"inherits": ["reader"], "permissions": ["posts:write"]}, "reader": {}}

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
KIT = "django_sessionkit.middleware.SessionKitMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
FLATPAGES = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"

# One rule each.
RULES = [
    ("/reports/**", "E001", 'a rule must be a dict. Write {"pattern": "/reports/**", "authenticated": True}'),
    (("/reports/**", "editor"), "E001", "a rule must be a dict"),
    (REPORTS, "E001", "a rule needs a requirement"),
    ({"role": "editor"}, "E001", 'a rule needs a "pattern" or a "view". Add for example "pattern": "/reports/**"'),
    # keys
    ({**REPORTS, "rol": "editor"}, "E001", 'SESSIONKIT_PROTECT[0]: unknown key "rol". Did you mean "role"?'),
    ({"url": "/reports/", "role": "editor"}, "E001", 'unknown key "url". Did you mean "pattern"?'),
    ({"path": "/reports/", "role": "editor"}, "E001", 'unknown key "path". Did you mean "pattern"?'),
    ({**REPORTS, "login_required": True}, "E001", 'unknown key "login_required". Did you mean "authenticated"?'),
    ({**REPORTS, "require_role": "editor"}, "E001", 'unknown key "require_role". Did you mean "role"?'),
    ({**REPORTS, "group": "editors"}, "E001", 'unknown key "group". Did you mean "role"?'),
    ({**REPORTS, "perms": ["posts:write"]}, "E001", 'unknown key "perms". Did you mean "permissions"?'),
    ({**REPORTS, "role": "editor", "method": "POST"}, "E001", 'unknown key "method". Did you mean "methods"?'),
    ({**REPORTS, "role": "editor", "redirect": "/"}, "E001", 'unknown key "redirect". Did you mean "redirect_to"?'),
    # values
    ({**REPORTS, "roles": "editor"}, "E001", '"roles": must be a list of names. Write ["name"]'),
    ({**REPORTS, "role": ["editor"]}, "E001", '"role": must be a single name. Use the plural key for a list'),
    ({**REPORTS, "permission": "posts:*"}, "E001", "a required permission cannot have a wildcard. Name each perm"),
    ({**REPORTS, "authenticated": False}, "E001", '"authenticated": must be True if present. Remove the key otherwise'),
    ({**REPORTS, "public": True, "role": "editor"}, "E001", '"public" cannot be combined with a requirement'),
    ({**REPORTS, "role": "editor", "methods": "POST"}, "E001", 'must be a list of HTTP verbs, or "unsafe". Write ["P'),
    ({**REPORTS, "role": "editor", "methods": ["post"]}, "E001", "unknown verb 'post'. Did you mean \"POST\"?"),
    ({**REPORTS, "role": "editor", "on_deny": 404}, "E001", 'or "not_found" for a 404 response'),
    ({**REPORTS, "role": "editor", "redirect_to": "https://x.example/"}, "E001", "Other sites, schemes"),
    ({**REPORTS, "role": "editor", "redirect_to": "shop/cart/"}, "E001", 'Write "/shop/cart/"'),
    ({**REPORTS, "require": "admin"}, "E001", '"require": must be a requirement. Write for example Role("owner")'),
    ({**REPORTS, "allow": lambda: True}, "E001", "must take (session) or (session, request)"),
    ({**REPORTS, "allow": "is_owner"}, "E001", '"allow": needs a callable or its dotted path, not "is_owner"'),
    ({**REPORTS, "allow": "shop.access.is_owner"}, "E001", "Allow('shop.access.is_owner') cannot be imported"),
    ({**REPORTS, "allow": f"{__name__}.pages"}, "E001", f'Did you mean "{__name__}.page"?'),
    ({**REPORTS, "allow": f"{__name__}.SESSIONS"}, "E001", f"[0]: {__name__}.SESSIONS is not callable"),
    ({**REPORTS, "role": "*"}, "E001", '"*" is not the name of a role. For any session, write Authenticated(), or'),
    # patterns
    ({"pattern": "reports/**", "role": "editor"}, "E001", 'a pattern must start with "/". Write "/reports/**"'),
    ({"pattern": "/report*", "role": "editor"}, "E001", 'a wildcard must be a whole segment. Write "*" or "**"'),
    ({"pattern": "/reports/<int:pk>/", "role": "editor"}, "E001", "patterns have no path converters. Write"),
    ({"pattern": "/reports/[0-9]+/", "role": "editor"}, "E001", "the pattern looks like a regular expression"),
    ({"pattern": "/reports/?page=1", "role": "editor"}, "E001", "the query and the fragment are not part of the path"),
    (
        {"pattern": "/report/**", "role": "editor"},
        "W016",
        'matches no route. It protects nothing. Did you mean "/reports',
    ),
    ({"pattern": "/reports/{pk}/", "role": "editor"}, "W018", "matches only some paths of /reports/<int:pk>/."),
    ({"pattern": "/reports/*", "role": "editor"}, "W031", "does not match /reports/ itself. Everyone may open that"),
    ({"pattern": "/about/*", "public": True}, "W016", 'matches no route. It opens nothing. Did you mean "/about/**"?'),
    ({"pattern": "/**", "authenticated": True}, "W023", "the rule matches the login page /login/"),
    ({**REPORTS, "role": "editor", "methods": ["GET"]}, "W019", "do not include POST, PUT, PATCH, DELETE of /reports/"),
    # names of views
    (
        {"view": "reprots", "role": "editor"},
        "E028",
        'the view name "reprots" matches no route. It has no effect. Did yo',
    ),
    ({"view": "cart", "role": "editor"}, "E028", 'Did you mean "shop:cart"?'),
    ({"view": "shop", "role": "editor"}, "E028", 'Did you mean "shop:*"?'),
    ({"view": f"{__name__}.page", "role": "editor"}, "E028", 'Did you mean "home"?'),
    ({"view": "/reports/", "role": "editor"}, "E001", 'A path belongs in "pattern"'),
    ({"view": page, "role": "editor"}, "E001", 'Write the name of its URL pattern, as in path(..., name="report")'),
    ({"view": "shop/cart", "role": "editor"}, "E001", "must be a view name or a glob over view names, such as"),
    # redirects
    ({**REPORTS, "role": "editor", "redirect_to": "abuot"}, "E027", '"abuot" in "redirect_to" cannot be reversed'),
    ({**REPORTS, "role": "editor", "redirect_to": "report"}, "E027", 'The route "report" has arguments'),
    ({**REPORTS, "role": "editor", "redirect_to": "login"}, "W022", '"redirect_to" is the login page /login/'),
    ({**REPORTS, "role": "editor", "redirect_to": "reports"}, "W022", 'protects its own "redirect_to" /reports/'),
]


def protect(*rules):
    return {"SESSIONKIT_PROTECT": list(rules)}


def default(**settings):
    return {"SESSIONKIT_GLOBAL_PROTECT": True, **settings}


def urls(*patterns, **settings):
    return {"ROOT_URLCONF": type("urls", (), {"urlpatterns": [LOGIN, *patterns]}), **settings}


EDITORS = {**REPORTS, "role": "editor"}
IN_GERMAN = {
    "MIDDLEWARE": [SESSIONS, LOCALE, AUTH, KIT],
    "LANGUAGES": [("de", "Deutsch"), ("en", "English")],
    "LANGUAGE_CODE": "en",
    "ROOT_URLCONF": type("urls", (), {"urlpatterns": [LOGIN, *i18n_patterns(path("reports/", page, name="reports"))]}),
}

# Settings.
SETTINGS = [
    # names
    ({"SESSIONKIT": {"PROTECT": []}}, "E014", "Write each setting as a variable of its own: SESSIONKIT_PROTECT = ..."),
    ({"SESSION_KIT_PROTECT": []}, "E014", 'unknown setting. Did you mean "SESSIONKIT_PROTECT"?'),
    ({"SESSIONKIT_RULES": []}, "E014", 'Did you mean "SESSIONKIT_PROTECT"?'),
    ({"SESSIONKIT_PUBLIC": []}, "E014", 'Did you mean "SESSIONKIT_EXCLUDE"?'),
    ({"SESSIONKIT_LOGIN_REQUIRED": True}, "E014", 'Did you mean "SESSIONKIT_GLOBAL_PROTECT"?'),
    ({"SESSIONKIT_PERMISSIONS": {}}, "E014", 'Did you mean "SESSIONKIT_ROLES"?'),
    ({"SESSIONKIT_TIMEOUT": 3600}, "E014", 'Did you mean "SESSIONKIT_SESSION_TTL"?'),
    ({"SESSIONKIT_XYZZY": 1}, "E014", 'Allowed are "SESSIONKIT_ACCESS_POLICY", "SESSIONKIT_EXCLUDE"'),
    # values
    ({"SESSIONKIT_PROTECT": EDITORS}, "E001", "SESSIONKIT_PROTECT: must be a list, not dict. Write [{...}]"),
    ({"SESSIONKIT_EXCLUDE": "/static/**"}, "E003", 'must be a list, not str. Write ["/static/**"]'),
    ({"SESSIONKIT_GLOBAL_PROTECT": "True"}, "E002", "must be True or False, not str"),
    ({"SESSIONKIT_SESSION_TTL": timedelta(hours=8)}, "E012", "must be a positive number of seconds, or None"),
    (
        {"SESSIONKIT_LIMITS": {"roles": 100}},
        "E008",
        "SESSIONKIT_LIMITS['roles']: unknown limit. Did you mean \"roles_c",
    ),
    ({"SESSIONKIT_SOURCE": "RequestAttributeSource"}, "E006", "Write the dotted path of an object, as for an import"),
    ({"SESSIONKIT_SOURCE": "django_sessionkit.sources.RequestAtributeSource"}, "E006", ".RequestAttributeSource"),
    ({"SESSIONKIT_SOURCE": lambda: {}}, "E006", "must be a SessionSource or a callable that takes the request"),
    ({"SESSIONKIT_VERSION": 1}, "E022", "must be a callable that takes the user id and returns a version"),
    ({"SESSIONKIT_REFRESH": lambda session, request: {}}, "W025", "because SESSIONKIT_VERSION is not set"),
    # roles and permissions
    ({"SESSIONKIT_ROLES": ["editor"]}, "E010", "must be a dict of role names and their dicts"),
    ({"SESSIONKIT_ROLES": {"editor": ["posts:write"]}}, "E010", 'must be a dict with "inherits" and "permissions"'),
    ({"SESSIONKIT_ROLES": {"editor": {"permissions": "posts:write"}}}, "E010", "must be a list of names"),
    ({"SESSIONKIT_ROLES": {"editor": {"perms": []}}}, "E010", 'unknown key "perms". Did you mean "permissions"?'),
    (
        {"SESSIONKIT_ROLES": {"editor": {"inherits": ["editr"]}}},
        "E010",
        'inherits the unknown role "editr". Did you me',
    ),
    ({"SESSIONKIT_ROLES": {"editor": {"permissions": ["posts:*"]}}}, "W002", "SESSIONKIT_WILDCARD_PERMISSIONS is Fal"),
    ({"SESSIONKIT_ROLES": {"editor": {"permissions": ["posts.*"]}}}, "W033", 'Write "posts:*" if your permissions'),
    ({"SESSIONKIT_ROLES": ROLES, **protect({**REPORTS, "role": "Editor"})}, "W005", 'did you mean "editor"?'),
    ({"SESSIONKIT_ROLES": ROLES, **urls(path("a/", require_role("edtor")(page)))}, "W005", 'did you mean "editor"?'),
    ({"SESSIONKIT_ROLES": ROLES, **protect({**REPORTS, "permission": "posts.write"})}, "W032", 'did you mean "posts:w'),
    # the login page
    (default(LOGIN_URL="logn"), "E027", 'the URL name "logn" cannot be reversed'),
    (default(LOGIN_URL="/accounts/login/"), "E027", 'Write LOGIN_URL = "login", which is a page of this site.'),
    (default(LOGIN_URL="login/"), "E004", 'LOGIN_URL: must be a site-relative path or a URL name. Write "/login/"'),
    (
        default(LOGIN_URL="https://sso.example/"),
        "E004",
        "Set SESSIONKIT_LOGIN_URL to a page of this site that leads th",
    ),
    (urls(path("a/", require_role("a", login_url="/lgin/")(page))), "E027", 'Did you mean "/login/"?'),
    # excludes and the default
    (default(SESSIONKIT_EXCLUDE=["about/"]), "E003", 'a pattern must start with "/". Write "/about/"'),
    (
        default(SESSIONKIT_EXCLUDE=["abuot"]),
        "W016",
        '"abuot" matches no route. It has no effect. Did you mean "about"?',
    ),
    (default(SESSIONKIT_EXCLUDE=["cart"]), "W016", 'Did you mean "shop:cart"?'),
    (default(SESSIONKIT_EXCLUDE=["/**"]), "W021", "SESSIONKIT_GLOBAL_PROTECT then protects nothing"),
    (default(SESSIONKIT_EXCLUDE=["/reports/"], **protect(EDITORS)), "W020", '"/reports/" does not open /reports/'),
    (default(**urls(path("hook/", hook, name="hook"))), "W029", 'SESSIONKIT_EXCLUDE = ["hook"]'),
    ({"SESSIONKIT_EXCLUDE": ["/about/"]}, "W038", "Set SESSIONKIT_GLOBAL_PROTECT = True, or remove SESSIONKIT_EXCLUDE"),
    # the order of rules
    (protect(EDITORS, {"pattern": "/reports/", "public": True}), "E020", "Move SESSIONKIT_PROTECT[1] above SESSIONKIT"),
    (protect({"pattern": "/*/**", "authenticated": True}, EDITORS), "E020", "the rule never decides a request"),
    # predicates
    (urls(path("a/", require(Allow("shop.access.is_owner"))(page))), "E021", "cannot be used, so it grants no access"),
    # mixins
    (urls(path("a/", Editors.as_view())), "W039", "Write class Editors(RequireRoleMixin, ...)"),
    # languages
    ({**IN_GERMAN, **protect({"pattern": "/de/reports/**", "role": "editor"})}, "W036", 'Write "/reports/**". A patte'),
    (default(**IN_GERMAN, SESSIONKIT_EXCLUDE=["/reports/"]), "W016", 'Did you mean "/*/reports/"?'),
    # middleware
    ({"MIDDLEWARE": [SESSIONS, AUTH]}, "E015", "no URL rule is enforced and no user has a session"),
    ({"MIDDLEWARE": [KIT]}, "E016", "SessionMiddleware is not in MIDDLEWARE. There is no session store"),
    ({"MIDDLEWARE": [KIT, SESSIONS]}, "E017", "SessionKitMiddleware is above SessionMiddleware"),
    ({"MIDDLEWARE": [SESSIONS, KIT, AUTH]}, "W001", "is above AuthenticationMiddleware in MIDDLEWARE"),
    ({"MIDDLEWARE": [SESSIONS, AUTH, KIT, KIT]}, "W003", "Remove MIDDLEWARE[3]"),
    ({"MIDDLEWARE": [SESSIONS, AUTH, FLATPAGES, KIT]}, "W004", f'Move "{FLATPAGES}" below "{KIT}"'),
    ({"MIDDLEWARE": [SESSIONS, AUTH, KIT, UPDATE]}, "W034", f'Move "{UPDATE}" to the top of MIDDLEWARE'),
    ({"MIDDLEWARE": [FETCH, SESSIONS, AUTH, KIT]}, "W035", f'Move "{FETCH}" to the bottom of MIDDLEWARE'),
    (default(MIDDLEWARE=[SESSIONS, AUTH, LOGIN_REQUIRED, KIT]), "I001", "both require a login by default"),
    # the store
    ({"SESSION_CACHE_ALIAS": "sesions"}, "E018", 'SESSION_CACHE_ALIAS is "sesions", which is not in CACHES'),
]


@pytest.fixture(autouse=True)
def site():
    with override_settings(ROOT_URLCONF=__name__):
        yield


def messages(settings):
    with override_settings(**settings):
        return {(one.id, f"{one.msg} {one.hint}") for one in run_checks(tags=["sessionkit"])}


def told(settings, number):
    return [text for found, text in messages(settings) if found == f"sessionkit.{number}"]


@pytest.mark.parametrize(("rule", "number", "text"), RULES, ids=lambda one: str(one).partition(" at 0x")[0][:60])
def test_a_mistake_in_a_rule(rule, number, text):
    assert any(text in one for one in told(protect(rule), number)), messages(protect(rule))


@pytest.mark.parametrize(("settings", "number", "text"), SETTINGS, ids=lambda one: str(one).partition(" at 0x")[0][:60])
def test_a_mistake_in_the_settings(settings, number, text):
    assert any(text in one for one in told(settings, number)), messages(settings)


@pytest.mark.parametrize("settings", [protect(EDITORS), default(), {"SESSIONKIT_EXCLUDE": ["/about/"]}])
def test_a_policy_without_the_middleware(settings):
    wanted = f"Nothing would enforce {next(iter(settings))}, so the server does not start; add "
    without = override_settings(MIDDLEWARE=[SESSIONS, AUTH], **settings)
    with without, pytest.raises(ImproperlyConfigured, match=f'{re.escape(wanted)}"{KIT}"'):
        require_middleware()
    with without, pytest.raises(ImproperlyConfigured, match=re.escape(wanted)):  # if the app is missing too
        require_role("editor")(page)
    with without, pytest.raises(ImproperlyConfigured, match=re.escape(wanted)):
        type("Page", (RequireRoleMixin, View), {"required_roles": ["editor"]}).as_view()


def test_a_view_may_be_guarded_while_the_apps_are_loading(monkeypatch):
    monkeypatch.setattr(apps, "ready", False)
    with override_settings(MIDDLEWARE=[], SESSIONKIT_GLOBAL_PROTECT=True):
        assert require_role("editor")(page)


def test_the_project_without_the_mistakes_is_silent():
    public = {"pattern": "/about/", "public": True}
    right = {"SESSIONKIT_ROLES": ROLES, "LOGIN_URL": "login", "SESSIONKIT_EXCLUDE": ["/", "login"]}
    assert (
        messages(default(**right, **protect(public, EDITORS, {"view": "shop:*", "require": Role("reader")}))) == set()
    )
