"""The four states: a session, no session, a rejected session, and a session that cannot be read at the moment."""

from __future__ import annotations

import logging

import pytest
from django.contrib.sessions.backends import file
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.cache.backends.base import InvalidCacheKey
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import include, path
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import EDITOR, HTML, JSON, abrowser, browser

from django_sessionkit import (
    AccessDenied,
    Authenticated,
    InvalidSession,
    NotAuthenticated,
    Role,
    aevaluate,
    aexplain,
    can_access,
    enforce,
    evaluate,
    explain,
    get_session,
    has_role,
    is_authenticated,
    require_session,
    session_public,
    set_session,
    validate_session,
)
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import NotValidated, SessionUnavailable
from django_sessionkit.sources import DjangoSessionSource

DESK = {"pattern": ["/page", "/apage"], "role": "editor"}


class Down(DjangoSessionSource):
    """A source whose store is unavailable."""

    def read(self, request):
        raise OperationalError(CANARY)

    async def aread(self, request):
        raise OperationalError(CANARY)


def malformed(request):
    return {"user_id": "1", "roles": "admin", "secret": CANARY}


def says_no(request):
    raise PermissionDenied(CANARY)


def says_invalid(request):
    raise InvalidSession("custom", "has no plan", "give the user a plan")


def says_unavailable(request):
    raise SessionUnavailable("the directory is out of reach")


def report(request):
    return JsonResponse(
        {
            "session": get_session() is not None,
            "asked": [is_authenticated(), has_role("editor"), can_access("/page/"), can_access("/open/")],
            "public": session_public(),
            "reason": evaluate(Role("editor")).reason,
            "not": evaluate(~Role("editor")).reason,
        }
    )


async def areport(request):
    return JsonResponse({"reason": (await aevaluate(Role("editor"))).reason})


def explained(request):
    if "text" in request.GET:
        return HttpResponse(str(explain("/page/")))
    return JsonResponse(explain("/page/", caller=request.GET.get("caller", "page")).as_dict())


async def aexplained(request):
    return JsonResponse((await aexplain("/page/")).as_dict())


def requiring(request):
    require_session()


def enforcing(request):
    enforce(Authenticated())


def objecting(request):
    raise {"denied": AccessDenied, "anonymous": NotAuthenticated}[request.GET["as"]]


urlpatterns = [
    path("report/", report),
    path("areport/", areport),
    path("explained/", explained),
    path("aexplained/", aexplained),
    path("requiring/", requiring),
    path("enforcing/", enforcing),
    path("objecting/", objecting),
    path("hidden/", require_role("editor", on_deny="not_found")(report)),
    path("elsewhere/", require_role("editor", redirect_to="/open/")(report)),
    path("", include("testsite.urls")),
]

UNKNOWN = [Down(), says_unavailable]
REFUSED = [malformed, says_no, says_invalid]
HTMX = {**HTML, "hx-request": "true"}


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = [DESK]
    return settings


def both(url, headers=HTML):
    """Return the responses of both handlers."""
    return browser().get(url, headers=headers), async_to_sync(abrowser().get)(url, headers=headers)


# Responses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sources", "status"), [(REFUSED, 403), (UNKNOWN, 503)], ids=["refused", "unknown"])
@pytest.mark.parametrize("url", ["/page/", "/requiring/", "/enforcing/", "/objecting/?as=denied", "/elsewhere/"])
@pytest.mark.parametrize("headers", [HTML, HTMX, JSON], ids=["page", "htmx", "api"])
def test_neither_is_sent_anywhere(site, sources, status, url, headers):
    for source in sources:
        site.SESSIONKIT_SOURCE = source
        for answer in both(url, headers):
            assert answer.status_code == status
            assert not {"Location", "HX-Redirect", "WWW-Authenticate"} & set(answer.headers)
            assert answer["Cache-Control"] == "no-store"
            assert answer.get("Retry-After") == ("10" if status == 503 else None)
            assert CANARY not in answer.content.decode()
            if headers is JSON:
                assert answer["Content-Type"] == "application/problem+json"
                assert answer.json()["status"] == status


def test_what_a_view_denies_without_a_decision_of_ours_is_answered_alike(site):
    site.SESSIONKIT_SOURCE = Down()
    assert [answer.status_code for answer in both("/objecting/?as=anonymous")] == [503, 503]


@pytest.mark.parametrize("source", [Down(), malformed])
def test_a_hidden_page_stays_hidden(site, source):
    site.SESSIONKIT_SOURCE = source
    assert [answer.status_code for answer in both("/hidden/")] == [404, 404]


