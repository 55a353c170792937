"""The checks that read the URLconf. For each there are cases with a message, and cases without one."""

from __future__ import annotations

import json
import sys
from io import StringIO
from types import ModuleType

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.core.checks import ERROR, run_checks
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import DetailView
from support.sessions import READER, browser

from django_sessionkit import (
    Allow,
    AllowObject,
    Authenticated,
    Nobody,
    RequireObjectMixin,
    RequirePermissionMixin,
    Role,
)
from django_sessionkit.decorators import public, require, require_authenticated


def page(request, **kwargs):
    return HttpResponse("page")


class Reader(View):
    def get(self, request):
        return HttpResponse("page")


@require_authenticated
def guarded(request):
    return HttpResponse("page")


@public
def opened(request):
    return HttpResponse("page")


def two(request, session, more):
    return True


shop = ([path("", page, name="list"), path("<int:pk>/edit/", page, name="edit")], "shop")

PAGES = [
    path("", page, name="home"),
    path("login/", page, name="login"),
    path("login/help/", page, name="login-help"),
    path("about/", opened, name="about"),
    path("users/", page, name="users"),
    path("users/new/", page, name="new-user"),
    path("read/", Reader.as_view(), name="read"),
    path("mine/", guarded, name="mine"),
    path("articles/", page, name="articles"),
    path("articles/new/", page, name="new-article"),
    path("articles/<slug:slug>/", page, name="article"),
    path("articles/<int:pk>/<str:form>.csv", page, name="export"),
    path("shop/", include(shop)),
    re_path(r"^kind/(?:new|old)/$", page, name="kind"),
]
ADMIN = {"role": "admin"}
DEFAULT = {"SESSIONKIT_GLOBAL_PROTECT": True}


@pytest.fixture
def urls():
    module = ModuleType("urls_of_a_test")
    module.urlpatterns = list(PAGES)
    sys.modules["urls_of_a_test"] = module
    with override_settings(ROOT_URLCONF="urls_of_a_test"):
        yield module.urlpatterns
    del sys.modules["urls_of_a_test"]


def found(rules=(), *, deploy=False, **settings):
    with override_settings(SESSIONKIT_PROTECT=list(rules), **settings):
        messages = run_checks(tags=["sessionkit"], include_deployment_checks=deploy)
    return sorted(messages, key=lambda one: one.id)  # Django runs the checks in no fixed order


def ids(*args, **settings):
    return [one.id for one in found(*args, **settings)]


def test_a_right_project_is_silent(urls):
    rules = [
        {"pattern": "/about", "public": True},
        {"pattern": "/articles/new", "role": "editor"},
        {"pattern": ["/articles/**", "/kind/*"], "methods": "unsafe", "role": "author"},
        {"pattern": "/articles/**", "authenticated": True},
        {"pattern": "/users", "methods": ["GET"], "authenticated": True},
        {"pattern": ["/users", "/users/**"], **ADMIN},
        {"view": "shop:*", **ADMIN},
        {"pattern": "/static/**", **ADMIN},
        {"pattern": "/**/.git/**", "deny": True},
    ]
    exclude = ["/", "/static/**", "/kind/*", "/read"]
    assert found(rules, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=exclude, MEDIA_URL="") == []


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"pattern": "/usrs"}, 'Did you mean "/users"? Otherwise, remove it.'),
        ({"pattern": ["/users", "/artikles/new"]}, 'Did you mean "/articles/new"? Otherwise, remove it.'),
        ({"pattern": "/about/*"}, 'Did you mean "/about/**"? Otherwise, remove it.'),
        ({"pattern": "/abuot/*"}, 'Did you mean "/about/**"? Otherwise, remove it.'),
        ({"pattern": "/kind"}, 'Did you mean "/kind/**"? Otherwise, remove it.'),
        ({"pattern": "/shop/*/edti"}, 'Did you mean "/shop/*/edit"? Otherwise, remove it.'),
        ({"pattern": "/users/{pk}/"}, 'Did you mean "/users/*"? Otherwise, remove it.'),
        ({"pattern": "/users/:pk"}, 'Did you mean "/users/*"? Otherwise, remove it.'),
        ({"pattern": "/reports/{pk}/"}, "Correct it, or remove it."),
        ({"pattern": "/reports/*"}, "Correct it, or remove it."),
    ],
)
def test_a_dead_rule(urls, rule, hint):
    (message,) = found([{**rule, **ADMIN}])
    assert (message.id, message.hint) == ("sessionkit.W016", hint)
    assert "SESSIONKIT_PROTECT[0]" in message.msg


@pytest.mark.parametrize("requirement", [ADMIN, {"public": True}, {"deny": True}])
@pytest.mark.parametrize(
    ("view", "hint"),
    [
        ("shop:lst", 'Did you mean "shop:list"? Otherwise, remove it.'),
        (["shop:edit", "shp:*"], 'Did you mean "shop:*"? Otherwise, remove it.'),
        ("qqq", "Correct it, or remove it."),
        ("users-new", "Correct it, or remove it."),
    ],
)
def test_a_view_name_that_no_route_has_is_an_error(urls, view, requirement, hint):
    (message,) = [one for one in found([{"view": view, **requirement}]) if one.level >= ERROR]
    assert (message.id, message.hint) == ("sessionkit.E028", hint)
    assert message.msg.startswith("SESSIONKIT_PROTECT[0]: the view name ")


