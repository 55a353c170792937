"""The adapter for Django Ninja, in its own operations. Skipped if Ninja is not installed."""

from __future__ import annotations

import io
import logging
from importlib.util import find_spec

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from support.loops import async_to_sync
from support.sessions import ADMIN, EDITOR, JSON, READER, sign_in

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.signals import access_denied

if find_spec("ninja") is None:
    pytest.skip("needs django-ninja", allow_module_level=True)

from ninja import NinjaAPI, Router
from ninja.renderers import BaseRenderer
from support import ninja_urls

from django_sessionkit import AllowObject, Role
from django_sessionkit.contrib.ninja import SessionAuth, answer_denials

PEOPLE = {"r": READER, "e": EDITOR, "-": None}
CHALLENGE = 'Session realm="site"'
BOTH = pytest.mark.parametrize("a", ["", "a"], ids=["def", "async def"])
HANDLERS = pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "support.ninja_urls"


@pytest.fixture
def told():
    """Collect the reported denials."""
    told = []
    access_denied.connect(keep := lambda decision, status, **kwargs: told.append((status, decision.reason)), weak=False)
    yield told
    access_denied.disconnect(keep)


def ask(path, data=None, method="get", asgi=False, csrf=False, headers=JSON):
    client = AsyncClient(enforce_csrf_checks=csrf) if asgi else Client(enforce_csrf_checks=csrf)
    if data is not None:
        sign_in(client, data)
    client.cookies["csrftoken"] = "a" * 32
    call = getattr(client, method)
    return (async_to_sync(call) if asgi else call)(path, headers=headers)


def statuses(path, **how):
    return [ask(path, data, **how).status_code for data in PEOPLE.values()]


@BOTH
@HANDLERS
@pytest.mark.parametrize("api", ["plain", "answered"])
def test_401_without_a_session_and_403_without_the_right(api, a, asgi):
    assert statuses(f"/{api}/{a}page/", asgi=asgi) == [403, 200, 401]
    assert ask(f"/{api}/{a}page/", EDITOR, asgi=asgi).json() == "2"
    assert statuses(f"/{api}/{a}any/", asgi=asgi) == [200, 200, 401]
    assert statuses(f"/{api}/{a}predicate/", asgi=asgi) == [403, 200, 401]
    assert statuses(f"/{api}/{a}not/", asgi=asgi) == [200, 403, 401]


@BOTH
def test_without_the_handlers_ninja_answers_in_its_own_form_in_debug_too(a, settings, told):
    settings.DEBUG = True
    assert ask(f"/plain/{a}page/").json() == {"detail": "Unauthorized"}
    assert ask(f"/plain/{a}page/", READER).json() == {"detail": "This session does not have the right to do that."}
    assert told == [(403, "missing_role")]


@BOTH
@HANDLERS
@pytest.mark.parametrize("debug", [False, True])
def test_with_the_handlers_denials_are_problems_and_are_reported(a, asgi, debug, settings, told):
    settings.DEBUG = debug
    answer = ask(f"/answered/{a}page/", asgi=asgi)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/problem+json", "no-store")
    answer = ask(f"/answered/{a}page/", READER, asgi=asgi)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert told == [(401, "not_authenticated"), (403, "missing_role")]


@BOTH
@pytest.mark.parametrize("api", ["plain", "answered"])
def test_401_for_a_login_that_is_too_old(api, a, told):
    assert ask(f"/{api}/{a}recent/", {**EDITOR, "auth_time": 1}).status_code == 401
    assert told == [(401, "stale_authentication")]


def test_each_decision_is_one_line_in_the_log_for_debugging(caplog):
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        ask("/plain/page/", EDITOR)
    line = "allowed: rule=None reason=granted requirement=Role('editor') method=GET route=plain/page/"
    assert [one for one in caplog.messages if one.startswith("allowed: ")] == [line]


@BOTH
def test_with_the_handlers_what_code_enforces_is_answered_alike(a, settings, told):
    settings.DEBUG = True
    assert statuses(f"/answered/{a}enforced/") == [403, 200, 401]
    assert told == [(403, "missing_role"), (401, "not_authenticated")]


