"""The current tenant of a request: asked once, kept, and never that of another request. Over HTTP, sync and async."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import logging
import pickle
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import abrowser, browser, sign_in

from django_sessionkit import (
    InvalidSession,
    Permission,
    Role,
    Within,
    aconfirm_session,
    aevaluate,
    aget_session,
    aset_session,
    aupdate_session,
    conf,
    confirm_session,
    evaluate,
    get_session,
    peek_session,
    set_session,
    signals,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.decorators import require, require_role
from django_sessionkit.exceptions import NotEvaluated
from django_sessionkit.session.loader import ask_tenant
from django_sessionkit.session.tenants import answer_for, placed
from django_sessionkit.utils.sansio import arun, dry_run, run

CAFE = unicodedata.normalize("NFC", "café")
TENANTS = {
    "acme": {"roles": ["editor"]},
    "globex": {"roles": ["reader"], "permissions": ["posts:read"]},
    CAFE: {"roles": ["editor"]},
}
MEMBER = {"user_id": "7", "role": "owner", "tenants": TENANTS, "email": f"{CANARY}@example.org"}
ASKED: list[str] = []
EDITS = Within(Role("editor"))


def tenant_of(request):
    """The tenant is the first part of the path. Some names stand for mistakes."""
    ASKED.append(request.path)
    name = request.path.split("/")[1]
    if name == "raises":
        raise RuntimeError(CANARY)
    if name == "reads":
        get_session()
    if name == "peeks":
        return (peek_session() or {"user_id": "nobody"})["user_id"]
    if name == "writes":
        update_session(request, {"plan": "free"})
    odd = {"none": None, "number": 5, "bytes": b"acme", "true": True, "blank": " ", "long": "x" * 300, "nul": "a\0c"}
    return odd.get(name, name)


async def atenant_of(request):
    if request.path.startswith("/writes"):
        await aupdate_session(request, {"plan": "free"})
    return tenant_of(request)


class Hostile(str):
    """A text that claims to be equal to every other one."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("acme")

    def __str__(self):
        return "acme"


def told(session):
    return JsonResponse({"tenant": session.tenant if session else None, "edits": evaluate(EDITS).allowed})


def who(request, **kwargs):
    return told(get_session())


async def awho(request, **kwargs):
    session = await aget_session()
    return JsonResponse({"tenant": session.tenant, "edits": (await aevaluate(EDITS)).allowed})


def deceived(request, **kwargs):
    """Change everything that the function for the tenant looks at."""
    get_session()
    request.path = request.path_info = "/acme/who"
    request.META["HTTP_HOST"] = "acme.example.org"
    request.session["__session__"] = dict(request.session["__session__"])  # read again
    return told(get_session())


def changed(request, **kwargs):
    tenants = [set_session(request, {**MEMBER, "user_id": "8"}).tenant, get_session().tenant]
    tenants += [update_session(request, {"plan": "free"}).tenant, get_session().tenant]
    tenants += [confirm_session(request).tenant, get_session().tenant]
    return JsonResponse({"tenants": tenants, "edits": evaluate(EDITS).allowed})


async def achanged(request, **kwargs):
    tenants = [(await aset_session(request, {**MEMBER, "user_id": "8"})).tenant, (await aget_session()).tenant]
    tenants += [(await aupdate_session(request, {"plan": "free"})).tenant, (await aget_session()).tenant]
    tenants += [(await aconfirm_session(request)).tenant, (await aget_session()).tenant]
    return JsonResponse({"tenants": tenants, "edits": (await aevaluate(EDITS)).allowed})


def streamed(request, **kwargs):
    return StreamingHttpResponse(json.dumps([get_session().tenant, evaluate(EDITS).allowed]) for _ in range(1))


async def elsewhere(request, **kwargs):
    """In a thread, in a copied context, and in a task."""

    async def task():
        return (await aget_session()).tenant

    await aget_session()
    in_thread = await sync_to_async(lambda: get_session().tenant)()
    copied = copy_context().run(lambda: get_session().tenant)
    return JsonResponse({"tenants": [in_thread, copied, await asyncio.create_task(task())]})


@require(EDITS)
def edit(request, **kwargs):
    return HttpResponse("edited")


@require(~Within(Role("reader")))
def not_for_readers(request, **kwargs):
    return HttpResponse("in")


