"""The simulation agrees with the guard and the views, and runs no code of the project."""

from __future__ import annotations

import logging

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.test import override_settings
from django.urls import path, re_path
from django.views.generic import View
from support.sessions import browser

from django_sessionkit import (
    Allow,
    AllowObject,
    Authenticated,
    Factor,
    Impersonated,
    Recent,
    RequireObjectMixin,
    Role,
    Within,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import public, require, require_role
from django_sessionkit.matrix.lines import ALLOWED, DELEGATED, DENIED, DEPENDS
from django_sessionkit.matrix.principals import default_principals, parse_principal, principal_of
from django_sessionkit.matrix.simulation import simulate
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.urlconf.inventory import list_routes


class Urls:
    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def page(request, *args, **kwargs):
    raise AssertionError("a view was run")


def alarmed(session):
    raise AssertionError("a predicate was run")


class Nosy(AccessPolicy):
    def get_roles(self, session):
        raise AssertionError("the policy was run")


class Shop(View):
    def get(self, request): ...

    def post(self, request): ...


class Staff(RequireRoleMixin, Shop):
    required_roles = ["staff"]


def table(*patterns, rules=(), **settings):
    """Return a dict: route and methods → caller → outcome."""
    with override_settings(SESSIONKIT_PROTECT=list(rules), **settings):
        routes = list_routes(Urls(*patterns))
        callers = default_principals(routes)
        return {
            (line.route if line.methods == "any" else f"{line.route} {line.methods}"): {
                **{one.caller: one.outcome for one in line.squares},
                "by": " + ".join(line.deciders),
                "why": [one.why for one in line.squares],
                "unprotected": line.is_unprotected,
            }
            for line in simulate(routes, callers)
        }


def outcomes(row):
    return {name: value for name, value in row.items() if name not in {"by", "why", "unprotected"}}


def test_every_known_role_is_asked_about():
    found = table(
        path("a/", require_role("from-a-view")(page)),
        path("b/", Staff.as_view()),
        rules=[{"pattern": "/c", "require": ~Role("from-a-rule")}],
        SESSIONKIT_ROLES={"declared": {}},
    )
    assert list(outcomes(found["/a/"])) == [
        "anonymous",
        "any session",
        "declared",
        "from-a-rule",
        "from-a-view",
        "staff",
    ]


def test_a_name_too_long_for_any_session_is_nobody():
    assert list(outcomes(table(path("a/", require_role("x" * 151)(page)))["/a/"])) == ["anonymous", "any session"]


def test_rules_and_views_are_asked_as_a_request_would():
    found = table(
        path("open/", page),
        path("both/", require_role("editor")(page)),
        path("inherits/", page),
        rules=[{"pattern": "/both", "authenticated": True, "name": "ours"}, {"pattern": "/inherits", "role": "editor"}],
        SESSIONKIT_ROLES={"chief": {"inherits": ["editor"]}, "editor": {}},
    )
    nobody = dict.fromkeys(["anonymous", "any session", "chief", "editor"], DENIED)
    assert outcomes(found["/open/"]) == dict.fromkeys(nobody, ALLOWED)
    assert outcomes(found["/both/"]) == {**nobody, "chief": ALLOWED, "editor": ALLOWED}
    assert found["/both/"]["by"] == "ours + view: Role('editor')"
    assert found["/both/"]["why"][:2] == ["ours: needs a session", 'view: needs the role "editor"']
    assert outcomes(found["/inherits/"]) == {**nobody, "chief": ALLOWED, "editor": ALLOWED}


@pytest.mark.parametrize(
    ("settings", "by", "anonymous", "unprotected"),
    [
        ({}, "unprotected", ALLOWED, True),
        ({"SESSIONKIT_GLOBAL_PROTECT": True}, "SESSIONKIT_GLOBAL_PROTECT", DENIED, False),
        ({"SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": ["/x"]}, "SESSIONKIT_EXCLUDE", ALLOWED, False),
        ({"SESSIONKIT_EXCLUDE": ["shown"]}, "SESSIONKIT_EXCLUDE", ALLOWED, False),
        ({"rules": [{"pattern": "/x", "public": True}]}, "SESSIONKIT_PROTECT[0]", ALLOWED, False),
        ({"rules": [{"view": "shown", "deny": True}]}, "SESSIONKIT_PROTECT[0]", DENIED, False),
        ({"rules": [{"pattern": "/**", "authenticated": True}], "LOGIN_URL": "/x/"},
         "login page + SESSIONKIT_PROTECT[0]", ALLOWED, False),
    ],
)  # fmt: skip
def test_what_opens_or_closes_a_route_is_named(settings, by, anonymous, unprotected):
    row = table(path("x/", page, name="shown"), **settings)["/x/"]
    assert (row["by"], row["anonymous"], row["unprotected"]) == (by, anonymous, unprotected)


def test_a_public_rule_above_a_closed_one_decides_alone():
    rules = [{"pattern": "/Api/ok", "public": True, "name": "ok"}, {"pattern": "/Api/**", "deny": True, "name": "api"}]
    found = table(path("Api/ok/", page), path("api/ok/", page), rules=rules)
    assert (found["/Api/ok/"]["by"], found["/Api/ok/"]["anonymous"]) == ("ok", ALLOWED)
    assert (found["/api/ok/"]["by"], found["/api/ok/"]["anonymous"]) == ("api", DENIED)


def test_a_view_marked_public_is_no_oversight():
    row = table(path("x/", public(lambda request: None)), SESSIONKIT_GLOBAL_PROTECT=True)["/x/"]
    assert (row["by"], row["anonymous"], row["unprotected"]) == ("@public", ALLOWED, False)


def test_verbs_that_are_decided_alike_share_a_row():
    rules = [
        {"pattern": "/shop", "methods": ["POST"], "role": "seller"},
        {"pattern": "/any", "methods": "unsafe", "deny": True},
    ]
    found = table(path("shop/", Shop.as_view()), path("any/", page), path("same/", page), rules=rules)
    assert list(found) == ["/shop/ GET HEAD OPTIONS", "/shop/ POST", "/any/ GET", "/any/ POST", "/same/"]
    assert found["/shop/ POST"]["any session"] == DENIED
    assert found["/shop/ GET HEAD OPTIONS"]["unprotected"]
    assert not found["/shop/ POST"]["unprotected"]


def test_a_verb_that_only_a_rule_names_is_asked_of_function_views():
    found = table(path("x/", page), rules=[{"pattern": "/x", "methods": ["DELETE"], "role": "admin"}])
    assert list(found) == ["/x/ GET POST", "/x/ DELETE"]


def test_a_rule_for_some_paths_of_a_route_never_makes_it_look_open_or_shut():
    found = table(
        path("users/<int:pk>/", page),
        path("users/<slug:name>/", page),
        path("files/<path:name>", page),
        path("v<int:n>/", page),
        rules=[
            {"pattern": "/users/admin", "role": "admin"},
            {"pattern": "/files/**/secret", "deny": True},
            {"pattern": "/logs/*/**", "deny": True},
            {"pattern": ["/v2", "/version"], "authenticated": True},
        ],
    )
    row = found["/users/<slug:name>/"]
    assert (row["anonymous"], row["admin"], row["unprotected"]) == (DEPENDS, ALLOWED, True)
    assert row["why"][0] == "allowed on /users/x/; denied on /users/admin/ (SESSIONKIT_PROTECT[0]: needs a session)"
    assert row["by"] == "unprotected + SESSIONKIT_PROTECT[0]"
    assert found["/users/<int:pk>/"]["anonymous"] == ALLOWED
    assert found["/files/<path:name>"]["admin"] == DEPENDS
    assert "/files/secret" in found["/files/<path:name>"]["why"][0]
    assert "/v2/" in found["/v<int:n>/"]["why"][0]
    assert "/version/" not in found["/v<int:n>/"]["why"][0]


def test_an_expression_beyond_derivation_is_tried_with_what_the_rules_name():
    row = table(re_path(r"^(?P<rest>.*)$", page), rules=[{"pattern": "/inner/*", "deny": True}])["/<rest>"]
    assert row["anonymous"] == DEPENDS
    assert "/inner/x" in row["why"][0]


@pytest.mark.parametrize(
    ("pattern", "in_doubt"),
    [
        ("/shop/abc/**", True),
        ("/shop/ab/*/reviews", True),
        ("/sho/**", False),
        ("/shop", True),
        ("/other/**", False),
        ("/**/secret/reviews", True),
        ("/x/**/reviews", False),
    ],
)
def test_a_rule_that_may_be_about_a_route_that_cannot_be_followed_leaves_a_doubt(pattern, in_doubt):
    row = table(re_path(r"^shop/(ab.*)?/reviews/$", page), rules=[{"pattern": pattern, "deny": True}])
    assert row["/shop/(ab.*)?/reviews/"]["anonymous"] == (DEPENDS if in_doubt else ALLOWED)


def test_a_lead_may_end_within_a_segment():
    def outcome(pattern):
        rules = [{"pattern": pattern, "deny": True}]
        return table(re_path(r"^shop/new-(?:a/b|c)", page), rules=rules)["/shop/new-(?:a/b|c)"]["anonymous"]

    assert [outcome(f"/shop/{name}") for name in ("new-x", "old", "new-a/b")] == [DEPENDS, ALLOWED, DEPENDS]
    assert outcome("/shop") == ALLOWED


def test_a_route_with_an_optional_segment_is_not_in_doubt_because_of_rules_elsewhere():
    rules = [{"pattern": ["/orders/**", "/order-statuses/form"], "deny": True}]
    found = table(re_path(r"^order-status/([\w-]*)/(\w+)/$", page), re_path(r"^m/([^.]+)\.x/$", page), rules=rules)
    assert {row["anonymous"] for row in found.values()} == {ALLOWED}


def test_what_a_rule_names_is_looked_for_behind_the_language():
    urls = i18n_patterns(re_path(r"^(?P<rest>.*)$", page))
    row = table(*urls, rules=[{"pattern": "/intern/*", "deny": True}], **LANGUAGES)["/<language>/<rest>"]
    assert "denied on /en/intern/x" in row["why"][0]
    assert "further" not in row["why"][0]


def test_what_may_be_taken_for_a_language_is_looked_at():
    urls = [path("<slug:s>/about/", page), path("x/about/", page), *i18n_patterns(path("", page))]
    found = table(*urls, rules=[{"pattern": "/about", "deny": True}], **LANGUAGES)
    assert found["/<slug:s>/about/"]["why"][0].endswith(
        "denied on /en/about/ (SESSIONKIT_PROTECT[0]: nobody may do this)"
    )
    assert found["/x/about/"]["anonymous"] == ALLOWED


def test_paths_of_other_lengths_are_looked_at_where_an_earlier_route_takes_the_short_ones():
    urls = [re_path(r"^(\w+)/(\w+)/?$", page), path("<slug:s>/<path:p>", page)]
    row = table(*urls, rules=[{"pattern": "/**/1", "deny": True}])["/<slug:s>/<path:p>"]
    assert "/x/x/1" in row["why"][0]


def test_a_doubt_is_told_in_every_language():
    urls = i18n_patterns(re_path(r"^shop/(.*)/reviews/$", page))
    row = table(*urls, rules=[{"pattern": "/de/shop/a/**", "deny": True}], **LANGUAGES)[
        "/<language>/shop/(.*)/reviews/"
    ]
    assert row["anonymous"] == DEPENDS
    assert row["why"][0].endswith("/de/shop/a/** may match other paths")
    covered = table(*urls, rules=[{"pattern": "/fr/shop/**", "deny": True}], **LANGUAGES)[
        "/<language>/shop/(.*)/reviews/"
    ]
    assert "denied on /fr/shop/" in covered["why"][0]


def test_paths_that_lead_to_an_earlier_route_do_not_count():
    found = table(
        path("", page),
        path("admin/", page),
        re_path("^(?P<kind>about|help)/$", page),
        path("<path:page>", page),
        rules=[{"pattern": ["/admin", "/about"], "role": "admin"}, {"pattern": "/shut/**", "deny": True}],
    )
    assert found["/<kind>/"]["anonymous"] == DEPENDS
    assert found["/<path:page>"]["why"][0].count(" on ") == 2
    assert " /admin/ (" not in found["/<path:page>"]["why"][0]
    assert " /admin (" in found["/<path:page>"]["why"][0]  # which is not a path of the first route
    assert "/shut" in found["/<path:page>"]["why"][0]


def test_values_that_a_rule_names_by_chance_are_avoided():
    rules = [{"pattern": "/a/x", "deny": True}]
    assert table(path("a/<slug:s>/", page), rules=rules)["/a/<slug:s>/"]["why"][0].startswith(
        "allowed on /a/y/; denied on /a/x/"
    )


def test_more_paths_than_can_be_looked_at_depend():
    rules = [{"pattern": f"/a/n{number}", "deny": True} for number in range(300)]
    assert table(path("a/<slug:s>/", page), rules=rules)["/a/<slug:s>/"]["why"][0].endswith(
        "more paths were not checked"
    )
    everything = [*rules, {"pattern": "/a/*", "deny": True}]
    row = table(path("a/<slug:s>/", page), rules=everything)["/a/<slug:s>/"]
    assert row["anonymous"] == DEPENDS
    assert len(row["why"][0]) < 300


def test_a_reason_is_told_for_a_few_paths_only():
    rules = [{"pattern": f"/a/n{number}", "deny": True, "name": f"n{number}"} for number in range(5)]
    row = table(path("a/<slug:s>/", page), rules=[*rules, {"pattern": "/a/*", "deny": True, "name": "rest"}])[
        "/a/<slug:s>/"
    ]
    assert row["why"][0] == "rest: nobody may do this; n0: nobody may do this; n1: nobody may do this and 3 more"


def test_a_route_of_which_no_path_can_be_made_depends():
    row = table(re_path(r"^(x)\1$", page))[r"/(x)\1"]
    assert (row["anonymous"], row["why"][0]) == (DEPENDS, "no sample path can be derived from the URL pattern")


LANGUAGES = {"LANGUAGE_CODE": "en", "LANGUAGES": [("en", "English"), ("de", "German"), ("fr", "French")]}


def test_a_rule_without_the_language_counts_for_every_language():
    found = table(*i18n_patterns(path("about/", page)), rules=[{"pattern": "/about", "role": "a"}], **LANGUAGES)
    assert found["/<language>/about/"]["anonymous"] == DENIED


def test_a_rule_for_one_language_makes_it_depend():
    found = table(*i18n_patterns(path("about/", page)), rules=[{"pattern": "/fr/about", "role": "a"}], **LANGUAGES)
    assert "denied on /fr/about/" in found["/<language>/about/"]["why"][0]


def test_an_exclude_without_the_language_opens_no_other_language():
    urls = i18n_patterns(path("about/", page), prefix_default_language=False)
    row = table(*urls, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/about"], **LANGUAGES)[
        "/[<language>/]about/"
    ]
    assert row["anonymous"] == DEPENDS
    assert row["why"][0].startswith("allowed on /about/; denied on /de/about/")


def test_predicates_and_policies_are_not_run_but_a_sure_no_is_told(caplog):
    caplog.set_level(logging.DEBUG)
    rules = [{"pattern": "/x", "allow": alarmed}, {"pattern": "/y", "allow": alarmed}]
    found = table(
        path("x/", page), path("y/", require_role("a")(page)), path("z/", require(Allow(alarmed))(page)), rules=rules
    )
    assert set(outcomes(found["/x/"]).values()) == {DEPENDS}
    assert found["/x/"]["why"][0] == "SESSIONKIT_PROTECT[0]: with approval by alarmed, decided for each request"
    assert outcomes(found["/y/"]) == {"anonymous": DENIED, "any session": DENIED, "a": DEPENDS}
    assert found["/z/"]["anonymous"] == DEPENDS
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_a_confirmed_login_is_a_condition_and_a_missing_right_is_certain():
    rules = [{"pattern": "/x", "role": "a", "recent": 600}, {"pattern": "/y", "recent": 60}]
    urls = [
        path("x/", page),
        path("y/", require(Factor("otp"))(page)),
        path("z/", require(Recent(600) & Factor("otp"))(page)),
    ]
    found = table(*urls, rules=rules)
    assert outcomes(found["/x/"]) == {"anonymous": DENIED, "any session": DENIED, "a": DEPENDS}
    assert "SESSIONKIT_PROTECT[0]: with a login within the last 10 minutes" in found["/x/"]["why"]
    assert outcomes(found["/y/"]) == {"anonymous": DENIED, "any session": DEPENDS, "a": DEPENDS}
    both = 'SESSIONKIT_PROTECT[1]: with a login within the last minute; view: with the factor "otp"'
    assert both in found["/y/"]["why"]
    assert 'view: with a login within the last 10 minutes and the factor "otp"' in found["/z/"]["why"]


def test_what_an_allowed_caller_depends_on_is_in_words():
    """A caller who would be denied with somebody who acts as the user, or in another tenant."""
    in_person, inside = Authenticated() & ~Impersonated(), Within(Role("editor"))
    urls = [
        path("a/", page),
        path("b/", require(inside)(page)),
        path("c/", require(in_person & inside & Recent(60))(page)),
        path("d/", require(Impersonated() | Role("editor"))(page)),
        path("e/", require(inside | Authenticated())(page)),
    ]
    found = table(*urls, rules=[{"pattern": "/a", "require": in_person}], SESSIONKIT_TENANT=lambda request: None)
    callers = ["anonymous", "any session", "editor", "tenant/", "tenant/role=editor"]
    assert [*outcomes(found["/a/"])] == callers
    assert found["/a/"]["why"] == ["SESSIONKIT_PROTECT[0]: needs a session", *["not while impersonating"] * 4]
    assert [*outcomes(found["/b/"]).values()] == [DENIED] * 4 + [ALLOWED]
    assert found["/b/"]["why"][4] == "in the current tenant"
    assert found["/c/"]["tenant/role=editor"] == DEPENDS
    assert found["/c/"]["why"][4] == (
        "view: with a login within the last minute; not while impersonating; in the current tenant"
    )
    assert found["/d/"]["why"][2] == "" == found["/e/"]["why"][4]


def test_a_caller_who_acts_as_the_user_is_not_told_about_it():
    with override_settings(ROOT_URLCONF=Urls(path("a/", require(Impersonated())(page)))):
        caller = principal_of({"user_id": "7", "act": {"user_id": "1"}}, "acting")
        (line,) = simulate(list_routes(), [caller])
    assert line.squares == ((caller.name, ALLOWED, ""),)


def test_a_condition_stands_beside_a_check_of_the_view_itself():
    site = admin.AdminSite(name="own")
    rules = [{"pattern": "/admin/**", "require": Authenticated() & ~Impersonated()}]
    found = table(path("admin/", (site.urls[0], "admin", "own")), rules=rules)
    assert found["/admin/"]["why"][1] == "not while impersonating; Django admin"


def test_a_policy_of_the_project_leaves_only_the_anonymous_certain():
    row = table(path("x/", require_role("a")(page)), SESSIONKIT_ACCESS_POLICY=Nosy)["/x/"]
    assert outcomes(row) == {"anonymous": DENIED, "any session": DEPENDS, "a": DEPENDS}


def test_a_view_with_a_check_of_its_own_is_not_called_open():
    site = admin.AdminSite(name="own")
    found = table(path("admin/", (site.urls[0], "admin", "own")), rules=[{"pattern": "/admin/logout", "role": "a"}])
    row = found["/admin/"]
    assert (row["anonymous"], row["by"], row["unprotected"]) == (DELEGATED, "Django admin", False)
    assert found["/admin/logout/"]["anonymous"] == DENIED
    assert found["/admin/logout/"]["a"] == DELEGATED
    assert found["/admin/logout/"]["by"] == "SESSIONKIT_PROTECT[0] + Django admin"
    login = next(row for text, row in found.items() if text.startswith("/admin/login/"))
    assert login["unprotected"]


def test_djangos_login_middleware_stands_before_every_view_that_does_not_say_otherwise():
    middleware = ["django.contrib.auth.middleware.LoginRequiredMiddleware"]
    found = table(path("x/", page), path("y/", login_not_required(lambda request: None)), MIDDLEWARE=middleware)
    assert (found["/x/"]["anonymous"], found["/x/"]["by"]) == (DELEGATED, "LoginRequiredMiddleware")
    assert found["/y/"]["unprotected"]


def test_the_simulation_agrees_with_the_site():
    """Every route of the test site answers every kind of caller as the simulation says."""
    rules = [
        {"pattern": "/admin/**", "role": "admin"},
        {"pattern": "/page", "permission": "p"},
        {"view": "billing:*", "require": Role("owner") | Role("admin")},
        {"pattern": "/files/**", "authenticated": True},
    ]
    quiet = {"template", "atemplate", "stream", "astream", "needs"}  # which require more than a session
    with override_settings(
        SESSIONKIT_PROTECT=rules, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/who", "home"]
    ):
        routes = [route for route in list_routes() if route.url_name not in quiet]
        callers = default_principals(routes)
        examples = {route.text: route.examples[0] for route in routes}
        assert len(examples) == len(routes)
        for line in simulate(routes, callers):
            for caller, square in zip(callers, line.squares, strict=True):
                client = browser(caller.session.to_dict() if caller.session is not None else None)
                status = client.get(examples[line.route]).status_code
                assert (status == 200) == (square.outcome == ALLOWED), (line.route, caller.name)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("role=editor", {"role": "editor"}),
        ("role=a,role=b,permission=p:q", {"role": "a", "roles": ["b"], "permissions": ["p:q"]}),
        ("roles=a, b,permissions=p,q", {"roles": ["a", "b"], "permissions": ["p", "q"]}),
        ("plan=premium,user_id=7", {"plan": "premium", "user_id": "7"}),
    ],
)
def test_a_principal_is_written_as_keys_and_values(text, data):
    principal = parse_principal(text)
    assert principal.session.to_dict() == {"user_id": "someone", **data}
    assert principal.name == text