@BOTH
@pytest.mark.parametrize("api", ["plain", "answered"])
def test_another_auth_may_let_in_who_has_no_session(api, a):
    assert ask(f"/{api}/{a}either/").status_code == 401
    assert ask(f"/{api}/{a}either/", headers={**JSON, "X-Key": "right"}).json() == "right"
    assert ask(f"/{api}/{a}either/", READER, headers={**JSON, "X-Key": "right"}).status_code == 403
    assert ask(f"/{api}/{a}either/", EDITOR).json() == "2"


def test_the_handlers_leave_the_401_of_others_to_ninja(told):
    assert ask("/answered/key/").json() == {"detail": "Unauthorized"}
    assert ask("/answered/key/", READER).status_code == 401
    assert told == []


def test_the_401_of_others_is_rendered_by_the_api(settings):
    class Renderer(BaseRenderer):
        def render(self, request, data, *, response_status):
            return f"{request.path} {data['detail']} {response_status}"

    api = NinjaAPI(urls_namespace="rendered", docs_url=None, renderer=Renderer())
    answer_denials(api)
    api.get("key/", auth=ninja_urls.Key())(lambda request: "page")
    settings.ROOT_URLCONF = (path("", api.urls),)
    answer = ask("/key/")
    assert (answer.status_code, answer.content) == (401, b"/key/ Unauthorized 401")


@BOTH
def test_a_public_requirement_lets_everybody_in(a):
    assert ask(f"/plain/{a}public/").json() == "anonymous"
    assert ask(f"/plain/{a}public/", READER).json() == "1"


@BOTH
@HANDLERS
def test_a_session_from_a_cookie_needs_a_csrf_token(a, asgi):
    page = f"/plain/{a}page/"
    assert ask(page, EDITOR, asgi=asgi, csrf=True).status_code == 200
    answer = ask(page, EDITOR, "post", asgi=asgi, csrf=True)
    assert (answer.status_code, answer.json()) == (403, {"detail": "CSRF check failed"})
    with_token = {**JSON, "X-CSRFToken": "a" * 32}
    assert ask(page, EDITOR, "post", asgi=asgi, csrf=True, headers=with_token).status_code == 200
    assert ask(f"/plain/{a}public/", None, "post", asgi=asgi, csrf=True).status_code == 200


def test_an_exempt_operation_needs_no_csrf_token():
    assert ask("/plain/exempt/", EDITOR, "post", csrf=True).status_code == 200
    assert ask("/plain/exempt/", READER, "post", csrf=True).status_code == 403