@require_role("editor")
def site(request, **kwargs):
    return HttpResponse("in")


VIEWS = [who, awho, deceived, changed, achanged, streamed, elsewhere, edit, not_for_readers, site]
urlpatterns = [path(f"<str:org>/{one.__name__}", one) for one in VIEWS]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True, params=[tenant_of, atenant_of], ids=["sync", "async"])
def function(request, settings):
    ASKED.clear()
    settings.SESSIONKIT_TENANT = request.param


def opened(address, data=MEMBER):
    """Open a page under WSGI and ASGI, and return the one response."""
    response, other = browser(data).get(address), async_to_sync(abrowser(data).get)(address)
    assert response.status_code == other.status_code
    return response


def test_each_request_has_its_tenant():
    assert opened("/acme/who").json() == {"tenant": "acme", "edits": True}
    assert opened("/globex/awho").json() == {"tenant": "globex", "edits": False}
    assert opened("/other/who").json() == {"tenant": "other", "edits": False}


def test_an_anonymous_caller_has_no_session_in_any_tenant():
    assert opened("/acme/who", None).json() == {"tenant": None, "edits": False}
    assert opened("/acme/edit", None).status_code == 302


def test_it_is_asked_once_for_each_request():
    for view in VIEWS:
        ASKED.clear()
        browser(MEMBER).get(f"/acme/{view.__name__}")
        assert len(ASKED) == 1, view
    ASKED.clear()
    Client().get("/acme/missing")
    assert ASKED == ["/acme/missing"]


def test_nothing_in_the_request_changes_it():
    assert opened("/globex/deceived").json() == {"tenant": "globex", "edits": False}


@pytest.mark.parametrize("view", ["changed", "achanged"])
def test_a_session_that_is_stored_during_the_request_has_the_tenant(view):
    assert opened(f"/acme/{view}").json() == {"tenants": ["acme"] * 6, "edits": True}


def test_streams_threads_tasks_and_copied_contexts_have_it():
    assert json.loads(browser(MEMBER).get("/acme/streamed").getvalue()) == ["acme", True]
    assert opened("/acme/elsewhere").json() == {"tenants": ["acme"] * 3}


def test_it_is_in_nfc():
    address = f"/{unicodedata.normalize('NFD', CAFE)}/who"
    assert opened(address).json() == {"tenant": CAFE, "edits": True}


READS = (
    "failed: SESSIONKIT_TENANT: must not read the session, which may be for another tenant; "
    "use its argument, the request"
)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raises", "failed: RuntimeError at "),
        ("reads", READS),
        ("writes", READS),
        ("number", "returned an id that must be a string, not int"),
        ("bytes", "returned an id that must be a string, not bytes"),
        ("true", "returned an id that must be a string, not bool"),
        ("blank", "returned an id that must not be blank"),
        ("long", "returned an id that has more than 255 characters"),
        ("nul", "returned an id that has control characters or lone surrogates"),
    ],
)
def test_without_a_valid_answer_there_is_no_tenant_and_the_log_says_why(name, why, caplog):
    assert opened(f"/{name}/who").json() == {"tenant": None, "edits": False}
    assert opened(f"/{name}/edit").status_code == 403
    assert opened(f"/{name}/not_for_readers").status_code == 403
    lines = [one.getMessage() for one in caplog.records if "no current tenant" in one.getMessage()]
    assert len(lines) == 6
    assert len(set(lines)) == 1
    assert lines[0].startswith(f"the request has no current tenant: SESSIONKIT_TENANT {why}")


def test_none_is_no_tenant_and_no_mistake(caplog):
    with caplog.at_level(logging.WARNING, "django_sessionkit"):
        assert opened("/none/who").json() == {"tenant": None, "edits": False}
    assert caplog.records == []


def test_peek_session_says_that_there_is_none_yet():
    assert opened("/peeks/who").json() == {"tenant": "nobody", "edits": False}


def test_a_hostile_text_becomes_a_plain_one(settings):
    settings.SESSIONKIT_TENANT = lambda request: Hostile("globex")
    assert opened("/acme/who").json() == {"tenant": "globex", "edits": False}


