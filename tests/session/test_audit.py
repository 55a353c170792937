from __future__ import annotations

import hashlib
import hmac
import logging

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from support.sessions import READER, abrowser, browser

from django_sessionkit import (
    InvalidSession,
    Session,
    evaluate,
    get_session,
    has_role,
    set_session,
    signals,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.exceptions import VersionUnavailable
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.requirements import Role
from django_sessionkit.session import audit
from django_sessionkit.session.audit import actor_digest, user_digest
from django_sessionkit.utils.sansio import run

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django_sessionkit.middleware.SessionKitMiddleware",
]
ADMIN_ONLY = override_settings(
    SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "role": "admin", "name": "the admin"}, {"view": "page", "role": "x"}]
)


@pytest.fixture
def denials():
    found = []

    def receiver(sender, signal, request, decision, status, user, actor):
        # Django swallows what a receiver raises, also a failed assertion.
        found.append((sender, request.path, decision.rule, decision.missing, status, user, actor))

    async def areceiver(sender, signal, **kwargs):
        found.append(sender)

    signals.access_denied.connect(receiver)
    signals.access_denied.connect(areceiver)
    yield found
    signals.access_denied.disconnect(receiver)
    signals.access_denied.disconnect(areceiver)


@ADMIN_ONLY
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_denial_is_announced(denials, kind):
    get = (lambda who: browser(who).get) if kind == "sync" else (lambda who: async_to_sync(abrowser(who).get))
    get(READER)("/admin/")
    get(None)("/page/")
    digest = user_digest(validate_session(READER))
    assert [one for one in denials if one is not Session] == [
        (Session, "/admin/", "the admin", ("admin",), 403, digest, None),
        (Session, "/page/", "SESSIONKIT_PROTECT[1]", (), 302, None, None),
    ]
    assert denials.count(Session) == 2


@ADMIN_ONLY
def test_a_denial_is_logged_by_rule_route_and_digest(caplog):
    browser(READER).get("/admin/")
    browser(READER).get("/page/")
    lines = [record.getMessage() for record in caplog.records if record.name == "django_sessionkit.security"]
    digest = user_digest(validate_session(READER))
    assert lines == [
        f"access denied: rule={rule} reason=missing_role method=GET route={route} status=403 user={digest}"
        for rule, route in (("the admin", "/admin/**"), ("SESSIONKIT_PROTECT[1]", "page/"))
    ]


ACTING = {**READER, "act": {"user_id": "9"}}


@ADMIN_ONLY
def test_every_decision_is_one_debug_line(caplog):
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        browser(READER).get("/admin/")
        browser({"user_id": "1", "role": "x"}).get("/page/")
        browser(ACTING).get("/admin/")
        evaluate(Role("a"))
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    lines = [line for line in lines if line.startswith(("allowed", "denied"))]
    assert lines == [
        "denied: rule=the admin reason=missing_role requirement=Role('admin') method=GET route=/admin/**",
        "allowed: rule=SESSIONKIT_PROTECT[1] reason=granted requirement=Role('x') method=GET route=page/",
        "denied: rule=the admin reason=missing_role requirement=Role('admin') method=GET route=/admin/**"
        f" actor={actor_digest(validate_session(ACTING))}",
        "denied: rule=None reason=not_authenticated requirement=Role('a') method=None route=None",
    ]


def test_a_login_and_a_change_are_announced_with_their_request():
    request, told = RequestFactory().get("/"), []
    request.session = SessionStore()
    both = (signals.session_registered, signals.session_updated)

    def receiver(signal, request, **kwargs):
        told.append((signal, request))

    for signal in both:
        signal.connect(receiver)
    set_session(request, READER)
    update_session(request, {"role": "editor"})
    for signal in both:
        signal.disconnect(receiver)
    assert told == [(signal, request) for signal in both]