@pytest.mark.parametrize(
    ("exclude", "near"),
    [
        ("/shop/7/edit/*", "/shop/7/edit/**"),
        ("/shpo/*/edit", "/shop/*/edit"),
        ("/kind", None),
        ("/Articles/new", "/articles/new"),
    ],
)
def test_a_dead_exclude_is_not_proposed_wider_than_its_wildcards(urls, exclude, near):
    urls[:] = [path("shop/<int:pk>/edit/", page), *PAGES[-1:], *PAGES[9:10]]
    (message,) = [one for one in found(**DEFAULT, SESSIONKIT_EXCLUDE=[exclude]) if one.id != "sessionkit.E027"]
    assert message.id == "sessionkit.W016"
    assert message.hint == (f'Did you mean "{near}"? Otherwise, remove it.' if near else "Correct it, or remove it.")


def test_a_text_of_a_route_that_is_no_pattern_is_not_proposed(urls):
    urls.append(re_path(r"^a\+\)\+b/$", page))
    assert found([{"pattern": "/a+b+b", **ADMIN}])[0].hint == "Correct it, or remove it."


def test_a_dead_exclude(urls):
    assert ids(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/abuot"]) == ["sessionkit.W016"]
    assert ids(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["shop_*"]) == ["sessionkit.W016"]


def test_a_long_list_of_dead_rules_has_hints_for_the_first(urls):
    messages = found([{"pattern": f"/users{number}", **ADMIN} for number in range(30)])
    assert [one.hint.startswith("Did") for one in messages] == [True] * 20 + [False] * 10


@pytest.mark.parametrize(
    "settings",
    [
        {"STATIC_URL": "/assets/"},
        {"MEDIA_URL": "assets/"},
        {"MIDDLEWARE_ADDED": "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"},
        {"ROOT_URLCONF": None},
    ],
)
def test_no_rule_is_dead_where_something_else_may_answer(urls, settings):
    rules = [{"pattern": "/assets/private/**", **ADMIN}]
    assert ids(rules) == ["sessionkit.W016"]
    middleware = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ]
    added = settings.pop("MIDDLEWARE_ADDED", None)
    with override_settings(MIDDLEWARE=[*middleware, added] if added else middleware):
        assert ids(rules, **settings) == []


def test_no_rule_is_dead_under_a_catch_all(urls):
    rules = [{"pattern": "/members/**", **ADMIN}]
    for route in (path("<path:url>", page), re_path(r"^((?:[\w\-]+/)*)$", page), re_path(r"^(?P<url>.*)$", page)):
        urls[len(PAGES) :] = [route]
        with override_settings(ROOT_URLCONF=fresh(urls)):
            assert ids(rules) == []


def fresh(patterns):
    """Return the name of a new URLconf module, because Django caches resolvers."""
    module = ModuleType(f"urls_{id(patterns)}_{len(sys.modules)}")
    module.urlpatterns = list(patterns)
    sys.modules[module.__name__] = module
    return module.__name__


def test_an_empty_urlconf_has_nothing_to_be_compared_with(urls):
    urls.clear()
    assert ids([{"pattern": "/users", **ADMIN}]) == []


@pytest.mark.parametrize(
    ("rules", "label"),
    [
        ([{"pattern": "/articles/**", "authenticated": True}, {"pattern": "/articles/new", **ADMIN}], "[0]"),
        ([{"pattern": "/articles/**", **ADMIN}, {"pattern": "/articles/new", "public": True}], "[0]"),
        ([{"pattern": "/users", **ADMIN}, {"pattern": "/users/", "methods": ["POST"], "role": "x"}], "[0]"),
        (
            [
                {"pattern": "/users", "methods": "unsafe", **ADMIN},
                {"pattern": "/users", "methods": ["POST", "PUT"], "role": "x"},
                {"pattern": "/users", "authenticated": True},
            ],
            "[0]",
        ),
        (
            [
                {"pattern": "/users", "methods": "unsafe", **ADMIN},
                {"pattern": "/users", "methods": "unsafe", "role": "x"},
                {"pattern": "/users", "authenticated": True},
            ],
            "[0]",
        ),
        ([{"pattern": "/shop/**", **ADMIN}, {"view": "shop:edit", "role": "x"}], "[0]"),
        ([{"view": "shop:*", **ADMIN}, {"view": "shop:edit", "role": "x"}], "[0]"),
        ([{"view": "shop:*", **ADMIN}, {"view": "shop:*", "pattern": "/shop/**", "role": "x"}], "[0]"),
    ],
)
def test_a_shadowed_rule(urls, rules, label):
    (message,) = found(rules)
    assert message.id == "sessionkit.E020"
    assert message.msg == (
        "SESSIONKIT_PROTECT[1]: the rule never decides a request. "
        f"An earlier rule matches all its requests first: SESSIONKIT_PROTECT{label}."
    )
    assert message.hint == f"Move SESSIONKIT_PROTECT[1] above SESSIONKIT_PROTECT{label}, or remove it."


def test_two_rules_may_shadow_one_together(urls):
    rules = [
        {"pattern": "/users", **ADMIN},
        {"pattern": "/articles/**", **ADMIN},
        {"pattern": ["/users", "/articles/new"], "role": "x"},
    ]
    (message,) = found(rules)
    assert "SESSIONKIT_PROTECT[0] and SESSIONKIT_PROTECT[1]" in message.msg


