"""explain(): it observes the guard itself."""

from __future__ import annotations

import json
from itertools import product

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import NoReverseMatch, get_resolver, path, re_path
from hypothesis import given
from hypothesis import strategies as st
from support.attacks.sites import Urls
from support.examples import examples
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import urls as testsite_urls
from testsite import views

from django_sessionkit import (
    Allow,
    Authenticated,
    Nobody,
    Permission,
    Public,
    Role,
    aexplain,
    can_access,
    explain,
    use_session,
    validate_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import public, require, require_role
from django_sessionkit.exceptions import AsyncRequired
from django_sessionkit.explanation.trace import evaluate
from django_sessionkit.requirements.check_input import CheckInput
from django_sessionkit.utils.sansio import run

RULES = [
    {"name": "health", "pattern": "/page/health", "public": True},
    {"name": "writers", "pattern": "/page/**", "methods": "unsafe", "permission": "posts:write", "api": True},
    {"name": "readers", "pattern": "/page/**", "authenticated": True},
    {"name": "admins", "pattern": "/admin/**", "role": "admin", "redirect_to": "/upgrade/"},
    {"name": "hidden", "pattern": "/files/hidden/**", "role": "admin", "on_deny": "not_found"},
    {"name": "staff", "pattern": "/files/**", "require": Role("staff") | Permission("users:manage") & ~Role("reader")},
    {"name": "invoices", "view": "billing:*", "allow": lambda session: session is not None},
    {"name": "late", "pattern": "/billing/**", "role": "nobody-has-it"},
    {"name": "login", "pattern": "/login/**", "role": "admin"},
]
PATHS = [
    *("/", "/page/", "/page", "/PAGE/", "//page/./", "/page/health", "/page/health/", "/admin/", "/ADMIN/x", "/admin"),
    *(
        "/files/a",
        "/files/hidden/a",
        "/files/Hidden/../a",
        "/files/hidden",
        "/billing/invoices/",
        "/billing/x",
        "/who/",
    ),
    *(
        "/who/",
        "/login/",
        "/login/help/",
        "/open/",
        "/nowhere",
        "/nowhere/",
        "/upgrade/",
        "/apage/",
        "/drafts/",
        "/mixed/",
    ),
]
SESSIONS = [None, READER, EDITOR, ADMIN]
HEADERS = {
    "page": {"accept": "text/html"},
    "htmx": {"accept": "text/html", "hx-request": "true"},
    "api": {"accept": "application/json"},
}


def told(request: HttpRequest) -> JsonResponse:
    return JsonResponse(explain(request).as_dict())


async def atold(request: HttpRequest) -> JsonResponse:
    return JsonResponse((await aexplain(request)).as_dict())


urlpatterns = [
    *testsite_urls.urlpatterns,
    path("drafts/", require_role("editor", "admin")(views.page), name="drafts"),
    path("mixed/", public(require(Role("editor") & Permission("posts:write"))(views.page)), name="mixed"),
    path("told/", told),
    path("atold/", atold),
    path("told/closed/", require_role("reader")(told)),
]


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = RULES
    return settings


def explained(where: str, session=None, **options):
    with use_session(session):
        return explain(where, **options)


# It is the guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": ["/who", "home"]}])
@pytest.mark.parametrize("session", SESSIONS, ids=["anonymous", "reader", "editor", "admin"])
def test_the_verdict_is_what_a_client_gets_and_what_can_access_says(session, options):
    with override_settings(**options):
        client = browser(session)
        for where, method in product(PATHS, ("GET", "POST", "HEAD")):
            kind = ("page", "htmx", "api")[len(where) % 3]
            found = explained(where, session, method=method, caller=kind)
            response = client.generic(method, "/", PATH_INFO=where, headers=HEADERS[kind])  # otherwise // is a host
            with use_session(session):
                assert found.allowed == can_access(where, method=method), (where, method)
            assert found.allowed == (response.status_code == 200), (where, method)
            if found.answer is not None:
                sent = response.get("Location", response.get("HX-Redirect"))
                assert (found.answer.status, found.answer.location) == (response.status_code, sent), (where, method)


@pytest.mark.parametrize("session", SESSIONS, ids=["anonymous", "reader", "editor", "admin"])
def test_the_async_twin_says_the_same(session):
    for where in PATHS:
        with use_session(session):
            assert async_to_sync(aexplain)(where).as_dict() == explain(where).as_dict()


calls: list[str] = []


def yes(session):
    calls.append("yes")
    return True


def no(session):
    calls.append("no")
    return False


def raises(session):
    calls.append("raises")
    raise LookupError


leaves = st.sampled_from(
    [
        *(Role("reader"), Role("x"), Permission("posts:read", "y"), Authenticated(), Public(), Nobody()),
        *(Allow(yes), Allow(no), Allow(raises)),
    ]
)
trees = st.recursive(
    leaves,
    lambda one: (
        st.builds(lambda a, b: a & b, one, one) | st.builds(lambda a, b: a | b, one, one) | one.map(lambda part: ~part)
    ),
    max_leaves=8,
)


@examples(200)
@given(trees, st.sampled_from([None, READER]))
def test_the_tree_decides_and_calls_as_the_requirement_itself_does(requirement, data):
    session = validate_session(data) if data is not None else None
    calls.clear()
    expected = requirement.check(session)
    asked = list(calls)
    calls.clear()
    result = run(evaluate(requirement, CheckInput(session)))
    assert result.decision == expected
    assert calls == asked
    check_parts(result, session)


def check_parts(result, session):
    """Each part has the decision that it gives alone. Only a part that would call code may have none."""
    if result.decision is None:
        assert not result.requirement.is_static
        assert result.parts == ()
        return
    assert result.decision == result.requirement.check(session)
    assert [part.requirement for part in result.parts] == [*result.requirement.children]
    for part in result.parts:
        check_parts(part, session)


# What it tells -------------------------------------------------------------------------------------------------------


def test_it_tells_the_route_the_view_and_who_asked():
    found = explained("/page/", READER)
    assert (found.route, found.view_name, found.view) == ("/page/", "page", "testsite.views.page")
    assert (found.method, found.path, found.session) == ("GET", "/page/", "present")
    assert (found.outcome, found.decision.rule, found.answer) == ("allowed", "readers", None)
    assert str(found).splitlines()[-2:] == [
        "Decision  allowed by the rule readers",
        "Response  from the view",
    ]


def tried(where: str, session=None, **options) -> dict[str, str]:
    """Return the outcome of each rule for the first path variant."""
    return {one.rule: one.outcome for one in explained(where, session, **options).readings[0].tried}


def test_it_tells_why_a_rule_was_passed_over():
    assert tried("/page/") == {"writers": "method", "readers": "decides"}
    assert tried("/page/health") == {"health": "decides"}
    first = {"name": "first", "pattern": "/page", "view": "billing:*", "role": "x"}
    with override_settings(SESSIONKIT_PROTECT=[first, {"pattern": "/page", "public": True}]):
        assert tried("/page/") == {"first": "view", "SESSIONKIT_PROTECT[1]": "decides"}
        assert "it names another view" in str(explained("/page/"))
    late = {"name": "late", "pattern": "/page/**", "role": "x"}
    with override_settings(SESSIONKIT_PROTECT=[{**first, "role": "y"}, late]):
        found = explained("/PAGE/")  # no route, so it is decided in the second check
        assert {one.rule: one.outcome for one in found.readings[-1].tried} == {"first": "view", "late": "decides"}


NARROW = [
    {"name": "open", "pattern": ["/files/*", "/page/*"], "public": True},
    {"name": "posts", "pattern": "/files/*", "methods": ["POST"], "public": True},
    {"name": "shut", "pattern": "/files/**", "role": "x"},
    {"name": "after", "pattern": "/*", "public": True},
]


@pytest.mark.parametrize(
    ("where", "changed", "names"),
    [
        ("/files/a/b", {}, ['open "/files/*"']),
        ("/files/a", {}, []),
        ("/files/a/b", {"SESSIONKIT_PROTECT": NARROW[2:]}, []),
        ("/files/a/b", {"SESSIONKIT_PROTECT": [], "SESSIONKIT_EXCLUDE": ["/files/*"]}, []),
        ("/files/a/b", {"SESSIONKIT_PROTECT": [], "SESSIONKIT_GLOBAL_PROTECT": True}, []),
        (
            "/files/a/b",
            {
                "SESSIONKIT_PROTECT": [NARROW[0], NARROW[3]],
                "SESSIONKIT_GLOBAL_PROTECT": True,
                "SESSIONKIT_EXCLUDE": ["/files/*", "/page", "file*x", "/*/*/*/c", "/files/*/*"],
            },
            [],
        ),
        (
            "/files/a/b",
            {
                "SESSIONKIT_PROTECT": [NARROW[0], NARROW[3]],
                "SESSIONKIT_GLOBAL_PROTECT": True,
                "SESSIONKIT_EXCLUDE": ["/files/*", "/page", "/*"],
            },
            ['open "/files/*"', 'after "/*"', 'SESSIONKIT_EXCLUDE "/files/*"', 'SESSIONKIT_EXCLUDE "/*"'],
        ),
    ],
)
def test_it_tells_what_would_open_the_path_if_its_wildcard_were_wider(where, changed, names):
    with override_settings(**{"SESSIONKIT_PROTECT": NARROW, **changed}):
        found = explained(where)
    reading = found.readings[0]
    assert [*reading.not_opened_by] == reading.as_dict()["not_opened_by"] == names
    lines = [line for line in str(found).splitlines() if "not opened by" in line]
    because = 'in a public rule and an exclude, "*" is exactly one segment. "**" opens all pages below'
    assert lines == [f"  not opened by {name}: {because}" for name in names]


def test_a_rule_that_waits_for_the_route_is_told_where_an_earlier_look_denies():
    waits = {"name": "waits", "view": "page", "role": "x"}
    upper = {"name": "upper", "pattern": "/PAGE", "role": "x", "methods": ["GET"]}
    with override_settings(SESSIONKIT_PROTECT=[{**upper, "name": "none", "methods": ["PUT"]}, upper, waits]):
        found = explained("/page/")
    assert found.is_early
    assert [(one.rule, one.outcome) for one in found.readings[0].tried] == [("waits", "waits")]
    assert found.readings[0].rule is None
    assert "waits until Django has routed" in str(found)
    assert found.moment == "from the path alone, before Django looked for the view"
    assert found.moment in str(found)


def test_every_reading_that_differs_is_told_with_its_kind():
    found = explained("//ADMIN/./x")
    assert [(one.kind, one.path, one.rule) for one in found.readings] == [
        ("Exact", "//ADMIN/./x", None),
        ("Normalized", "/ADMIN/x", None),
        ("Case-folded", "//admin/./x", None),
        ("Case-folded", "/admin/x", "admins"),
    ]
    assert len(explained("/page/").readings) == 1


def test_a_public_rule_opens_nothing_in_a_looser_reading():
    policy = [{"name": "open", "pattern": "/page/**", "public": True}, {"name": "shut", "pattern": "/**", "role": "x"}]
    with override_settings(SESSIONKIT_PROTECT=[{**policy[1], "pattern": "/who", "name": "other"}, *policy]):
        found = explained("/PAGE/")
        assert [(one.rule, one.outcome) for one in found.readings[-1].tried] == [("shut", "decides")]
    policy[0]["pattern"] = "/page/x"
    with override_settings(SESSIONKIT_PROTECT=[policy[0], {**policy[1], "pattern": "/page/**"}]):
        found = explained("/PAGE/X")
        assert {one.rule: one.outcome for one in found.readings[-1].tried} == {"open": "public", "shut": "decides"}


@pytest.mark.parametrize(("i18n", "kinds"), [(True, ["Without language prefix"]), (False, [])])
def test_a_language_prefix_is_taken_off(site, i18n, kinds):
    site.ROOT_URLCONF = "support.manual.i18n_urls"
    site.SESSIONKIT_PROTECT = [{"name": "admin", "pattern": "/admin/**", "role": "admin", "i18n": i18n}]
    found = explained("/en-us/admin/")
    assert found.allowed is not i18n
    assert [one.kind for one in found.readings if one.rule is not None] == kinds
    outcomes = [trial.outcome for one in found.readings for trial in one.tried]
    assert outcomes == (["decides"] if i18n else ["i18n"])


def test_language_prefixes_and_letter_case_go_together(site):
    site.ROOT_URLCONF = "support.manual.i18n_urls"
    site.SESSIONKIT_PROTECT = [{"name": "admin", "pattern": "/admin/**", "role": "admin"}]
    assert explained("/en-us/ADMIN/").readings[-1].kind == "Without language prefix and case-folded"


def test_a_path_with_backslashes_has_one_more_reading(site):
    site.SESSIONKIT_PROTECT = [{"name": "shut", "pattern": "/shut/**", "role": "admin"}]
    found = explained("/page/x\\..\\..\\Shut\\A").readings
    assert ("Normalized, with slashes for backslashes", "/Shut/A") in [(one.kind, one.path) for one in found]
    assert (found[-1].kind, found[-1].path, found[-1].rule) == ("Case-folded", "/shut/a", "shut")


def test_the_mount_prefix_and_the_spelling_of_a_pattern_are_readings(site):
    site.SESSIONKIT_PROTECT = [{"name": "mounted", "pattern": "/shop/page/**", "role": "admin"}]
    with override_settings(FORCE_SCRIPT_NAME="/shop"):
        response = browser(READER).get("/told/", SCRIPT_NAME="/shop")
    assert [one["kind"] for one in response.json()["readings"]] == ["Exact", "With the mount prefix"]
    site.ROOT_URLCONF = "testsite.shouting_urls"
    site.SESSIONKIT_PROTECT = [{"name": "shout", "pattern": "/shout", "role": "admin"}]
    assert ("Routed", "/shout/") in [(one.kind, one.path) for one in explained("/SHOUT/x").readings]


def test_for_a_thousand_rules_only_those_that_cover_the_path_are_told(site):
    many = [{"name": f"rule{number}", "pattern": f"/section{number}/**", "role": "x"} for number in range(1000)]
    site.SESSIONKIT_PROTECT = [*many, {"name": "last", "pattern": "/page/**", "role": "reader"}]
    reading = explained("/page/", READER).readings[0]
    assert (reading.rule, reading.passed, len(reading.tried)) == ("last", 1000, 1)
    assert "not matched by rule0, rule1, rule2, rule3, rule4, rule5, rule6, rule7 and 992 more" in str(
        explained("/page/", READER)
    )


@pytest.mark.parametrize(
    ("where", "default", "session"),
    [
        ("/who/", "SESSIONKIT_EXCLUDE", "not read"),
        ("/open/", "@public", "not read"),
        ("/upgrade/", "asks", "none"),
        ("/nowhere/", None, "not read"),
    ],
)
def test_the_default_and_what_lifts_it_are_told(where, default, session):
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/who"]):
        found = explained(where)
        assert found.readings[0].default == default
        assert ("SESSIONKIT_GLOBAL_PROTECT" in str(found)) is (default is not None)
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=False):
        assert explained("/upgrade/").readings[0].default == "off"