def test_rights_do_not_leak():
    assert opened("/acme/edit").status_code == 200
    assert opened("/globex/edit").status_code == 403
    assert opened("/acme/site").status_code == 403
    assert opened("/acme/edit", {"user_id": "7", "role": "editor"}).status_code == 403
    assert opened("/globex/not_for_readers").status_code == 403
    assert opened("/acme/not_for_readers").status_code == 200
    assert opened("/other/not_for_readers").status_code == 403


def test_without_the_middleware_it_is_asked_once_too(settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    request = RequestFactory().get("/acme/edit")
    request.session = sign_in(Client(), MEMBER).session
    assert require(EDITS)(require(~Within(Role("reader")))(edit))(request).status_code == 200
    request.path = "/globex/edit"
    assert edit(request).status_code == 200
    assert set_session(request, {**MEMBER, "user_id": "8"}).tenant == "acme"
    assert ASKED == ["/acme/edit"]


def test_a_session_of_the_next_request_is_not_of_this_tenant():
    client = browser(MEMBER)
    assert [client.get(f"/{one}/who").json()["tenant"] for one in ("acme", "globex", "acme")] == [
        "acme",
        "globex",
        "acme",
    ]


def test_a_refreshed_session_has_the_tenant_and_so_have_the_receivers(settings):
    settings.SESSIONKIT_VERSION = lambda user_id: "2"
    settings.SESSIONKIT_REFRESH = refreshed
    seen = []

    def receiver(**kwargs):
        seen.append(get_session().tenant)

    signals.session_updated.connect(receiver)
    try:
        data = {**MEMBER, "__version__": "1"}
        assert browser(data).get("/acme/who").json() == {"tenant": "acme", "edits": True}
    finally:
        signals.session_updated.disconnect(receiver)
    assert seen == ["acme"]


def refreshed(session, request):
    assert session.tenant is None
    return session.to_dict()


@pytest.mark.parametrize(
    "value",
    [5, "tests.missing", int, lambda: None, lambda a, b: None],
    ids=["number", "path", "class", "no argument", "two arguments"],
)
def test_a_faulty_setting_is_an_error_at_the_start(settings, value):
    settings.SESSIONKIT_TENANT = value
    with pytest.raises(ImproperlyConfigured, match="SESSIONKIT_TENANT"):
        Client().get("/acme/who")


def test_a_dotted_path_names_the_function(settings):
    settings.SESSIONKIT_TENANT = f"{__name__}.tenant_of"
    assert opened("/acme/who").json() == {"tenant": "acme", "edits": True}


def test_use_session_pretends_a_tenant():
    with use_session(MEMBER, tenant=unicodedata.normalize("NFD", CAFE)) as session:
        assert session.tenant == CAFE
        assert evaluate(EDITS)
    with use_session(MEMBER, tenant="globex"):
        assert not evaluate(EDITS)
    with use_session(MEMBER) as session:
        assert session.tenant is None
        assert not evaluate(EDITS)
    with use_session(None, tenant="acme") as session:
        assert session is None
    assert ASKED == []


def test_use_session_keeps_the_tenant_of_a_session():
    with use_session(MEMBER, tenant="acme") as session:
        assert use_session(session)(lambda: evaluate(EDITS).allowed)()
        assert not use_session(session, tenant="globex")(lambda: evaluate(EDITS).allowed)()
        assert not use_session(dict(session))(lambda: evaluate(EDITS).allowed)()


@pytest.mark.parametrize("tenant", [5, "", " ", "x" * 300, "a\0b"])
def test_use_session_refuses_what_is_no_tenant(tenant):
    with pytest.raises(InvalidSession, match=r"^tenant: "), use_session(MEMBER, tenant=tenant):
        pass


def test_copies_of_a_session_keep_the_tenant_and_are_equal_only_in_it():
    plain = validate_session(MEMBER)
    with use_session(MEMBER, tenant="acme") as session, use_session(MEMBER, tenant="globex") as other:
        assert pickle.loads(pickle.dumps(session)).tenant == copy.deepcopy(session).tenant == "acme"  # noqa: S301
        assert pickle.loads(pickle.dumps(plain)).tenant is None  # noqa: S301
        assert copy.copy(session) == session
        assert session != other
        assert session != plain
        assert session == dict(plain)
        assert len({session, other, plain}) == 3


NAMES = st.sampled_from(["acme", "globex", "initech"])
ROLES = st.sampled_from(["admin", "editor", "reader"])
RIGHTS = st.dictionaries(NAMES, st.builds(lambda role: {"roles": [role]}, ROLES), max_size=3)
QUESTION = st.tuples(NAMES, ROLES, st.booleans())


@examples(60)
@given(tenants=RIGHTS, role=ROLES, questions=st.lists(QUESTION, min_size=2, max_size=8))
def test_no_answer_is_kept_for_another_tenant(tenants, role, questions):
    """The same dict in several tenants, interleaved, with requirements that live as long as the process."""
    data = {"user_id": "7", "role": role, "tenants": tenants}
    for tenant, asked, again in questions + questions[::-1]:
        with use_session(data, tenant=tenant):
            for _ in range(1 + again):
                assert evaluate(INSIDE[asked]).allowed is (tenants.get(tenant) == {"roles": [asked]})
                assert evaluate(OUTSIDE[asked]).allowed is (role == asked)


INSIDE = {one: Within(Role(one)) for one in ("admin", "editor", "reader")}
OUTSIDE = {one: Role(one) for one in INSIDE}


def matrix_cases():
    return list(itertools.product(["acme", "globex"], ["admin", "editor"], ["acme", "globex"])) * 4


def expected(cases):
    """For each case, whether the role is held in the current tenant, and whether it is held on the whole site."""
    return [(tenant == current, False) for tenant, _, current in cases]


def judged(case):
    tenant, role, current = case
    with use_session({"user_id": "7", "tenants": {tenant: {"roles": [role]}}}, tenant=current):
        return evaluate(INSIDE[role]).allowed, evaluate(OUTSIDE[role]).allowed


def test_the_matrix_does_not_leak_between_threads():
    cases = matrix_cases()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(judged, cases))
    assert found == expected(cases)