def lines_of(caplog, prefix="access denied"):
    return [line for line in (record.getMessage() for record in caplog.records) if line.startswith(prefix)]


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("GET\nroute=/ status=200 user=None", r"GET\u{a}ROUTE\u{3d}\u{2f}\u{20}STATUS\u{3d}200\u{20}USER\u{3d}NONE"),
        ("A" * 33, "A" * 32 + "..."),
        ("A" * 32, "A" * 32),
        ("VERSION-CONTROL", "VERSION-CONTROL"),
        ("G\u0130T\x1b[31m", r"G\u{130}T\u{1b}\u{5b}31M"),
        ("\u202eTEG", r"\u{202e}TEG"),
        ("\ud800", r"\u{d800}"),
        ("\\", r"\u{5c}"),
        ("", ""),
    ],
)
@ADMIN_ONLY
def test_a_method_is_one_short_word_in_the_log(caplog, method, told):
    request = RequestFactory().generic(method, "/admin/")
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        SessionKitMiddleware(lambda request: HttpResponse())(request)
    (line,) = lines_of(caplog)
    assert (
        line
        == f"access denied: rule=the admin reason=not_authenticated method={told} route=/admin/** status=401 user=None"
    )
    (line,) = lines_of(caplog, "denied")
    assert line.endswith(f" method={told} route=/admin/**")


PATHS = [
    ({"pattern": "/a/**", "role": "x"}, "/a/**"),
    ({"pattern": ["/b", "/a/*"], "role": "x", "name": "named"}, "/b,/a/*"),
    ({"pattern": ["/a/**", *(f"/{number}" for number in range(300))], "role": "x"}, "/a/**,/0,/1,"),
]


@pytest.mark.parametrize(("rule", "told"), PATHS)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_denial_on_the_path_alone_says_the_pattern_of_the_rule(caplog, rule, told, kind):
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/z", "role": "x"}, rule]):
        get = browser(READER).get if kind == "sync" else async_to_sync(abrowser(READER).get)
        get("/A/1/")
    (line,) = lines_of(caplog)
    assert f" route={told}" in line
    assert len(line) < 400


@override_settings(SESSIONKIT_PROTECT=[{"pattern": "/page", "view": "p*", "role": "x"}, {"view": "who", "role": "x"}])
def test_a_routed_denial_says_the_route(caplog):
    browser(READER).get("/page/")
    browser(READER).get("/who/")
    assert [line.partition(" route=")[2].partition(" ")[0] for line in lines_of(caplog)] == ["page/", "who/"]


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True, MIDDLEWARE=[*MIDDLEWARE, f"{__name__}.answering"])
def test_without_a_route_and_a_pattern_there_is_nothing_to_say(caplog):
    browser().get("/page/")
    (line,) = lines_of(caplog)
    assert "rule=SESSIONKIT_GLOBAL_PROTECT reason=not_authenticated method=GET route=None" in line


def answering(get_response):
    return lambda request: HttpResponse("from elsewhere")


def test_the_digest_tells_users_apart_and_depends_on_the_key():
    one, other = (validate_session({"user_id": user}) for user in "12")
    assert user_digest(one) == user_digest(one) != user_digest(other)
    assert user_digest(None) is None
    before = user_digest(one)
    with override_settings(SECRET_KEY="another"):
        assert user_digest(one) != before


def test_the_digest_is_documented_and_the_same_in_every_release():
    with override_settings(SECRET_KEY="canary"):
        key = hashlib.sha256(b"django_sessionkit.user" + b"canary").digest()
        digest = hmac.new(key, b"7", "sha256").hexdigest()
        assert user_digest(validate_session({"user_id": "7"})) == digest[:16]