def test_the_requirement_is_told_as_a_tree_with_each_leaf():
    asked = explained("/files/a", READER).readings[0].asked
    alternatives = asked.requirement
    assert [(repr(part.requirement), part.outcome) for part in alternatives.parts] == [
        ("Role('staff')", "denied"),
        ("Permission('users:manage') & ~Role('reader')", "denied"),
    ]
    both = alternatives.parts[1].parts
    assert [(part.outcome, part.decision.missing) for part in both] == [("denied", ("users:manage",)), ("denied", ())]
    assert asked.decision.missing == ("staff", "users:manage")
    assert "      denied    Permission('users:manage'): needs the permission \"users:manage\"" in str(
        explained("/files/a", READER)
    )


def test_code_that_need_not_be_asked_is_not_asked(site):
    calls.clear()
    site.SESSIONKIT_PROTECT = [{"pattern": "/page", "role": "admin", "allow": yes}]
    found = explained("/page/", READER)
    assert [part.outcome for part in found.readings[0].asked.requirement.parts] == ["denied", "not asked"]
    assert (calls, found.as_dict()["readings"][0]["asked"]["parts"][1]["reason"]) == ([], None)
    explained("/page/", ADMIN)
    assert calls == ["yes"]


class Counting(AccessPolicy):
    """An access policy whose own check is called for every leaf."""

    def check(self, requirement, session, request):
        calls.append(repr(requirement))


