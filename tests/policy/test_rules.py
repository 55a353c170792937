from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import ResolverMatch
from django.utils.text import format_lazy

from django_sessionkit import (
    Allow,
    AllowObject,
    AnyPermission,
    Authenticated,
    Factor,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
)
from django_sessionkit.patterns import Pattern, compile_pattern
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.first_match import first_matches
from django_sessionkit.policy.path_variants import PathVariant
from django_sessionkit.policy.pattern_index import PatternIndex
from django_sessionkit.policy.rule_parser import parse_exclude, parse_rule
from django_sessionkit.policy.rules import AMBIGUOUS, RuleSet, ViewNamePattern, folded, sole_rule
from django_sessionkit.utils.bounded_cache import LONG

PLACE = "SESSIONKIT_PROTECT[3]"


VIEW_NAME = 'must be a view name or a glob over view names, such as "billing:*"'
NAMED = 'path(..., name="report")'
SECONDS = "the number of seconds must be an integer"
TARGET = "must be a site-relative path or a URL name"
ANY_SESSION = 'write "authenticated": True to require a session, or name a role or permission, such as "role": "editor"'


def allow(session):
    return True


def allow_object(session, obj):
    return True


@pytest.mark.parametrize(
    ("keys", "requirement"),
    [
        ({"authenticated": True}, Authenticated()),
        ({"role": "admin"}, Role("admin")),
        ({"roles": ["a", "b"]}, Role("a", "b")),
        ({"permission": "p"}, Permission("p")),
        ({"permissions": ("p", "q")}, Permission("p", "q")),
        ({"any_permission": ["p", "q"]}, AnyPermission("p", "q")),
        ({"allow": allow}, Allow(allow)),
        ({"allow": "shop.access.is_premium"}, Allow("shop.access.is_premium")),
        ({"require": Role("a") | Permission("p")}, Role("a") | Permission("p")),
        ({"public": True}, Public()),
        ({"deny": True}, Nobody()),
        ({"role": "a", "permissions": ["p"]}, Role("a") & Permission("p")),
        ({"recent": 600}, Recent(600)),
        ({"factor": "otp"}, Factor("otp")),
        ({"factor": ["otp", "hwk"]}, Factor("otp", "hwk")),
        ({"role": "a", "within": True}, Within(Role("a"))),
        ({"role": "a", "within": False}, Role("a")),
    ],
)
def test_the_requirement_keys(keys, requirement):
    assert parse_rule({"pattern": "/a", **keys}, PLACE).requirement == requirement


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, 'a rule must be a dict; write {"pattern": "/reports/**", "authenticated": True}'),
        (["/a"], 'a rule must be a dict; write {"pattern": "/reports/**", "authenticated": True}'),
        ({"pattern": "/a", "rol": "admin"}, 'unknown key "rol"; did you mean "role"?'),
        ({"pattern": "/a", "permisions": ["p"]}, 'unknown key "permisions"; did you mean "permissions"?'),
        ({"pattern": "/a", "group": "admin"}, 'unknown key "group"; did you mean "role"?'),
        ({"patern": "/a", "role": "admin"}, 'unknown key "patern"; did you mean "pattern"?'),
        (
            {"pattern": "/a", "xyzzy": 1},
            (
                'unknown key "xyzzy"; allowed are "allow", "any_permission", "api", "authenticated", "deny", '
                '"factor", "i18n", "login_url", "methods", "name", "on_deny", "pattern", "permission", '
                '"permissions", "public", "recent", "redirect_to", "require", "role", "roles", "view", "within"'
            ),
        ),
        ({"role": "admin"}, 'a rule needs a "pattern" or a "view"; add for example "pattern": "/reports/**"'),
        (
            {"pattern": "/a"},
            (
                'a rule needs a requirement; write "authenticated": True to require a session, or name a role '
                'or permission, such as "role": "editor"'
            ),
        ),
        ({"pattern": [], "role": "a"}, '"pattern" is empty'),
        ({"view": [], "role": "a"}, '"view" is empty'),
        ({"pattern": "a", "role": "a"}, "['pattern']: 'a': a pattern must start with \"/\"; write \"/a\""),
        (
            {"pattern": ["/ok", "/a*"], "role": "a"},
            '[\'pattern\']: \'/a*\': "a*": a wildcard must be a whole segment; write "*" or "**" between slashes',
        ),
        ({"pattern": 7, "role": "a"}, "['pattern']: a pattern must be a str, not int"),
        ({"pattern": {"/a"}, "role": "a"}, "['pattern']: a pattern must be a str, not set"),
        ({"view": "", "role": "a"}, "['view']: must be a view name or a glob over view names, such as \"billing:*\""),
        (
            {"view": "/a", "role": "a"},
            (
                "['view']: must be a view name or a glob over view names, such as \"billing:*\"; a path belongs "
                'in "pattern"'
            ),
        ),
        ({"view": 7, "role": "a"}, "['view']: must be a view name or a glob over view names, such as \"billing:*\""),
        ({"view": "^a", "role": "a"}, f"['view']: {VIEW_NAME}; a path belongs in \"pattern\""),
        ({"view": allow, "role": "a"}, f"['view']: {VIEW_NAME}; write the name of its URL pattern, as in {NAMED}"),
        (
            {"pattern": "/a", "role": "a", "within": 1},
            '"within" must be True or False; write "within": True, or remove the key',
        ),
        (
            {"pattern": "/a", "public": True, "within": True},
            '"within": Public() needs no tenant; remove one of the two',
        ),
        (
            {"pattern": "/a", "require": Role("a") & AllowObject(allow_object)},
            "AllowObject(allow_object) needs an object, and a URL rule has none; use RequireObjectMixin in the view, "
            "or enforce(requirement, obj=...)",
        ),
        ({"pattern": "/a", "factor": 7}, '"factor": must be a single name; write it in quotes, such as "editor"'),
        ({"pattern": "/a", "factor": []}, f'"factor": needs at least one name; {ANY_SESSION}'),
        ({"pattern": "/a", "recent": "10"}, f'"recent": {SECONDS}, not str; write for example Recent(600)'),
        ({"pattern": "/a", "role": "a", "name": 7}, '"name" must be a printable, non-blank string'),
        ({"pattern": "/a", "role": "a", "name": " "}, '"name" must be a printable, non-blank string'),
        ({"pattern": "/a", "role": "a", "login_url": "a/b"}, f"['login_url']: {TARGET}; write \"/a/b\""),
        ({"pattern": "/a", "role": "a", "login_url": "a" * 501}, "['login_url']: must have at most 500 characters"),
        ({"pattern": "/a", "role": ["admin"]}, '"role": must be a single name; use the plural key for a list'),
        ({"pattern": "/a", "role": None}, '"role": must be a single name; write it in quotes, such as "editor"'),
        (
            {"pattern": "/a", "roles": []},
            (
                '"roles": needs at least one name; write "authenticated": True to require a session, or name a '
                'role or permission, such as "role": "editor"'
            ),
        ),
        (
            {"pattern": "/a", "role": "a", "api": "yes"},
            '"api" must be True or False; write "api": True, or remove the key',
        ),
        (
            {"pattern": "/a", "role": "a", "i18n": 0},
            '"i18n" must be True or False; write "i18n": False, or remove the key',
        ),
        ({"pattern": "/a", "role": ""}, '"role": names must not be blank'),
        ({"pattern": "/a", "roles": "admin"}, '"roles": must be a list of names; write ["name"]'),
        (
            {"pattern": "/a", "roles": ["a", 1]},
            '"roles": names must be strings, not int; write them in quotes, such as "editor"',
        ),
        (
            {"pattern": "/a", "permission": "posts:*"},
            '"permission": "posts:*": a required permission cannot have a wildcard; name each permission',
        ),
        ({"pattern": "/a", "permissions": "p"}, '"permissions": must be a list of names; write ["name"]'),
        ({"pattern": "/a", "any_permission": "p"}, '"any_permission": must be a list of names; write ["name"]'),
        ({"pattern": "/a", "allow": 7}, '"allow": needs a callable or its dotted path, not int'),
        ({"pattern": "/a", "allow": "is_owner"}, '"allow": needs a callable or its dotted path, not "is_owner"'),
        ({"pattern": "/a", "allow": lambda: True}, '"allow": <lambda> must take (session) or (session, request)'),
        (
            {"pattern": "/a", "require": "admin"},
            '"require": must be a requirement; write for example Role("owner") | Permission("billing:read")',
        ),
        (
            {"pattern": "/a", "authenticated": False},
            '"authenticated": must be True if present; remove the key otherwise',
        ),
        ({"pattern": "/a", "authenticated": 1}, '"authenticated": must be True if present; remove the key otherwise'),
        ({"pattern": "/a", "public": "yes"}, '"public": must be True if present; remove the key otherwise'),
        ({"pattern": "/a", "deny": None}, '"deny": must be True if present; remove the key otherwise'),
        (
            {"pattern": "/a", "public": True, "role": "a"},
            '"public" cannot be combined with a requirement; remove one of them',
        ),
        (
            {"pattern": "/a", "require": Public() | Role("a")},
            "Public() cannot be combined with a requirement; remove one of them",
        ),
        (
            {"pattern": "/a", "require": Role("a") & (Role("b") | ~Public())},
            "Public() cannot be combined with a requirement; remove one of them",
        ),
        (
            {"pattern": "/a", "require": Public(), "role": "a"},
            "Public() cannot be combined with a requirement; remove one of them",
        ),
        (
            {"pattern": "/a", "role": "a", "methods": "POST"},
            '"methods" must be a list of HTTP verbs, or "unsafe"; write ["POST"]',
        ),
        (
            {"pattern": "/a", "role": "a", "methods": []},
            '"methods" must be a list of HTTP verbs, or "unsafe"; write ["POST"]',
        ),
        (
            {"pattern": "/a", "role": "a", "methods": None},
            '"methods" must be a list of HTTP verbs, or "unsafe"; write ["POST"]',
        ),
        ({"pattern": "/a", "role": "a", "methods": ["post"]}, '"methods": unknown verb \'post\'; did you mean "POST"?'),
        ({"pattern": "/a", "role": "a", "methods": ["PSOT"]}, '"methods": unknown verb \'PSOT\'; did you mean "POST"?'),
        (
            {"pattern": "/a", "role": "a", "on_deny": "redirect"},
            (
                '"on_deny" must be one of "auto", "forbidden", "not_found"; write "forbidden" for a 403 '
                'response, or "not_found" for a 404 response'
            ),
        ),
        ({"pattern": "/a", "role": "a", "api": 1}, '"api" must be True or False; write "api": True, or remove the key'),
        (
            {"pattern": "/a", "role": "a", "redirect_to": "//evil.example"},
            (
                "['redirect_to']: must be a site-relative path or a URL name; other sites, schemes, \"//\", "
                "backslashes, spaces, control characters, lone surrogates are not allowed"
            ),
        ),
        (
            {"pattern": "/a", "role": "a", "login_url": "https://evil.example"},
            (
                "['login_url']: must be a site-relative path or a URL name; other sites, schemes, \"//\", "
                "backslashes, spaces, control characters, lone surrogates are not allowed"
            ),
        ),
        (
            {"pattern": "/a", "role": "a", "redirect_to": ""},
            "['redirect_to']: must be a site-relative path or a URL name, not an empty string",
        ),
        (
            {"pattern": "/a", "role": "a", "redirect_to": 7},
            "['redirect_to']: must be a site-relative path or a URL name, not int",
        ),
        ({"pattern": "/a", "role": "a", "name": ""}, '"name" must be a printable, non-blank string'),
        ({"pattern": "/a", "role": "a", "name": "a\nb"}, '"name" must be a printable, non-blank string'),
        (
            {"pattern": "/a", "role": "a", "i18n": "no"},
            '"i18n" must be True or False; write "i18n": False, or remove the key',
        ),
    ],
)
def test_a_wrong_rule_says_where_what_and_how(raw, message):
    with pytest.raises(ImproperlyConfigured) as caught:
        parse_rule(raw, PLACE)
    assert str(caught.value) == f"{PLACE}{'' if message.startswith('[') else ': '}{message}"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\nb",
        "/a b",
        "https://evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "http:evil.example:80",
        "user@evil.example",
        "evil.example/path",
        "/" + "a" * 500,
        "\x00/a",
        "?next=/",
        " /a",
    ],
)
def test_an_open_redirect_is_refused(target):
    with pytest.raises(ImproperlyConfigured):
        parse_rule({"pattern": "/a", "role": "a", "redirect_to": target}, PLACE)