@pytest.mark.parametrize("source", [Down(), malformed])
def test_a_rule_that_denies_everybody_still_does(site, source):
    site.SESSIONKIT_SOURCE = source
    site.SESSIONKIT_PROTECT = [{"pattern": "/page", "deny": True, "api": True}]
    for answer in both("/page/"):
        assert answer.status_code in (401, 403, 503)
        assert not answer.has_header("Location")


@pytest.mark.parametrize("source", [Down(), malformed])
def test_the_default_asks_likewise_and_what_is_public_stays_open(site, source):
    site.SESSIONKIT_SOURCE = source
    site.SESSIONKIT_GLOBAL_PROTECT, site.SESSIONKIT_EXCLUDE = True, ["/open"]
    assert {answer.status_code for answer in both("/who/")} <= {403, 503}
    assert [answer.status_code for answer in both("/open/")] == [200, 200]
    assert [answer.status_code for answer in both("/login/")] == [200, 200]


@pytest.mark.parametrize(("source", "reason"), [(Down(), "unknown_for_now"), (malformed, "refused")])
def test_every_question_is_answered_with_no(site, source, reason):
    site.SESSIONKIT_SOURCE = source
    told = browser().get("/report/").json()
    assert told == {
        "session": False,
        "asked": [False, False, False, True],
        "public": None,
        "reason": reason,
        "not": reason,
    }
    assert async_to_sync(abrowser().get)("/areport/").json() == {"reason": reason}


def test_templates_show_what_the_anonymous_see(site):
    anonymous = browser().get("/template/").content
    site.SESSIONKIT_SOURCE = Down()
    assert browser().get("/template/").content == anonymous


@pytest.mark.parametrize(
    ("source", "session", "status"), [(Down(), "unknown for now", 503), (malformed, "refused", 403)]
)
@pytest.mark.parametrize("caller", ["page", "htmx", "api"])
def test_it_is_explained(site, source, session, status, caller):
    site.SESSIONKIT_SOURCE = source
    told = browser().get("/explained/", {"caller": caller}).json()
    assert (told["session"], told["outcome"], told["response"]) == (
        session,
        "denied",
        {"status": status, "caller": caller, "location": None, "is_step_up": False},
    )
    assert told["reason"] == session.replace(" ", "_")
    assert told["reason"] == told["readings"][0]["asked"]["reason"]
    atold = async_to_sync(abrowser().get)("/aexplained/").json()
    assert (atold["session"], atold["reason"]) == (told["session"], told["reason"])
    assert f"Session   {session}" in browser().get("/explained/?text").content.decode()


# What users see -------------------------------------------------------------------------------------------------------


def templates(site, tmp_path, text):
    (tmp_path / "503.html").write_text(text)
    site.TEMPLATES = [{**site.TEMPLATES[0], "DIRS": [tmp_path]}]


@pytest.mark.parametrize("debug", [False, True])
def test_the_project_may_have_a_page_of_its_own(site, tmp_path, debug):
    site.SESSIONKIT_SOURCE, site.DEBUG = Down(), debug
    templates(site, tmp_path, "back soon{{ user }}")
    assert [answer.content for answer in both("/page/")] == [b"back soon"] * 2


@pytest.mark.parametrize("text", ["{% no such tag %}", "{% extends 'nowhere.html' %}"])
def test_a_page_that_fails_is_replaced_by_a_plain_one(site, tmp_path, text, caplog):
    site.SESSIONKIT_SOURCE = Down()
    templates(site, tmp_path, text)
    for answer in both("/page/"):
        assert answer.status_code == 503
        assert b"<h1>Service Unavailable</h1>" in answer.content
    if "no such" in text:
        assert "The template 503.html raised TemplateSyntaxError. A plain page is sent." in caplog.messages