def test_the_anonymous_principal_has_a_name():
    assert parse_principal("anonymous").session is None


@pytest.mark.parametrize("text", ["", "editor", "role="])
def test_an_invalid_principal_is_refused(text):
    with pytest.raises(ValueError, match="is not a key=value pair"):
        parse_principal(text)


def test_a_route_with_more_spellings_than_can_be_looked_at_is_denied():
    """The guard denies it too, for any rules."""
    parts = "".join(f"(?:{letter}/)?" for letter in "abcdefghi")
    found = table(re_path(f"^z/{parts}page/$", page), rules=[{"pattern": "/elsewhere", "role": "admin"}])
    (row,) = found.values()
    assert row["by"] == "too many path variants"
    assert set(outcomes(row).values()) == {DENIED}
    assert set(row["why"]) == {"too many path variants: see the log"}


def alarmed_by(session, obj):
    raise AssertionError("a function was run")


class Order(RequireObjectMixin, Shop):
    object_requirement = AllowObject(alarmed_by)

    def get_object(self):
        raise AssertionError("an object was fetched")


def test_a_requirement_for_an_object_is_a_condition(caplog):
    """Nobody is denied for want of an object, nor let in, unless the object does not matter."""
    for requirement, expected in (
        (AllowObject(alarmed_by), {"admin": DEPENDS, "editor": DEPENDS, "anonymous": DEPENDS}),
        (Role("admin") | AllowObject(alarmed_by), {"admin": ALLOWED, "editor": DEPENDS, "anonymous": DEPENDS}),
        (Role("admin") & AllowObject(alarmed_by), {"admin": DEPENDS, "editor": DENIED, "anonymous": DENIED}),
        (~Role("admin") & AllowObject(alarmed_by), {"admin": DENIED, "editor": DEPENDS, "anonymous": DENIED}),
        (Recent(600) & AllowObject(alarmed_by), {"admin": DEPENDS, "editor": DEPENDS, "anonymous": DENIED}),
    ):
        view = Order.as_view(object_requirement=requirement)
        routes = list_routes(Urls(path("order/<int:pk>/", view), path("x/", require_role("admin", "editor")(page))))
        line = next(iter(simulate(routes, default_principals(routes))))
        squares = {square.caller: square for square in line.squares}
        assert {name: squares[name].outcome for name in expected} == expected, requirement
        assert line.deciders == (f"view: {requirement!r}",)
        for square in squares.values():
            if square.outcome == DEPENDS:
                assert square.why.endswith("decided for each request") or "for the object" in square.why
    assert caplog.text == ""