def test_nor_between_requests_on_one_event_loop(settings):
    cases = matrix_cases()

    async def asked(case):
        tenant, role, current = case
        client = AsyncClient(headers={"accept": "text/html"})
        await sync_to_async(sign_in)(client, {"user_id": "7", "tenants": {tenant: {"roles": [role]}}})
        pages = await asyncio.gather(client.get(f"/{current}/{role}s"), client.get(f"/{current}/site"))
        return pages[0].status_code == 200, pages[1].status_code == 200

    async def everything():
        return await asyncio.gather(*map(asked, cases))

    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/*/admins", "role": "admin", "within": True},
        {"pattern": "/*/editors", "role": "editor", "within": True},
    ]
    assert async_to_sync(everything)() == expected(cases)


async def aplain(request, **kwargs):
    return HttpResponse("in")


urlpatterns += [path("<str:org>/admins", aplain), path("<str:org>/editors", aplain)]


def test_a_permission_of_a_tenant_is_none_of_the_site():
    with use_session(MEMBER, tenant="globex"):
        assert evaluate(Within(Permission("posts:read")))
        assert not evaluate(Permission("posts:read"))


def test_two_tasks_that_ask_at_the_same_time_get_the_first_answer(settings):
    """Without the middleware, which asks before any task can run."""

    async def slow(request):
        ASKED.append(request.path)
        await asyncio.sleep(0)
        return f"tenant-{len(ASKED)}"

    async def both(request):
        await asyncio.gather(arun(ask_tenant(request, conf.current())), arun(ask_tenant(request, conf.current())))
        return answer_for(request).tenant

    settings.SESSIONKIT_TENANT = slow
    assert async_to_sync(both)(RequestFactory().get("/acme/who")) == "tenant-2"
    assert len(ASKED) == 2


def test_a_dry_run_asks_for_no_tenant_and_keeps_no_answer():
    request = RequestFactory().get("/acme/")
    with override_settings(SESSIONKIT_TENANT=lambda request: "acme"):
        with pytest.raises(NotEvaluated):
            dry_run(ask_tenant(request, conf.current()))
        assert not answer_for(request).is_known
        run(ask_tenant(request, conf.current()))
        assert answer_for(request).tenant == "acme"


def test_a_request_whose_tenant_is_not_known_yet_has_none_and_the_first_answer_is_final():
    request, session = RequestFactory().get("/"), validate_session({"user_id": "1"})
    answer = answer_for(request)
    assert placed(session, request).tenant is None
    for tenant in ("acme", "globex"):
        answer.set_once(tenant)
        assert placed(session, request).tenant == "acme"
    assert answer_for(request) is answer