@pytest.mark.parametrize(
    ("source", "title", "why"),
    [
        (Down(), "503: session unknown for now", "the session cannot be looked up at the moment (OperationalError at "),
        (malformed, "403: access denied", "the login gives no valid session (roles: must be a list or tuple of str"),
        (says_no, "403: access denied", "the login gives no valid session (session: was refused by the source: Permis"),
    ],
)
def test_a_developer_sees_the_reason(site, source, title, why):
    site.SESSIONKIT_SOURCE, site.DEBUG = source, True
    for answer in both("/page/"):
        page = answer.content.decode()
        assert f"<h1>{title}</h1>" in page
        assert why in page
        assert CANARY not in page
    for answer in both("/page/", JSON):
        assert why in answer.json()["detail"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            malformed,
            "SESSIONKIT_SOURCE login without a session: field=roles reason=must be a list or tuple of strings, not "
            "str; write a list with one name; change what SESSIONKIT_SOURCE returns",
        ),
        (
            says_no,
            "SESSIONKIT_SOURCE login without a session: field=session reason=was refused by the source: "
            "PermissionDenied; change what SESSIONKIT_SOURCE returns",
        ),
        (
            says_invalid,
            "SESSIONKIT_SOURCE login without a session: field=custom reason=has no plan; give the user a plan",
        ),
        (
            says_unavailable,
            "session could not be loaded, so its state is unknown for now: the directory is out of reach",
        ),
    ],
)
def test_the_log_says_what_to_do(site, source, line, caplog):
    site.SESSIONKIT_SOURCE = source
    both("/page/")
    errors = [
        record.getMessage()
        for record in caplog.records
        if record.name == "django_sessionkit.security" and record.levelno == logging.ERROR
    ]
    assert errors == [line] * 2
    assert CANARY not in caplog.text


def suspicious(request):
    raise SuspiciousOperation


def test_what_the_client_has_done_wrong_is_answered_by_django(site):
    site.SESSIONKIT_SOURCE = suspicious
    assert [answer.status_code for answer in both("/page/")] == [400, 400]


# A dict that the store keeps ------------------------------------------------------------------------------------------


def test_a_dict_that_can_be_removed_is_and_leaves_an_anonymous_caller():
    client = browser({"user_id": 7})
    assert client.get("/page/").status_code == 302
    assert "__session__" not in client.session


@pytest.mark.parametrize("engine", ["db", "cached_db"])
@pytest.mark.django_db
def test_a_session_store_that_is_out_of_reach_signs_nobody_out(site, engine, monkeypatch):
    site.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    client, visitor = browser(EDITOR), browser()
    aclient = abrowser()
    aclient.cookies = client.cookies

    def down(*args, **kwargs):
        raise OperationalError(CANARY)

    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "_get_session_from_db", down)
        patch.setattr(SessionStore, "_aget_session_from_db", down)
        cache.clear()
        for answer in (client.get("/page/"), async_to_sync(aclient.get)("/page/")):
            assert answer.status_code == 503
            assert "sessionid" not in answer.cookies
        assert client.get("/open/").status_code == 200
        assert visitor.get("/page/").status_code == 302  # without a cookie there is no session
    assert client.get("/page/").status_code == 200
    assert async_to_sync(aclient.get)("/page/").status_code == 200


class Flaky(LocMemCache):
    """A cache that can be made unavailable."""

    is_down = False

    failures = 0

    def get(self, key, *args, **kwargs):
        self.validate_key(key)
        if Flaky.is_down or Flaky.failures:
            Flaky.failures = max(Flaky.failures - 1, 0)
            raise ConnectionError(CANARY)
        return super().get(key, *args, **kwargs)

    def validate_key(self, key):
        if " " in key:
            raise InvalidCacheKey(key)


@pytest.fixture
def flaky(site):
    site.CACHES = {"default": {"BACKEND": f"{__name__}.Flaky", "LOCATION": "flaky"}}
    site.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    yield Flaky
    Flaky.is_down, Flaky.failures = False, 0


def peeking(get_response):
    """A middleware outside of ours that reads the session first."""

    def middleware(request):
        request.session.get("other")
        return get_response(request)

    return middleware


@pytest.mark.parametrize("outside", [[], [f"{__name__}.peeking"]])
@pytest.mark.parametrize("make", [browser, abrowser])
def test_a_cache_that_django_takes_for_an_empty_session_signs_nobody_out(flaky, site, make, outside):
    site.MIDDLEWARE = [site.MIDDLEWARE[0], *outside, *site.MIDDLEWARE[1:]]
    client, visitor = make(EDITOR), make()
    get, visit = ((one.get if make is browser else async_to_sync(one.get)) for one in (client, visitor))
    flaky.is_down = True
    answer = get("/page/")
    assert answer.status_code == 503
    assert "sessionid" not in answer.cookies
    assert visit("/page/").status_code == 302
    visitor.cookies["sessionid"] = "no key"
    assert visit("/page/").status_code == 302
    flaky.is_down = False
    assert get("/page/").status_code == 200
    visitor.cookies["sessionid"] = "expired" * 5
    assert visit("/page/").status_code == 302