@pytest.mark.parametrize(
    "rules",
    [
        [{"pattern": "/articles/new", **ADMIN}, {"pattern": "/articles/**", "authenticated": True}],
        [{"pattern": "/users", "methods": ["POST"], **ADMIN}, {"pattern": "/users", "authenticated": True}],
        [{"pattern": "/users", "methods": "unsafe", **ADMIN}, {"pattern": "/users", "methods": ["GET"], "role": "x"}],
        [{"view": "shop:list", **ADMIN}, {"pattern": "/shop/**", "role": "x"}],
        [{"view": "shop:list", **ADMIN}, {"view": "shop:*", "role": "x"}],
        [{"pattern": "/articles/*", **ADMIN}, {"pattern": "/articles/**", "role": "x"}],
        [{"pattern": "/users", "i18n": False, **ADMIN}, {"pattern": "/users", **ADMIN}],
    ],
)
def test_a_rule_that_still_decides_something_is_not_shadowed(urls, rules):
    assert "sessionkit.E020" not in ids(rules)


LAX = {"pattern": "/articles/**", "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]}


@pytest.mark.parametrize(
    ("lax", "strict"),
    [
        ({"authenticated": True}, ADMIN),
        ({"public": True}, ADMIN),
        ({"roles": ["admin", "editor"]}, ADMIN),
        ({"role": "editor"}, {"require": Role("editor") & Role("chief")}),
        ({"require": Role("editor") | Role("chief")}, {"role": "editor"}),
        ({"permission": "a"}, {"permissions": ["a", "b"]}),
        ({"any_permission": ["a", "b"]}, {"permission": "a"}),
        ({"any_permission": ["a", "b"]}, {"any_permission": ["a"]}),
        ({"role": "editor"}, {"role": "head"}),
        ({"authenticated": True}, {"require": ~Role("banned")}),
    ],
)
def test_a_weaker_rule_before_a_stricter_one(urls, lax, strict):
    roles = {"head": {"inherits": ["editor"]}, **{name: {} for name in ("admin", "editor", "chief", "banned")}}
    with override_settings(SESSIONKIT_ROLES=roles):
        wide_first = ids([{**LAX, **lax}, {"pattern": "/articles/new", **strict}])
        crossing = ids([{"pattern": "/*/new", **lax}, {"pattern": ["/articles", "/articles/*"], **strict}])
        narrow_first = ids([{"pattern": "/articles/new", **strict}, {**LAX, **lax}])
    assert wide_first == crossing == ["sessionkit.W017"]
    assert narrow_first == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({**LAX, "role": "editor"}, {"pattern": "/articles/new", "role": "chief"}),  # neither requires less
        ({**LAX, **ADMIN}, {"pattern": "/articles/new", "authenticated": True}),
        ({"pattern": "/articles/new", "authenticated": True}, {"pattern": "/articles/**", **ADMIN}),  # an exception
        ({"view": "new-article", "authenticated": True}, {"pattern": "/articles/**", **ADMIN}),
        ({"pattern": "/users", "methods": ["GET"], "authenticated": True}, {"pattern": "/users", **ADMIN}),
        (
            {"pattern": "/articles/**", "methods": ["GET", "HEAD", "OPTIONS"], "authenticated": True},
            {"pattern": "/articles/new", "methods": "unsafe", **ADMIN},
        ),
        ({**LAX, "allow": "support.bad_settings.predicate"}, {"pattern": "/articles/new", **ADMIN}),
        ({**LAX, "authenticated": True}, {"pattern": "/articles/new", "allow": "support.bad_settings.predicate"}),
        ({**LAX, "require": ~Role("a")}, {"pattern": "/articles/new", "require": ~Role("b")}),
        ({**LAX, "permission": "a"}, {"pattern": "/articles/new", **ADMIN}),
        ({"pattern": "/users/**", "authenticated": True}, {"pattern": "/articles/**", **ADMIN}),
    ],
)
def test_rules_that_do_not_weaken_a_later_one(urls, earlier, later):
    assert "sessionkit.W017" not in ids([earlier, later])


def test_the_message_of_a_weaker_rule(urls):
    (message,) = found([{**LAX, "authenticated": True}, {"name": "new", "pattern": "/articles/new", **ADMIN}])
    assert message.msg == (
        "new: SESSIONKIT_PROTECT[0] is above this rule and requires less. "
        "GET /articles/new/ only requires Authenticated()."
    )
    assert message.hint == "Move new above SESSIONKIT_PROTECT[0]."


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("/articles/secret", 'Write "/articles/*", or name the view: {"view": "article"}.'),
        ("/articles/7/month.csv", 'Write "/articles/*/*", or name the view: {"view": "export"}.'),
        ("/shop/7/edit", 'Write "/shop/*/edit", or name the view: {"view": "shop:edit"}.'),
        ("/kind/new", 'Write "/kind/*", or name the view: {"view": "kind"}.'),
    ],
)
def test_a_pattern_about_some_spellings_of_a_route(urls, pattern, hint):
    (message,) = found([{"pattern": pattern, **ADMIN}])
    assert (message.id, message.hint) == ("sessionkit.W018", hint)