@pytest.mark.parametrize("target", ["/", "/upgrade/", "/upgrade/?from=a#b", "upgrade", "shop:upgrade", "/" + "a" * 499])
def test_a_target_on_this_site_is_accepted(target):
    assert parse_rule({"pattern": "/a", "role": "a", "redirect_to": target}, PLACE).options.redirect_to == target


@pytest.mark.parametrize(
    ("methods", "covered", "not_covered"),
    [
        (None, ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"], []),
        (["GET"], ["GET", "HEAD"], ["POST", "OPTIONS"]),
        (["HEAD"], ["HEAD"], ["GET"]),
        (["POST", "PUT"], ["POST", "PUT"], ["GET", "DELETE", "PROPFIND"]),
        ("unsafe", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "CONNECT"], ["GET", "HEAD", "OPTIONS", "TRACE"]),
    ],
)
def test_methods(methods, covered, not_covered):
    raw = {"pattern": "/a", "role": "a"} | ({"methods": methods} if methods else {})
    rule = parse_rule(raw, PLACE)
    assert all(map(rule.matches_method, covered))
    assert not any(map(rule.matches_method, not_covered))


@pytest.mark.parametrize(
    ("glob", "name", "is_covered"),
    [
        ("billing:*", "billing:invoice", True),
        ("billing:*", "billing:deep:invoice", True),
        ("billing:*", "billing", False),
        ("billing:*", "xbilling:invoice", False),
        ("*:delete", "shop:order:delete", True),
        ("*:delete", "shop:undelete", False),
        ("shop:*:delete", "shop:order:delete", True),
        ("login", "login", True),
        ("login", "LOGIN", False),
        ("*", "anything", True),
        ("*", None, False),
        ("a.b", "axb", False),
    ],
)
def test_view_globs(glob, name, is_covered):
    assert ViewNamePattern(glob).matches(name) is is_covered