@BOTH
def test_without_the_middleware_operations_decide_all_the_same(a, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    assert statuses(f"/plain/{a}page/", asgi=True) == [403, 200, 401]


def test_throttles_count_each_user_alone():
    cache.clear()
    other = {**EDITOR, "user_id": "4"}
    assert [ask("/plain/throttled/", who).status_code for who in (EDITOR, other, EDITOR, other)] == [200, 200, 429, 429]


def test_url_rules_and_auth_must_both_hold(settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": "/plain/ruled", "role": "staff"}]
    assert statuses("/plain/ruled/") == [403, 200, 401]
    settings.SESSIONKIT_PROTECT = [{"pattern": "/plain/ruled", "role": "admin"}]
    assert [ask("/plain/ruled/", data).status_code for data in (EDITOR, ADMIN)] == [403, 403]


def test_openapi_names_the_session_cookie():
    schema = ninja_urls.plain.get_openapi_schema()
    scheme = schema["components"]["securitySchemes"]["SessionAuth"]
    assert scheme == {"type": "apiKey", "in": "cookie", "name": "sessionid"}
    assert schema["paths"]["/plain/page/"]["get"]["security"] == [{"SessionAuth": []}]


def test_what_is_no_requirement_is_refused_when_the_operation_is_defined():
    with pytest.raises(InvalidPolicy, match=r"^SessionAuth: needs a requirement"):
        SessionAuth("editor")
    with pytest.raises(
        InvalidPolicy, match=r"^SessionAuth: AllowObject\(.*\) needs an object, and auth has none; call enforce\("
    ):
        SessionAuth(Role("editor") | AllowObject(lambda session, order: True))
    with pytest.raises(
        InvalidPolicy, match=r"^auth=SessionAuth: is the class, not an instance; write auth=SessionAuth\(\)"
    ):
        SessionAuth(RequestFactory().get("/"))


def test_only_an_api_answers_denials():
    for wrong in (Router(), ninja_urls.plain.urls):
        with pytest.raises(
            InvalidPolicy, match=r"answer_denials\(\): needs a NinjaAPI, not (Router|tuple); call it once for each API$"
        ):
            answer_denials(wrong)


def test_the_list_of_routes_leaves_operations_to_ninja():
    out = io.StringIO()
    call_command("sessionkit_routes", stdout=out)
    assert "Ninja" in next(line for line in out.getvalue().splitlines() if "/plain/page/" in line)


@HANDLERS
@pytest.mark.parametrize("where", ["auth", "aauth", "decorated", "adecorated"])
def test_no_cache_around_an_operation_serves_the_answer_of_somebody_else(where, asgi, settings):
    """The cache wraps the whole operation, including its ``auth``."""
    cache.clear()
    assert statuses(f"/cached/{where}/", asgi=asgi) == [403, 200, 401]
    assert statuses(f"/cached/{where}/", asgi=asgi) == [403, 200, 401]
    assert ask("/cached/open/").headers.get("Vary") == ask("/cached/open/").headers.get("Vary") is None
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    if "auth" in where:
        assert statuses(f"/cached/{where}/", asgi=asgi) == [403, 200, 401]


@HANDLERS
@BOTH
def test_a_hidden_operation_is_an_unknown_url(a, asgi, settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": f"/plain/{a}page", "role": "admin", "on_deny": "not_found"}]
    for who in (None, EDITOR):
        hidden, unknown = (ask(f"/plain/{a}{name}/", who, asgi=asgi) for name in ("page", "nil-"))
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.headers == unknown.headers
        assert hidden.content == unknown.content


def malformed(request):
    return {"user_id": 7}


def out_of_reach(request):
    raise ConnectionError


@BOTH
@HANDLERS
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("source", "status"), [(malformed, 403), (out_of_reach, 503)])
def test_a_session_that_is_refused_or_unknown_is_no_missing_login(a, asgi, debug, source, status, settings, told):
    settings.SESSIONKIT_SOURCE, settings.DEBUG = source, debug
    assert ask(f"/plain/{a}page/", asgi=asgi).status_code == status
    assert ask(f"/plain/{a}public/", asgi=asgi).status_code == 200
    assert [one[0] for one in told] == [status]
    told.clear()
    for where in ("page", "enforced"):
        answer = ask(f"/answered/{a}{where}/", asgi=asgi)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.get("Retry-After") == {503: "10"}.get(status)
    assert told == [(status, {403: "refused", 503: "unknown_for_now"}[status])] * 2


@BOTH
@HANDLERS
@pytest.mark.parametrize("order", [1, 2], ids=["locale outside", "locale inside"])
def test_a_denial_in_the_language_of_the_request(order, a, asgi, settings):
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ]
    settings.MIDDLEWARE.insert(order, "django.middleware.locale.LocaleMiddleware")
    german = {**JSON, "accept-language": "de"}
    for page in (f"/plain/{a}page/", f"/answered/{a}page/", f"/answered/{a}enforced/"):
        answer = ask(page, READER, asgi=asgi, headers=german)
        assert answer.status_code == 403
        assert answer.json()["detail"] == "Sie haben nicht das Recht, das zu tun."
        assert (answer["Content-Language"], "Accept-Language" in answer["Vary"]) == ("de", True)
    assert ask(f"/answered/{a}page/", asgi=asgi, headers=german).json()["title"] == "Nicht angemeldet"
    answer = ask(f"/plain/{a}page/", EDITOR, "post", asgi=asgi, csrf=True, headers=german)
    assert answer.json() == {"detail": "Die CSRF-Prüfung ist fehlgeschlagen"}