@pytest.mark.parametrize(
    "rule",
    [
        {"pattern": "/articles/new", **ADMIN},  # it matches a whole route
        {"pattern": ["/kind/new", "/kind/old"], **ADMIN},
        {"pattern": "/articles/secret", "deny": True},
        {"pattern": "/static/*", **ADMIN},
    ],
)
def test_patterns_that_name_a_route_as_a_whole(urls, rule):
    assert ids([rule], STATIC_URL="/static/") == []


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"pattern": "/users", "methods": ["POST"]}, "PUT, PATCH, DELETE of /users/"),
        ({"pattern": "/users", "methods": ["GET"]}, "POST, PUT, PATCH, DELETE of /users/"),
        ({"view": "users", "methods": ["POST", "PUT", "PATCH"]}, "DELETE of /users/"),
    ],
)
def test_methods_that_leave_others_open(urls, rule, left):
    (message,) = found([{**rule, **ADMIN}])
    assert message.id == "sessionkit.W019"
    assert f'its "methods" do not include {left}. These are open to everyone.' in message.msg


def test_a_page_that_is_open_under_one_spelling_does_not_guard_the_others(urls):
    rules = [
        {"pattern": "/articles/free", "public": True},
        {"view": "article", "methods": ["POST"], **ADMIN},
    ]
    assert ids(rules) == ["sessionkit.W018", "sessionkit.W019"]