@pytest.mark.parametrize(
    ("raw", "kind"), [("/static/**", Pattern), ("account:*", ViewNamePattern), ("login", ViewNamePattern)]
)
def test_an_exclude_is_a_pattern_or_a_view_name(raw, kind):
    assert isinstance(parse_exclude(raw, "SESSIONKIT_EXCLUDE[0]"), kind)


def test_an_exclude_opens_one_segment_for_each_wildcard():
    found = parse_exclude("/static/*", "")
    assert isinstance(found, Pattern)
    assert found.opens
    assert found == compile_pattern("/static/*", opens=True)
    names = parse_exclude("account:*", "")
    assert isinstance(names, ViewNamePattern)
    assert names.text == "account:*"
    for keys, opens in (({"public": True}, True), ({"role": "a"}, False)):
        (pattern,) = parse_rule({"pattern": "/a/*", **keys}, PLACE).patterns
        assert pattern.opens is opens


@pytest.mark.parametrize("raw", ["", "/a*", "a b", None, ["/a"], "^/a"])
def test_a_wrong_exclude_says_where(raw):
    with pytest.raises(ImproperlyConfigured, match=r"SESSIONKIT_EXCLUDE\[0\]"):
        parse_exclude(raw, "SESSIONKIT_EXCLUDE[0]")