REQUEST = RequestFactory().get("/")
DIGEST = user_digest(validate_session({"user_id": "7"}))
BEFORE = {"user_id": "7", "plan": "a"}
EVENTS = {
    "revoked": (
        lambda: audit.revoked("7", True),
        [("INFO", f"sessions revoked: refresh=True user={DIGEST}")],
    ),
    "not_revoked_again": (
        lambda: audit.not_revoked_again("7", VersionUnavailable("no cache")),
        [("ERROR", f"sessions could not be revoked again at the commit: no cache user={DIGEST}")],
    ),
    "version_unavailable": (
        lambda: audit.version_unavailable("no cache"),
        [("ERROR", "session counts as absent, its version could not be checked: no cache")],
    ),
    "unavailable": (
        lambda: audit.unavailable("no store"),
        [("ERROR", "session could not be loaded, so its state is unknown for now: no store")],
    ),
    "unversioned": (
        audit.unversioned,
        [("ERROR", "session counts as absent, it has no current version: store it with set_session()")],
    ),
    "no_tenant": (
        lambda: audit.no_tenant("raised KeyError"),
        [("ERROR", "the request has no current tenant: SESSIONKIT_TENANT raised KeyError")],
    ),
    "without_email": (
        lambda: audit.without_email("has more than 3 characters"),
        [("WARNING", "e-mail address left out of a session: has more than 3 characters")],
    ),
    "reserved_group": (
        lambda: audit.reserved_group("staff"),
        [
            (
                "WARNING",
                'the group "staff" gives no role, because the bridge gives the role of this name itself; '
                "rename the group",
            )
        ],
    ),
    "rejected": (
        lambda: run(audit.rejected(REQUEST, InvalidSession("roles", "has a blank name"))),
        [("WARNING", "session rejected: field=roles reason=has a blank name")],
    ),
    "refreshed": (
        lambda: run(
            audit.refreshed(
                REQUEST,
                validate_session({"user_id": "7", "plan": "a"}),
                validate_session({"user_id": "7", "role": "x"}),
            )
        ),
        [("INFO", f"session refreshed: changed=custom,role user={DIGEST}")],
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_has_one_line(name, caplog):
    report, expected = EVENTS[name]
    with caplog.at_level(logging.INFO, "django_sessionkit"):
        report()
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == expected
    assert {one.name for one in caplog.records} == {"django_sessionkit.security"}


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (InvalidSession("roles", "is wrong", "rename it"), "rename it"),
        (InvalidSession("roles", "is wrong"), "change what f() returns"),
        (
            InvalidSession("roles", "has more than 3 items"),
            "change what f() returns, or set SESSIONKIT_LIMITS (role_length, roles_count)",
        ),
        (
            InvalidSession("custom", "is nested deeper than 2 levels"),
            "change what f() returns, or set SESSIONKIT_LIMITS (custom_depth, custom_nodes, custom_string_length)",
        ),
        (InvalidSession("session", "has more than 3 items"), "change what f() returns"),
    ],
)
def test_a_login_without_a_session_says_what_to_do(error, hint, caplog):
    audit.refused("Django", "f()", error)
    fault = f"field={error.field} reason={error.reason}"
    assert caplog.messages == [f"Django login without a session: {fault}; {hint}"]


@override_settings(DEBUG=True)
def test_code_that_is_told_of_a_loading_session_finds_an_anonymous_caller(caplog):
    """It is inside a request, so there is no warning that it is not."""
    seen = []

    def ask(found):
        seen.append((get_session(), has_role("editor")))
        return True

    audit.security_logger.addFilter(ask)
    signals.session_rejected.connect(receiver := lambda **kwargs: ask(kwargs), weak=False)
    try:
        with use_session(READER):
            audit.unversioned()
            run(audit.rejected(REQUEST, InvalidSession("roles", "is wrong")))
    finally:
        audit.security_logger.removeFilter(ask)
        signals.session_rejected.disconnect(receiver)
    assert seen == [(None, False)] * 3
    assert {one.name for one in caplog.records} == {audit.security_logger.name}


def test_the_text_of_other_exceptions_is_left_out():
    assert audit.error_text(InvalidSession("roles", "is wrong")) == "roles: is wrong"
    try:
        raise KeyError("canary-7c1f")
    except KeyError as error:
        text = audit.error_text(error)
    assert text.startswith("KeyError at ")
    assert "canary" not in text