def test_the_check_of_a_policy_is_called_only_for_the_parts_that_the_decision_needs():
    calls.clear()
    result = run(evaluate(Role("x") & Role("reader"), CheckInput(validate_session(READER), Counting())))
    assert [part.outcome for part in result.parts] == ["denied", "not asked"]
    assert calls == ["Role('x')"]


def test_a_predicate_that_raises_is_told_as_failed(site):
    site.SESSIONKIT_PROTECT = [{"pattern": "/page", "allow": raises}]
    found = explained("/page/", READER)
    assert (found.outcome, found.readings[0].asked.requirement.outcome) == ("denied", "failed")


def test_what_the_view_asks_comes_after_the_rules():
    found = explained("/drafts/", READER)
    assert [one.rule for one in found.view_requirements] == [None]
    assert found.summary == 'denied by the view: needs the role "editor" or "admin"'
    assert explained("/drafts/", EDITOR).summary == "allowed by the view"
    assert "Required by the view" in str(found)


def test_the_log_in_page_is_told_to_be_reachable():
    found = explained("/login/")
    assert (found.allowed, found.is_login_page, found.readings[0].rule) == (True, True, "login")
    assert found.summary == "allowed: the login page is always reachable"


def test_a_path_that_leads_nowhere_is_told_with_what_django_sends():
    assert explained("/nowhere/").as_dict()["response"] == {
        "status": 404,
        "caller": "page",
        "location": None,
        "is_step_up": False,
    }
    assert explained("/who?a=1").answer.location == "/who/?a=1"
    assert explained("/who", caller="api").answer.caller == "api"
    assert explained("/nowhere/").route is None
    assert "Route     none" in str(explained("/nowhere/"))
    with override_settings(APPEND_SLASH=False):
        assert explained("/who").answer.status == 404