def test_a_rule_may_have_a_name():
    assert parse_rule({"pattern": "/a", "role": "x", "name": "the admin"}, PLACE).label == "the admin"


def test_what_a_rule_has_if_nothing_is_said():
    rule = parse_rule({"pattern": "/a", "role": "x"}, PLACE)
    assert (rule.label, rule.views, rule.methods, rule.unsafe_only, rule.i18n) == (PLACE, (), frozenset(), False, True)
    assert rule.options == DenialOptions(redirect_to=None, login_url=None, on_deny="auto", api=None)
    assert rule.is_unconditional
    given = parse_rule({"view": ("a", "b:*"), "role": "x", "methods": "unsafe", "i18n": False, "api": False}, PLACE)
    assert ([one.text for one in given.views], given.patterns) == (["a", "b:*"], ())
    assert (given.unsafe_only, given.i18n, given.options.api) == (True, False, False)
    assert not given.is_unconditional


@pytest.mark.parametrize(
    ("options", "to_login", "to_that_of_the_settings"),
    [
        ({}, True, True),
        ({"login_url": "/l/"}, True, False),
        ({"on_deny": "not_found"}, False, False),
        ({"on_deny": "forbidden"}, True, True),
        ({"api": True}, False, False),
        ({"api": False}, True, True),
    ],
)
def test_which_rules_may_lead_to_a_login_page(options, to_login, to_that_of_the_settings):
    rule = parse_rule({"pattern": "/a", "role": "x", **options}, PLACE)
    assert (rule.options.sends_to_login, rule.may_lead_to_login) == (to_login, to_that_of_the_settings)
    for other in ({"public": True}, {"deny": True}):
        assert not parse_rule({"pattern": "/a", **other, **options}, PLACE).may_lead_to_login


def test_a_set_of_rules_knows_its_login_pages_once_and_whether_it_hides():
    def rules(*options):
        return RuleSet([parse_rule({"pattern": "/a", "role": "x", **one}, PLACE) for one in options])

    lazy = format_lazy("{}", "/l/")
    found = rules({"login_url": lazy}, {"login_url": "/l/"}, {}, {"login_url": "/m/"}, {"login_url": "/l/"})
    assert found.login_urls[:2] == ("/l/", "/m/")
    assert found.login_urls[2:] == (lazy,)
    assert not found.hides
    assert rules({}, {"on_deny": "not_found"}).hides