@pytest.mark.parametrize("make", [browser, abrowser])
def test_a_cache_that_fails_only_once_signs_nobody_out(flaky, make):
    client = make(EDITOR)
    get = client.get if make is browser else async_to_sync(client.get)
    flaky.failures = 1
    answer = get("/page/")
    assert answer.status_code == 503
    assert "sessionid" not in answer.cookies
    assert get("/page/").status_code == 200


@pytest.fixture
def folder(site, tmp_path, monkeypatch):
    kept = tmp_path / "sessions"
    kept.mkdir()
    monkeypatch.setattr(file.SessionStore, "_storage_path", str(kept), raising=False)
    site.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    return kept


@pytest.mark.parametrize("make", [browser, abrowser])
@pytest.mark.parametrize("fault", ["of the file", "of the folder"])
def test_files_that_cannot_be_read_sign_nobody_out(folder, make, fault, monkeypatch):
    client, visitor = make(EDITOR), make()
    get, visit = ((one.get if make is browser else async_to_sync(one.get)) for one in (client, visitor))

    def too_many(*args, **kwargs):
        raise OSError(24, CANARY)

    with monkeypatch.context() as patch:
        if fault == "of the file":
            patch.setattr(file, "open", too_many, raising=False)
        else:
            folder.rename(folder.with_name("elsewhere"))
        answer = get("/page/")
        assert answer.status_code == 503
        assert "sessionid" not in answer.cookies
        assert get("/open/").status_code == 200
        assert visit("/page/").status_code == 302
    if fault == "of the folder":
        folder.with_name("elsewhere").rename(folder)
    assert get("/page/").status_code == 200
    for key in ("../../etc/passwd", "expired" * 5):
        visitor.cookies["sessionid"] = key
        assert visit("/page/").status_code == 302


# The validator --------------------------------------------------------------------------------------------------------


class Plans:
    """A validator that queries a database."""

    error: Exception | None = None

    @classmethod
    def check(cls, data):
        if cls.error is not None:
            raise cls.error
        return data


@pytest.fixture
def plans(site):
    site.SESSIONKIT_SESSION_VALIDATOR = Plans.check
    yield Plans
    Plans.error = None


FAULTS = [OperationalError(CANARY), KeyError(CANARY), RuntimeError(CANARY), PermissionDenied(CANARY), OSError(CANARY)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("make", [browser, abrowser])
def test_a_validator_that_fails_signs_nobody_out(plans, fault, make, caplog):
    client = make(EDITOR)
    get = client.get if make is browser else async_to_sync(client.get)
    Plans.error = fault
    assert get("/page/").status_code == 503
    assert client.session["__session__"] == EDITOR
    assert f"SESSIONKIT_SESSION_VALIDATOR failed: {type(fault).__name__} at " in caplog.text
    assert CANARY not in caplog.text
    Plans.error = None
    assert get("/page/").status_code == 200


@pytest.mark.parametrize("fault", [InvalidSession("custom", "no plan"), ValueError(CANARY)])
def test_a_validator_that_refuses_still_ends_the_session(plans, fault):
    client = browser(EDITOR)
    Plans.error = fault
    assert client.get("/page/").status_code == 302
    assert "__session__" not in client.session


def change(request):
    get_session()
    Plans.error = RuntimeError(CANARY)
    request.session["__session__"] = {**EDITOR, "plan": "new"}
    seen = evaluate(Authenticated()).reason
    return JsonResponse({"seen": seen, "kept": "__session__" in request.session})


def test_nor_does_one_that_fails_for_a_dict_that_was_changed_in_the_request(plans, site):
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("change/", change)]})
    client = browser(EDITOR)
    assert client.get("/change/").json() == {"seen": "unknown_for_now", "kept": True}
    assert client.session["__session__"]["plan"] == "new"


def test_what_cannot_be_checked_is_not_registered(plans, rf):
    request = rf.get("/")
    request.session = browser().session
    Plans.error = RuntimeError(CANARY)
    with pytest.raises(NotValidated) as caught:
        set_session(request, EDITOR)
    assert isinstance(caught.value, InvalidSession)
    assert caught.value.field == "custom"
    assert dict(request.session.items()) == {}
    with pytest.raises(SessionUnavailable):
        validate_session(EDITOR)


@override_settings(SESSIONKIT_SOURCE=Down())
def test_a_denial_is_logged_with_its_status(caplog):
    browser().get("/page/")
    assert "reason=unknown_for_now" in caplog.text
    assert "status=503" in caplog.text
