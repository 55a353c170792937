"""Properties of every rule list, every path and every redirect target, tested with generated examples."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import RequestFactory, override_settings
from django.urls import path as route
from hypothesis import assume, given
from hypothesis import strategies as st
from support.attacks.sites import Urls, ordinary
from support.attacks.spellings import LOOKALIKES
from support.call_counts import calls_of
from support.examples import examples
from support.sessions import READER, browser

from django_sessionkit import conf, validate_session
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard import redirects
from django_sessionkit.guard.engine import authorize
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.patterns import matches
from django_sessionkit.policy.denial_options import check_target
from django_sessionkit.policy.path_variants import normalize
from django_sessionkit.session.context import SessionContext
from django_sessionkit.utils.sansio import run

READER_SESSION = validate_session(READER)
REQUIREMENTS = [{"role": "admin"}, {"role": "reader"}, {"authenticated": True}, {"public": True}, {"deny": True}]

names = st.sampled_from(["a", "b", "sik", "\u00e9"])
wild = st.sampled_from(["*", "**"])
lower_patterns = st.lists(names | wild, max_size=4).map(lambda parts: "/" + "/".join(parts))
mixed_patterns = st.lists(names | wild | st.sampled_from(["A", "B", "SIK"]), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


def rule_lists(patterns):
    rules = st.builds(lambda pattern, asks: {"pattern": pattern, **asks}, patterns, st.sampled_from(REQUIREMENTS))
    return st.lists(rules, min_size=1, max_size=6)


def is_denied(path: str, rules, session=READER_SESSION, **more) -> bool:
    target = AccessRequest(path, path, "GET", resolved=True)
    with override_settings(SESSIONKIT_PROTECT=rules, **more):
        return run(authorize(target, RequestEvaluation(SessionContext.fixed(session)), with_default=True)) is not None


def denying(path: str, rules):
    """Return the rules if they deny ``path``, else with a first rule that does."""
    return rules if is_denied(path, rules) else [{"pattern": path, "role": "admin"}, *rules]


@st.composite
def respelt(draw, path: str, *, recase: bool = False) -> str:
    """Generate another form of ``path``: with noise that normalizing removes, and with ``recase`` other letters."""
    if recase:
        path = "".join(draw(st.sampled_from([one, one.upper(), *LOOKALIKES.get(one, "")])) for one in path)
    noise = st.sampled_from(["/", "/.", "/./", "/x/..", "/\u00e9/../", "/A/..", "/B/../", "\x00", "\n", "\x85", "//"])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from([index for index, one in enumerate(path) if one == "/"]))
        path = path[:place] + draw(noise) + path[place:]
    return path + draw(st.sampled_from(["", "/", "//", "\n", " ", "/.", "/x/.."]))


@examples(200)
@given(data=st.data(), rules=rule_lists(mixed_patterns), path=paths)
def test_no_noise_lifts_a_denial(data, rules, path):
    other = data.draw(respelt(path))
    assert normalize(other) == path
    assert is_denied(other, denying(path, rules))


@examples(200)
@given(data=st.data(), rules=rule_lists(lower_patterns), path=paths)
def test_neither_does_letter_case(data, rules, path):
    """For lower-case rules. A rule in another case may open the path, because it names that form."""
    other = data.draw(respelt(path, recase=True))
    assert is_denied(other, denying(path, rules))


@examples(200)
@given(data=st.data(), path=paths, rules=rule_lists(lower_patterns), opened=mixed_patterns)
def test_opening_another_path_opens_nothing_else(data, path, rules, opened):
    """A path is opened only if both its exact and its normalized form match a public rule or an exclude."""
    asked = data.draw(respelt(path, recase=data.draw(st.booleans())))
    opening = [opened, *(rule["pattern"] for rule in rules if rule.get("public"))]
    forms = (asked, normalize(asked))
    assume(not all(any(matches(one, form, opens=True) for one in opening) for form in forms))
    place = data.draw(st.integers(0, len(rules)))
    more = {"SESSIONKIT_GLOBAL_PROTECT": True}
    for session in (None, READER_SESSION):
        if is_denied(asked, rules, session, **more):
            public = [*rules[:place], {"pattern": opened, "public": True}, *rules[place:]]
            assert is_denied(asked, public, session, **more)
            assert is_denied(asked, rules, session, **more, SESSIONKIT_EXCLUDE=[opened])


# Cost, counted and not timed

SIZES = [500, 1000, 2000, 4000]
BRANCHY = [{"pattern": f"/**/n{number}/*/a/**/b/*", "role": "admin"} for number in range(40)]
COSTLY = {
    "same segment": lambda size: "/a" * size,
    "dot segments": lambda size: "/a/.." * (size // 2),
    "climbing": lambda size: "/.." * size,
    "empty segments": lambda size: "/" * size,
    "near misses": lambda size: "/n1/x/a/b" * (size // 4),
    "capitals": lambda size: "/A" * size,
    "lookalikes": lambda size: "/\u017f\u0131\u212a" * size,
    "control characters": lambda size: "/a\n" * size,
    "every segment another": lambda size: "".join(f"/x{number}" for number in range(size)),
}


def calls_for(path: str) -> int:
    """Return how many functions one decision calls."""
    target, evaluation = AccessRequest(path, path, "GET", resolved=True), RequestEvaluation(SessionContext.fixed(None))
    return calls_of(lambda: run(authorize(target, evaluation, with_default=True)))


@pytest.mark.parametrize("rules", [BRANCHY, [{"pattern": "/**/*/**/z", "role": "admin"}]], ids=["branchy", "wildcards"])
@pytest.mark.parametrize("budget", [None, 0], ids=["automaton", "simulation"])
@pytest.mark.parametrize("kind", COSTLY)
def test_a_decision_is_linear_in_the_path(kind, budget, rules):
    with override_settings(SESSIONKIT_PROTECT=rules):
        rule_set = conf.current().rules
        if budget is not None:
            rule_set._exact._budget = rule_set._folded._budget = budget
        calls_for("/warm/up")
        costs = [calls_for(COSTLY[kind](size)) for size in SIZES]
    assert all(after <= 2.2 * before + 200 for before, after in pairwise(costs)), costs


# Redirect targets

BASE = "http://testserver/login/"
PIECES = [
    *(
        "//",
        "/",
        "\\",
        "/\\",
        "\\\\",
        "///",
        "/\t/",
        "/\n/",
        "\t",
        "\r",
        "\n",
        " ",
        "\x00",
        "\x1f",
        "\x7f",
        "\x85",
        "\xa0",
    ),
    *("http:", "https:", "HTTP:", "javascript:", "data:", "mailto:", "ftp:", ":", "://", "https:/", "http:\\"),
    *(
        "evil.example",
        "testserver",
        "testserver:80",
        "user@",
        "@",
        "testserver@",
        "127.0.0.1",
        "[::1]",
        "evil%2eexample",
    ),
    *("%2f", "%5c", "%09", "%0a", "%00", "%2F%2Fevil.example", "?", "#", ";", "..", ".", "/../", "page", "a", "\u00e9"),
    *("\u3002", "\uff0f", "\u2044", "\u2215", "\u29f5", "\ufe68", "\uff3c", "\u017f", "\u2028", "&", "=", "next="),
]
hostile_targets = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)


def leads_to_host(target: str, base: str = BASE) -> str | None:
    """Return the host to which a browser goes from ``base``, or ``None`` if the target is not a web page.

    It follows the URL standard of the WHATWG as far as needed: trimming, tabs and newlines dropped, backslashes
    as slashes, any number of slashes after a special scheme.
    """
    text = re.sub(r"[\t\n\r]", "", target.strip("".join(map(chr, range(0x21)))))
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text)
    own = urlsplit(base)
    rest = text.replace("\\", "/")
    if scheme is not None:
        if scheme[0][:-1].lower() not in ("http", "https"):
            return None
        rest = rest[scheme.end() :]
        if scheme[0][:-1].lower() == own.scheme and not rest.startswith("/"):
            return own.netloc  # relative, by an old exception
        rest = "//" + rest.lstrip("/")
    if not rest.startswith("//"):
        return own.netloc
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    return unquote(authority.rpartition("@")[2]).removesuffix(":80")


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("/page/", "testserver"),
        ("page", "testserver"),
        ("http:page", "testserver"),
        ("//evil.example", "evil.example"),
        ("/\\evil.example", "evil.example"),
        ("/\t/evil.example", "evil.example"),
        (" \x00//evil.example", "evil.example"),
        ("https:evil.example", "evil.example"),
        ("https:/\\evil.example/x", "evil.example"),
        ("http://testserver@evil.example", "evil.example"),
        ("http://testserver:80/x", "testserver"),
        ("javascript:alert(1)", None),
    ],
)
def test_the_reference_reads_urls_as_browsers_do(target, host):
    assert leads_to_host(target) == host


def is_safe_path(target: str) -> bool:
    return (
        target.startswith("/")
        and leads_to_host(target) == "testserver"
        and not re.search(r"[\x00-\x20\x7f-\x9f\\]", target)
    )


@examples(600)
@given(target=hostile_targets)
def test_no_target_in_the_settings_leads_elsewhere(target):
    try:
        check_target(target, "here")
    except InvalidPolicy:
        return
    if target.startswith("/"):
        assert leads_to_host(target) == "testserver"
    else:  # a URL name, which is only reversed
        assert re.fullmatch(r"[\w.:-]+", target)
        assert not re.match("(?i)(?:https?|javascript|data|mailto|ftp):", target)


@examples(600)
@given(
    url=hostile_targets, prefix=st.sampled_from(["", "http://testserver", "http://testserver/", "/", "//testserver"])
)
def test_no_page_that_htmx_names_leads_elsewhere(url, prefix):
    request = RequestFactory().get("/page/")
    request.META["HTTP_HX_CURRENT_URL"] = prefix + url
    found = redirects.next_of_htmx(request)
    assert found is None or is_safe_path(found)


@examples(600)
@given(url=hostile_targets, query=hostile_targets)
def test_no_requested_page_leads_elsewhere(url, query):
    request = RequestFactory().get("/", QUERY_STRING=query.encode().decode("latin-1"))
    request.path = request.path_info = "/" + url
    found = redirects.next_of_page(request)
    assert found is None or is_safe_path(found)


@examples(300)
@given(url=hostile_targets, login=st.sampled_from(["/login/", "/login/?sso=1", "/login/?next=/x#top"]))
def test_next_stays_in_its_place(url, login):
    """For any ``next``, the redirect goes to the login page and passes exactly that value."""
    location = redirects.with_next(login, url)
    parts = urlsplit(location)
    assert leads_to_host(location) == "testserver"
    assert location.isascii()
    assert parts.path == "/login/"
    assert parse_qs(parts.query, keep_blank_values=True)["next"] == [url]


# Loops

LOGINS = ["/login/", "/login", "/login/?sso=1", "login", "/kiosk/login/", "/page/", "/LOGIN/", "/nowhere/", "/"]
login_patterns = st.sampled_from(["/**", "/*", "/login", "/login/**", "/page", "/kiosk/**", "/", "/LOGIN"])
URLS = Urls(route("", ordinary), route("login/", ordinary, name="login"), route("kiosk/login/", ordinary))


@examples(150)
@given(
    patterns=st.lists(st.tuples(login_patterns, st.none() | st.sampled_from(LOGINS)), min_size=1, max_size=4),
    login=st.sampled_from(LOGINS),
    start=st.sampled_from(["/", "/page/", "/page", "/login/", "/login", "/kiosk/login/", "/LOGIN/", "/nowhere/"]),
    by_default=st.booleans(),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_the_way_to_the_login_page_ends(patterns, login, start, by_default, method):
    rules = [{"pattern": one, "role": "admin", **({"login_url": own} if own else {})} for one, own in patterns]
    policy = {"SESSIONKIT_PROTECT": rules, "SESSIONKIT_GLOBAL_PROTECT": by_default, "SESSIONKIT_LOGIN_URL": login}
    with override_settings(ROOT_URLCONF=URLS, **policy):
        client, seen, url = browser(), [], start
        while url is not None and len(seen) < 8:
            assert urlsplit(url).path not in seen
            seen.append(urlsplit(url).path)
            response = client.generic(method, url)
            url = response.headers.get("Location")
    assert url is None


def test_a_detour_through_a_public_path_lifts_nothing():
    """The shadowed rule matches the case-folded variant of ``/b/a``, so it must match that of a detour too."""
    rules = [{"pattern": "/B/**", "public": True}, {"pattern": "/B/**", "role": "admin"}]
    rules.append({"pattern": "/b/**", "public": True})
    assert is_denied("/b/a", rules)
    assert is_denied("/B/../b/a", rules)