def test_a_set_of_rules_tells_whether_folding_changes_a_pattern():
    assert RuleSet([parse_rule({"pattern": "/Admin/**", "role": "x"}, PLACE)]).folds
    assert not RuleSet([parse_rule({"pattern": "/admin", "role": "x"}, PLACE)]).folds


def test_a_folded_pattern_opens_as_far_as_the_pattern_and_is_the_same_if_folding_changes_nothing():
    for opens in (True, False):
        assert folded(Pattern("/Help/*", opens=opens)).opens is opens
        same = Pattern("/help/*", opens=opens)
        assert folded(same) is same
    rules = RuleSet([parse_rule({"pattern": "/Help/*", "public": True}, PLACE)])
    assert [rules.matching(path, folded=True) for path in ("/help/a", "/help/a/b")] == [(0,), ()]


def test_a_set_of_rules_tells_the_patterns_of_each_rule():
    first, second = {"pattern": ["/a", "/b/*"], "role": "x"}, {"view": "v", "role": "x", "name": "views"}
    rules = RuleSet([parse_rule(one, PLACE) for one in (first, second, {"pattern": "/c", "role": "x"})])
    assert rules.texts_by_label == {PLACE: "/a,/b/*", "views": ""}


def test_a_set_of_rules_tells_what_is_excluded():
    rules = RuleSet(excluded=[compile_pattern("/static/**", opens=True)], excluded_views=[ViewNamePattern("account:*")])
    assert [rules.excludes(path) for path in ("/static/a", "/Static/a", "/a")] == [True, False, False]
    assert [rules.excludes_view(name) for name in ("account:login", "shop:cart", None)] == [True, False, False]


def test_a_path_is_looked_up_once_and_a_long_one_each_time(monkeypatch):
    asked = []
    real = PatternIndex.matching
    monkeypatch.setattr(PatternIndex, "matching", lambda self, path: asked.append(path) or real(self, path))
    rules = RuleSet([parse_rule({"pattern": one, "role": "x"}, one) for one in ("/a/**", "/A/*", "/b")])
    assert rules.by_path["/a/x"].sole_rules == (AMBIGUOUS,)  # another rule matches the folded path
    assert rules.by_path["/b"].sole_rules == rules.rules[2:]
    assert (rules.matching("/a/x", folded=False), rules.matching("/a/x", folded=True)) == ((0,), (0, 1))
    assert asked == ["/a/x", "/a/x", "/b", "/b"]  # once in each of the two indexes
    long = "/a" + "/x" * 100
    assert rules.by_path[long].sole_rules == (AMBIGUOUS,)
    assert rules.matching(long, folded=True) == rules.matching(long, folded=True) == (0, 1)
    assert rules.matching(long, folded=False) == (0,)
    assert asked[4:] == [long, long, long]
    assert long not in rules.by_path
    del asked[:]
    assert RuleSet(rules.rules[2:]).matching("/b", folded=True) == (0,)
    assert asked == ["/b"]  # folding changes no pattern


@pytest.mark.parametrize("length", [LONG - 1, LONG, LONG + 1])
@pytest.mark.parametrize("folded", [True, False])
def test_the_rules_of_the_longest_path_that_is_cached_are_found(length, folded):
    path = "/a/".ljust(length, "x")
    rules = RuleSet([parse_rule({"pattern": one, "role": "x"}, one) for one in ("/a/*", "/B")])
    assert rules.matching(path, folded) == (0,)
    assert (path in rules.by_path) is (length <= LONG)
    assert rules.by_path[path].sole_rules == (rules.rules[:1] if length <= LONG else (AMBIGUOUS,))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_the_sole_rule_is_the_first_that_applies(method):
    selectors = [{"methods": ["PUT"]}, {"methods": ["GET"]}, {"methods": "unsafe", "view": "v:*"}, {"view": "w"}, {}]
    rules = tuple(
        parse_rule({"pattern": "/a", "role": "x", **one}, str(number)) for number, one in enumerate(selectors)
    )
    for view in (None, "v:x", "w", "other"):
        match = None if view is None else ResolverMatch(allow, (), {}, url_name=view)
        found = sole_rule(rules, method, match)
        (expected,) = first_matches(
            RuleSet(rules), [PathVariant("/a", exact=True)], method, view, resolved=match is not None
        )
        assert found is expected.rule
    assert sole_rule(rules[:1], "GET", None) is None
    assert sole_rule((), method, None) is None