def test_a_hidden_page_is_not_betrayed_by_its_slash(site):
    site.SESSIONKIT_PROTECT = [{"view": "who", "role": "admin", "on_deny": "not_found"}]
    found = explained("/who")
    assert (found.outcome, found.answer.status, found.answer.location) == ("denied", 404, None)


def test_a_route_that_cannot_be_followed_is_a_failed_denial(site, monkeypatch):
    site.ROOT_URLCONF = Urls(re_path("(?i)^fickle/$", views.page))
    fickle = get_resolver(site.ROOT_URLCONF).url_patterns[0].pattern
    matches = [fickle.match("fickle/"), None]  # Django resolves the path, the guard cannot
    monkeypatch.setattr(fickle, "match", lambda path: matches.pop(0))
    found = explained("/fickle/")
    assert (found.outcome, found.decision.failed, found.readings) == ("denied", True, ())


@pytest.mark.parametrize(("caller", "status"), [("page", 302), ("htmx", 401), ("api", 401)])
def test_the_answer_depends_on_who_is_answered(caller, status):
    assert explained("/page/", caller=caller).answer.status == status
    assert explained("/page/", caller="page").answer.location == "/login/?next=/page/"


def test_control_characters_are_written_as_escapes():
    assert str(explained("/page/\x1b[31m")).splitlines()[0] == "GET /page/\\x1b[31m"