def test_methods_that_leave_nothing_open(urls):
    post = {"pattern": "/users", "methods": ["POST"], **ADMIN}
    assert ids([post, {"pattern": "/users", "authenticated": True}]) == []
    assert ids([{**post, "methods": "unsafe"}]) == []
    assert ids([{**post, "pattern": "/read", "methods": ["GET"]}]) == []  # it answers no other method
    assert ids([{**post, "pattern": "/mine"}]) == []  # its view requires a session itself
    assert ids([{**post, "public": True} | {"role": None}][:0]) == []
    assert ids([post], SESSIONKIT_GLOBAL_PROTECT=True) == []
    assert ids([post], SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/users"]) == ["sessionkit.W019"]
    assert ids([{"pattern": "/about", "methods": ["POST"], **ADMIN}], SESSIONKIT_GLOBAL_PROTECT=True) == [
        "sessionkit.W019"
    ]


def test_an_exclude_of_a_protected_page(urls):
    rules = [{"name": "staff", "pattern": "/users", **ADMIN}]
    for exclude in ("/users", "users"):
        (message,) = found(rules, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=[exclude])
        assert message.id == "sessionkit.W020"
        assert message.msg == (
            f'SESSIONKIT_EXCLUDE: "{exclude}" does not open /users/. An exclude only exempts it from the default, '
            "and the page is also protected by staff."
        )
        key = "pattern" if "/" in exclude else "view"
        opening = {key: exclude, "public": True}
        assert message.hint == (
            f'Remove "{exclude}" from SESSIONKIT_EXCLUDE. If the page is meant to be open, '
            f'add {{"{key}": "{exclude}", "public": True}} above staff.'
        )
        with override_settings(SESSIONKIT_PROTECT=[opening, *rules], SESSIONKIT_GLOBAL_PROTECT=True):
            assert Client().get("/users/").status_code == 200
    (message,) = found(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/mine"])
    assert f"protected by the view {__name__}.guarded." in message.msg
    assert message.hint.endswith(f" open, remove the decorator or mixin of the view {__name__}.guarded.")
    both = [
        {"name": "mine", "pattern": "/mine", "methods": ["GET"], **ADMIN},
        {"name": "rest", "pattern": "/mine", **ADMIN},
    ]
    (message,) = found(both, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["mine"])
    assert f"protected by mine and by the view {__name__}.guarded." in message.msg
    assert 'open, add {"view": "mine", "public": True} above mine and remove the decorator' in message.hint


def test_an_exclude_around_a_protected_page_is_right(urls):
    rules = [{"pattern": "/articles/new", **ADMIN}, {"pattern": "/users", "methods": "unsafe", **ADMIN}]
    assert ids(rules, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/articles/**", "/users"]) == []


@pytest.mark.parametrize("exclude", ["/**", "/**/**", "*", "s*"])
def test_an_exclude_that_is_wider_than_it_looks(urls, exclude):
    assert ids(SESSIONKIT_EXCLUDE=[exclude]) == ["sessionkit.W038"]
    assert ids(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=[exclude]) == ["sessionkit.W021"]
    assert ids(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["shop:*", "/articles/*", "article*"]) == []


OR_ELSE = "Name another page. Or, if every user may open this one, add "


def test_a_rule_that_denies_its_own_redirect_target(urls):
    for target in ("/shop/?why=plan", "shop:list"):
        (message,) = found([{"pattern": "/shop/**", **ADMIN, "redirect_to": target}])
        assert message.id == "sessionkit.W022"
        assert message.hint == OR_ELSE + '{"pattern": "/shop/", "authenticated": True} above SESSIONKIT_PROTECT[0].'
    for target in ("/users/", "users"):
        assert ids([{"pattern": "/shop/**", **ADMIN, "redirect_to": target}]) == []


SHOP = {"pattern": "/shop/**", **ADMIN, "redirect_to": "/en/shop/"}


@pytest.mark.parametrize(
    ("others", "rule", "pattern"),
    [
        ([], SHOP, '"/shop/"'),
        ([], {**SHOP, "pattern": "/**"}, '["/en/shop/", "/shop/"]'),
        ([{"pattern": "/en/**", "authenticated": True}], SHOP, '"/shop/"'),
        ([{"pattern": "/*/shop", "public": True}], SHOP, '"/shop/"'),
    ],
)
def test_a_redirect_target_that_is_denied_without_its_language(others, rule, pattern):
    translated = i18n_patterns(*PAGES)
    with override_settings(ROOT_URLCONF=fresh(translated), LANGUAGE_CODE="en"):
        (message,) = [one for one in found([*others, rule]) if one.id == "sessionkit.W022"]
        place = f"SESSIONKIT_PROTECT[{len(others)}]"
        assert message.hint == OR_ELSE + f'{{"pattern": {pattern}, "authenticated": True}} above {place}.'
        opener = {"pattern": json.loads(pattern), "authenticated": True}
        assert "sessionkit.W022" not in ids([*others, opener, rule])
        for rules, status in (([*others, rule], 403), ([*others, opener, rule], 200)):
            with override_settings(SESSIONKIT_PROTECT=rules):
                assert browser(READER).get("/en/shop/").status_code == status


def test_a_redirect_target_that_is_denied_in_another_letter_case(urls):
    urls.append(path("Up/", page, name="up"))
    rules = [{"pattern": "/up/**", **ADMIN, "redirect_to": "/Up/"}, {"pattern": "/Up/**", "authenticated": True}]
    (message,) = [one for one in found(rules) if one.id == "sessionkit.W022"]
    assert message.hint == OR_ELSE + '{"pattern": "/up/", "authenticated": True} above SESSIONKIT_PROTECT[0].'


def test_a_view_that_sends_people_to_the_login_page_of_another_site(urls):
    urls += [
        path("programs/", require(Role("a"), api=True)(Reader().get)),
        path("hidden/", require(Role("a"), on_deny="not_found")(Reader().get)),
        path("own/", require(Role("a"), login_url="/login/")(Reader().get)),
        path("shut/", require(Nobody())(Reader().get)),
    ]
    (message,) = found(LOGIN_URL="https://sso.example.org/")
    assert message.id == "sessionkit.W028"
    assert message.msg.startswith(f"{__name__}.guarded: the view sends anonymous callers to the login page, but")
    assert message.hint.startswith("Set SESSIONKIT_LOGIN_URL to a page of this site")
    assert ids(LOGIN_URL="https://sso.example.org/", SESSIONKIT_LOGIN_URL="/login/") == []
    assert ids([{"pattern": "/users", **ADMIN}], LOGIN_URL="https://sso.example.org/") == ["sessionkit.E004"]


def test_a_log_in_page_under_a_rule(urls):
    (message,) = found([{"pattern": "/login/**", "authenticated": True}])
    assert message.id == "sessionkit.W023"
    assert message.hint == 'Add {"pattern": "/login/", "public": True} above SESSIONKIT_PROTECT[0].'
    assert ids([{"pattern": "/users", **ADMIN, "login_url": "/users/"}]) == ["sessionkit.W023"]
    assert ids([{"pattern": "/login", "public": True}, {"pattern": "/login/help", "authenticated": True}]) == []
    translated = [*PAGES[:1], *i18n_patterns(*PAGES[1:])]
    with override_settings(ROOT_URLCONF=fresh(translated), LOGIN_URL="login"):
        rules = [{"pattern": "/login", "public": True}, {"pattern": "/login/**", "authenticated": True}]
        dead, message = found(rules)  # a public rule matches the exact path only
        assert (dead.id, dead.hint) == ("sessionkit.W016", 'Did you mean "/*/login"? Otherwise, remove it.')
        assert dead.msg.endswith(" It opens nothing.")
        assert message.id == "sessionkit.W023"
        assert message.hint == 'Add {"pattern": "/*/login/", "public": True} above SESSIONKIT_PROTECT[1].'
    with override_settings(ROOT_URLCONF=fresh(translated), LOGIN_URL="/login/"):
        rule = {"pattern": "/login/**", "authenticated": True}
        (message,) = found([rule])
        assert message.hint == 'Add {"pattern": "/*/login/", "public": True} above SESSIONKIT_PROTECT[0].'
        assert ids([{"pattern": "/*/login/", "public": True}, rule]) == []
        assert found([{"pattern": "/*/login/", "public": True}, *rules[1:]]) == []


def test_a_route_whose_paths_cannot_be_told(urls):
    urls.append(re_path(r"^archive/(?:\d+/)?list/$", page, name="archive"))
    (message,) = found([{"pattern": "/archive/7/list", **ADMIN}])
    assert message.id == "sessionkit.I003"
    assert "SESSIONKIT_PROTECT[0]: the pattern may match paths of /archive/" in message.msg
    urls.append(re_path(r"^archive/(?:\d+/)?table/$", page, name="table"))
    with override_settings(ROOT_URLCONF=fresh(urls)):
        (message,) = found([{"pattern": "/archive/7/*", **ADMIN}])
    assert "list/ and 1 more route." in message.msg
    assert ids([{"pattern": "/archive/7/list", **ADMIN}, {"pattern": "/archive/**", "authenticated": True}]) == []
    assert ids([{"pattern": "/users", **ADMIN}]) == []


@pytest.mark.parametrize(
    "expression",
    [
        r"^archive/.*/list/$",
        r"^archive/.+-list(?:/old)?/$",
        r"^archive/(?P<year>.*)/(?P<page>\d+)/$",
        r"^archive/(?:\d+/)?(?P<rest>.*)$",
        r"archive/.*",
        r"^(?:\d+/)?.*$",
        r"^archive/(?P<path>(?:[a-z]+/)*)list/$",
        r"^archive/[a-z]*/$",
        r"^\W*archive/.*$",
        r"^\W+archive/.*$",
        r"^[^x]+-archive/(?P<rest>.*)$",
    ],
)
def test_an_expression_is_no_clearer_for_an_any_in_it(urls, expression):
    urls.append(re_path(expression, page, name="archive"))
    (message,) = found([{"pattern": "/archive/7/list", **ADMIN}])
    assert message.id == "sessionkit.I003"


@pytest.mark.parametrize(
    "expression",
    [
        r"^archive/.*$",
        r"^archive/.*",
        r"^archive/(?P<rest>.*)$",
        r"^archive/((?:[\w-]+/)*)$",
        r"^(?P<path>.*)$",
        r"(?P<path>.*)$",
        r"^archive/(?P<year>\d+)/(.*)/?$",
        r"(?i)^archive/(?P<rest>.*)$",
    ],
)
def test_a_known_beginning_with_anything_below_is_clear(urls, expression):
    urls.append(re_path(expression, page, name="archive"))
    assert ids([{"pattern": "/archive/7/list", **ADMIN}]) == []
    urls[-1] = path("", include([urls[-1]]))
    with override_settings(ROOT_URLCONF=fresh(urls)):
        assert ids([{"pattern": "/archive/7/list", **ADMIN}]) == []
    urls[-1] = re_path("^(?:old/)?", include([urls[-1]]))
    with override_settings(ROOT_URLCONF=fresh(urls)):
        assert ids([{"pattern": "/archive/7/list", **ADMIN}]) == ["sessionkit.I003"]


def test_a_route_with_a_language_begins_with_a_language(urls):
    urls[:] = [*urls[:2], *i18n_patterns(*urls[2:], re_path(r"^archive/(?:\d+/)?list/$", page, name="archive"))]
    for pattern in ("/users/**", "/users", "/de/users", "/de/archivist/**"):
        assert "sessionkit.I003" not in ids([{"pattern": pattern, **ADMIN}]), pattern
    for pattern in ("/archive/7/list", "/de/archive/7/list", "/*/archive/7/list", "/DE/archive/**"):
        assert "sessionkit.I003" in ids([{"pattern": pattern, **ADMIN}]), pattern
    for pattern in ("/users/archive/list", "/xx/users"):
        assert ids([{"pattern": pattern, **ADMIN}]) == ["sessionkit.W016"], pattern


class OwnRoute(RoutePattern):
    def match(self, path):
        raise AssertionError("code of the project was run")


class OwnPrefix(LocalePrefixPattern):
    match = OwnRoute.match


class OwnExpression(RegexPattern):
    match = OwnRoute.match


@pytest.mark.parametrize(
    "route",
    [
        URLPattern(OwnRoute("archive/", name="archive", is_endpoint=True), page, name="archive"),
        URLPattern(OwnExpression("^archive/$", name="archive", is_endpoint=True), page, name="archive"),
        URLResolver(OwnPrefix(), [path("archive/", page, name="archive")]),
    ],
)
def test_a_pattern_class_of_the_project_may_match_anything(urls, route):
    urls.append(route)
    (message,) = found([{"pattern": "/archive/7/list", **ADMIN}])
    assert message.id == "sessionkit.I003"
    assert message.hint.startswith('Name the view: {"view": "archive"}.')


def test_a_urlconf_that_includes_itself_has_pages_at_every_depth(urls):
    urls.append(path("sub/", include(urls)))
    urls.append(re_path("^other/", include(urls)))
    assert ids([{"pattern": "/users", **ADMIN}]) == []
    for pattern in ("/sub/sub/users", "/sub/other/users", "/other/users"):
        assert ids([{"pattern": pattern, **ADMIN}]) == ["sessionkit.I003"], pattern
    assert ids([{"pattern": "/below/users", **ADMIN}]) == ["sessionkit.W016"]
    assert ids([{"pattern": "/sub/**", **ADMIN}]) == []


def test_the_admin_and_its_catch_all_are_silent(urls):
    apps = [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django_sessionkit",
    ]
    rules = [{"pattern": "/admin/auth/user/*/change", "role": "chief"}, {"pattern": "/admin/**", **ADMIN}]
    with override_settings(INSTALLED_APPS=apps):
        urls.append(path("admin/", admin.site.urls))
        assert ids(rules) == []


@pytest.mark.parametrize(
    "rules",
    [
        [{"pattern": "/articles/*", **ADMIN}],
        [{"pattern": "/articles/*/", **ADMIN}],
        [{"pattern": "/Articles/*", **ADMIN}],
        [{"pattern": "/articles/*", "methods": ["POST"], **ADMIN}],
        [{"pattern": ["/users", "/articles/*"], **ADMIN}],
        [{"pattern": "/articles", "methods": ["POST"], **ADMIN}, {"pattern": "/articles/*", **ADMIN}],
    ],
)
def test_a_page_that_is_open_above_protected_ones(urls, rules):
    (message,) = [one for one in found(rules) if one.id == "sessionkit.W031"]
    assert message.msg.endswith('/*" does not match /articles/ itself. Everyone may open that page.') or "/*/" in str(
        rules
    )
    assert message.hint.lower() == (
        'write "/articles/**" instead. if everyone is meant to open /articles/, add {"pattern": "/articles", '
        f'"public": true}} above sessionkit_protect[{len(rules) - 1}].'
    )


@pytest.mark.parametrize(
    ("rules", "settings"),
    [
        ([{"pattern": "/articles/**", **ADMIN}], {}),
        ([{"pattern": ["/articles", "/articles/*"], **ADMIN}], {}),
        ([{"pattern": "/articles", "public": True}, {"pattern": "/articles/*", **ADMIN}], {}),
        ([{"pattern": "/articles/*", **ADMIN}], {"SESSIONKIT_GLOBAL_PROTECT": True}),
        (
            [{"pattern": "/articles/*", **ADMIN}],
            {"SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": ["articles"]},
        ),
        ([{"pattern": "/articles/*", "view": "article", **ADMIN}], {}),
        ([{"pattern": "/articles/*", "public": True}], {}),
        ([{"pattern": "/mine/*", **ADMIN}, {"pattern": "/about/*", **ADMIN}], {}),
        ([{"pattern": "/kind/*", **ADMIN}], {}),
    ],
)
def test_a_page_above_protected_ones_that_is_protected_or_meant_to_be_open(urls, rules, settings):
    assert "sessionkit.W031" not in ids(rules, **settings)


def test_pages_with_a_language_prefix(urls):
    urls[:] = [*PAGES[:2], *i18n_patterns(path("news/", page, name="news"), path("about/", page, name="abt"))]
    rules = [{"pattern": "/news", **ADMIN}, {"pattern": "/de/about", "role": "x"}, {"pattern": "/*/about", **ADMIN}]
    assert ids(rules) == []
    assert ids([{"pattern": "/nws", **ADMIN}]) == ["sessionkit.W016"]
    assert ids(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/*/news"]) == []
    assert ids(**DEFAULT, SESSIONKIT_EXCLUDE=["/news"]) == ["sessionkit.W016"]  # an exclude matches the exact path only


def test_a_predicate_on_a_view_that_cannot_be_used(urls):
    needs = {"a": Allow("no.such.thing"), "b": Authenticated() & ~Allow(f"{__name__}.two"), "c": Allow("math.pi")}
    urls += [path(f"{name}/", require(one)(Reader().get), name=name) for name, one in needs.items()]
    messages = found()
    assert [one.id for one in messages] == ["sessionkit.E021"] * 3
    assert "Allow('no.such.thing') cannot be used, so it grants no access. The error is: No module" in messages[0].msg


def test_a_function_about_an_object_that_cannot_be_used(urls):
    class Page(RequireObjectMixin, DetailView):
        object_requirement = Role("editor") | AllowObject("no.such.thing")

    urls += [
        path("a/<int:pk>/", Page.as_view(), name="a"),
        path("c/<int:pk>/", Page.as_view(object_requirement=AllowObject("math.pow")), name="c"),
    ]
    (message,) = found()
    assert (message.id, "AllowObject('no.such.thing') cannot be used" in message.msg) == ("sessionkit.E021", True)
    assert "The function of AllowObject takes (session, obj) or (session, obj, request)." in message.hint


def test_an_object_requirement_without_its_mixin(urls):
    class Page(View):
        object_requirement = AllowObject("math.pow")

        def get(self, request):
            return HttpResponse()

    urls.append(path("a/", Page.as_view(), name="a"))
    (message,) = found()
    assert message.id == "sessionkit.W039"
    assert "has object_requirement, but RequireObjectMixin is not one of its base classes" in message.msg


def test_a_role_on_a_view_that_nobody_declares(urls):
    urls.append(path("a/", require(Role("edtor"))(Reader().get), name="a"))
    assert ids() == []
    (message,) = found(SESSIONKIT_ROLES={"editor": {}})
    assert message.id == "sessionkit.W005"
    assert message.msg.startswith(f'{__name__}.Reader.get requires the role "edtor"')


class Exempt(View):
    def post(self, request):
        return HttpResponse("page")


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (csrf_exempt(require_authenticated(page)), True),
        (csrf_exempt(require_POST(page)), True),
        (csrf_exempt(Exempt.as_view()), True),
        (csrf_exempt(require_GET(page)), False),
        (csrf_exempt(Reader.as_view()), False),
        (page, False),
    ],
)
def test_a_protected_view_that_skips_the_csrf_token(urls, view, expected):
    urls.append(path("hook/", view, name="hook"))
    rules = [{"pattern": "/hook", **ADMIN}]
    assert ("sessionkit.W024" in ids(rules, deploy=True)) is expected
    assert "sessionkit.W024" not in ids(rules)
    own = "support.bad_settings.OwnSource"
    middleware = ["django_sessionkit.middleware.SessionKitMiddleware"]
    assert "sessionkit.W024" not in ids(rules, deploy=True, SESSIONKIT_SOURCE=own, MIDDLEWARE=middleware)


@pytest.mark.parametrize(
    ("rules", "view"),
    [
        ([{"pattern": "/hook", "deny": True}], csrf_exempt(page)),
        ([{"pattern": "/hook", "role": "a", "deny": True}], csrf_exempt(page)),
        ([{"view": "hook", "require": Role("a") & Nobody()}], csrf_exempt(page)),
        ([], csrf_exempt(require(Nobody())(page))),
        ([{"pattern": "/hook", **ADMIN}], csrf_exempt(require(Nobody() & Role("a"))(page))),
        ([{"pattern": "/hook", "public": True}], csrf_exempt(page)),
        (
            [{"pattern": "/hook", "methods": ["POST"], "public": True}, {"pattern": "/**", "deny": True}],
            csrf_exempt(page),
        ),
    ],
)
def test_what_nobody_or_everybody_may_call_may_skip_the_csrf_token(urls, rules, view):
    urls.append(path("hook/", view, name="hook"))
    assert "sessionkit.W024" not in ids(rules, deploy=True, SESSIONKIT_GLOBAL_PROTECT=True)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"pattern": "/hook", "methods": ["GET"], "deny": True}],
        [{"pattern": "/hook", "methods": ["POST"], "deny": True}, {"pattern": "/hook", **ADMIN}],
        [{"pattern": "/hook", "require": Role("a") | Nobody()}],
    ],
)
def test_what_some_session_may_call_may_not(urls, rules):
    urls.append(path("hook/", csrf_exempt(page), name="hook"))
    assert "sessionkit.W024" in ids(rules, deploy=True, SESSIONKIT_GLOBAL_PROTECT=True)


def test_a_view_that_nobody_protects_may_skip_the_csrf_token(urls):
    urls.append(path("hook/", csrf_exempt(page), name="hook"))
    assert "sessionkit.W024" not in ids(deploy=True)


@override_settings(ROOT_URLCONF="no_such_urls")
def test_a_urlconf_that_cannot_be_read_is_not_for_us_to_report():
    assert ids([{"pattern": "/x", **ADMIN}]) == []


def test_an_invalid_policy_is_not_compared_with_anything(urls):
    assert ids([{"pattern": "/nowhere", **ADMIN}, {"rol": 1}]) == ["sessionkit.E001"]


def test_checks_run_no_view_no_predicate_and_no_query(urls, django_assert_num_queries, db):
    urls.append(path("a/", require(Allow(forbidden))(forbidden), name="a"))
    with django_assert_num_queries(0), override_settings(SESSIONKIT_PROTECT=[{"pattern": "/a", "allow": forbidden}]):
        call_command("check", "--deploy", "--tag", "sessionkit", stdout=StringIO(), stderr=StringIO())


def forbidden(*args):
    raise AssertionError("run by a check")


class Listed(View):
    required_roles = ["editor"]

    def get(self, request):
        return HttpResponse("page")


class Wanted(RequirePermissionMixin, Reader):
    required_permissions = ["posts:read"]


class OfTheProject(View):
    required_permissions = ()

    def get(self, request):
        return HttpResponse("page")


class Reads(OfTheProject):
    required_permissions = ["posts:read"]


@pytest.mark.parametrize(
    ("view", "attributes", "named"),
    [
        (Listed, {}, ["has required_roles, but RequireRoleMixin"]),
        (Listed, {"required_roles": "editor"}, ["has required_roles, but RequireRoleMixin"]),
        (Reader, {"required_permissions": ("a",)}, ["has required_permissions, but RequirePermissionMixin"]),
        (Reader, {"required_any_permission": {"a"}}, ["has required_any_permission, but RequirePermissionMixin"]),
        (Reader, {"required_role": "a"}, ["has required_role, but RequireRoleMixin"]),
        (Reader, {"required_permission": "a"}, ["has required_permission, but RequirePermissionMixin"]),
        (Reader, {"required_any_permissions": ["a"]}, ["has required_any_permissions, but RequirePermissionMixin"]),
        (Listed, {"required_permissions": ["a"]}, ["has required_roles", "has required_permissions"]),
        (Wanted, {}, []),
        (Reads, {}, []),
        (Reader, {"required_roles": []}, []),
        (Reader, {"required_roles": property(lambda self: ["editor"])}, []),
    ],
)
def test_an_attribute_of_a_mixin_that_the_view_does_not_have(urls, view, attributes, named):
    changed = type("Changed", (view,), attributes)
    urls[:] = [*PAGES[:2], path("changed/", changed.as_view()), path("again/", changed.as_view()), path("f/", page)]
    messages = found()
    assert [one.id for one in messages] == ["sessionkit.W039"] * len(named)
    assert all(text in one.msg for text, one in zip(named, messages, strict=True))
    assert all(one.hint.startswith("Write class Changed(Require") for one in messages)


@pytest.mark.parametrize("name", ["SESSIONKIT_EXCLUDE", "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED"])
def test_an_exception_from_a_default_that_is_not_set(urls, name):
    value = ["/users"] if name == "SESSIONKIT_EXCLUDE" else True
    (message,) = found(**{name: value})
    assert (message.id, message.hint) == ("sessionkit.W038", f"Set SESSIONKIT_GLOBAL_PROTECT = True, or remove {name}.")
    assert message.msg.startswith(f"SESSIONKIT_GLOBAL_PROTECT is not True, so nothing uses {name}.")
    assert ids(**DEFAULT, SESSIONKIT_EXCLUDE=["/", "/users"]) == []
    with override_settings(SESSIONKIT_PROTECT=[7]):
        assert [one.id for one in run_checks(tags=["sessionkit"])] == ["sessionkit.E001"]