def test_a_url_name_with_arguments_is_a_place_too():
    assert explain("file", name="a").path == explain("file", "a").path == "/files/a"
    with pytest.raises(NoReverseMatch):
        explain("no-such-name")


def test_what_cannot_be_explained_is_refused():
    with pytest.raises(TypeError, match="not int"):
        explain(7)
    with pytest.raises(TypeError, match="no further arguments"):
        explain(HttpRequest(), method="GET")
    with pytest.raises(ValueError, match='explain\\(\\) got the unknown caller "robot"; allowed are "api"'):
        explain("/page/", caller="robot")


def test_it_is_json_and_holds_no_value_of_the_session():
    for where in PATHS:
        found = explained(where, ADMIN)
        text = json.dumps(found.as_dict()) + str(found) + repr(found)
        assert CANARY not in text
    assert json.loads(json.dumps(found.as_dict())) == found.as_dict()


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        explained("/page/").outcome = "allowed"


# A real request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["/told/", "/told/closed/"])
def test_a_request_is_explained_for_its_own_session(where):
    found = browser(READER).get(where).json()
    assert (found["outcome"], found["path"], found["method"]) == ("allowed", where, "GET")
    assert found["view"] == f"{__name__}.told" or found["view"].endswith(".told")


def test_whatever_is_pretended_meanwhile(site):
    def pretending(request):
        with use_session(ADMIN):
            return JsonResponse(explain(request).as_dict())

    site.ROOT_URLCONF = Urls(path("pretending/", pretending))
    site.SESSIONKIT_PROTECT = [{"pattern": "/pretending", "role": "reader"}]
    found = browser({"user_id": "1", "role": "reader"}).get("/pretending/").json()
    assert (found["outcome"], found["session"]) == ("allowed", "present")


def test_an_async_view_awaits_it(site):
    site.SESSIONKIT_PROTECT = [{"name": "desk", "pattern": "/atold", "role": "reader"}]
    response = async_to_sync(abrowser(READER).get)("/atold/")
    assert (response.json()["rule"], response.json()["session"]) == ("desk", "present")


def test_the_decision_that_a_request_has_met_is_not_made_again(site):
    answers = iter([True, False])
    site.SESSIONKIT_PROTECT = [{"name": "once", "pattern": "/told", "allow": lambda session: next(answers)}]
    found = browser(READER).get("/told/").json()
    assert (found["outcome"], found["rule"]) == ("allowed", "once")


def test_on_an_event_loop_the_twin_is_named(site):
    async def hasty(request):
        return JsonResponse({"said": str(explain("/page/"))})

    site.ROOT_URLCONF = Urls(path("hasty/", hasty))
    with pytest.raises(AsyncRequired, match="await aexplain"):
        async_to_sync(abrowser(READER).get)("/hasty/")


def test_explaining_an_open_page_reads_no_session(site):
    site.SESSIONKIT_PROTECT = []
    response = browser(READER).get("/told/")
    assert response.json()["session"] == "not read"
    assert not response.has_header("Vary")
