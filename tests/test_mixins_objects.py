"""``RequireObjectMixin``, and ``requires_object``, in views of their own."""

from __future__ import annotations

import asyncio
import gc

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import path as url
from django.views import View
from django.views.generic import DetailView, TemplateView
from support import object_urls
from support.sessions import ADMIN, EDITOR, JSON, READER, abrowser, browser

from django_sessionkit import (
    Allow,
    AllowObject,
    Recent,
    RequireMixin,
    RequireObjectMixin,
    RequireRoleMixin,
    Role,
    can_access,
    explain,
    require,
    use_session,
)
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.signals import access_denied
from django_sessionkit.testing import aassert_access, assert_access

UNASKED = "without checking a requirement for an object"


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "support.object_urls"
    object_urls.asked.clear()


@pytest.fixture
def told():
    """The denials that are reported: status and reason."""
    found = []

    def keep(sender, decision, status, **kwargs):
        found.append((status, decision.reason))

    access_denied.connect(keep)
    yield found
    access_denied.disconnect(keep)


@pytest.mark.parametrize("name", object_urls.OWNED)
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_the_owner_of_an_object_gets_it_and_nobody_else(name, kind, told):
    for who, data in {"1": READER, "2": EDITOR}.items():
        client = browser(data) if kind == "wsgi" else abrowser(data)
        get = client.get if kind == "wsgi" else async_to_sync(client.get)
        statuses = {pk: get(f"/{name}/{pk}/").status_code for pk in (1, 2, 3, 9)}
        assert statuses == {1: 403, 2: 403, 3: 403, 9: 404} | {int(who): 200}
    assert told == [(403, "predicate")] * 4
    assert len(object_urls.asked) == 6  # once per object


@pytest.mark.parametrize("name", object_urls.OWNED)
def test_an_anonymous_caller_is_sent_to_the_login_page_and_a_program_gets_401(name, told):
    answer = browser().get(f"/{name}/1/")
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next=/{name}/1/")
    answer = browser().get(f"/{name}/1/", headers=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert [status for status, _ in told] == [302, 401]


def test_the_response_options_of_the_class_are_used(told):
    client = browser(READER)
    assert client.get("/upgrade/2/")["Location"] == "/plans/"
    assert browser().get("/login-url/2/")["Location"] == "/special/?next=/login-url/2/"
    assert client.get("/program/2/")["Content-Type"] == "application/problem+json"
    assert told == [(302, "predicate"), (302, "predicate"), (403, "predicate")]


@pytest.mark.parametrize("name", ["hidden", "ahidden"])
@pytest.mark.parametrize("data", [None, READER])
@pytest.mark.parametrize("debug", [False, True])
def test_a_hidden_object_looks_like_one_that_does_not_exist(name, data, debug, settings, told):
    settings.DEBUG = debug
    denied, missing = (browser(data).get(f"/{name}/{pk}/") for pk in (2, 9))
    assert (denied.status_code, missing.status_code) == (404, 404)
    assert denied.content.replace(b"/2/", b"/9/") == missing.content
    without = {"Content-Length"} if debug else set()
    assert {k: v for k, v in denied.items() if k not in without} == {
        k: v for k, v in missing.items() if k not in without
    }
    assert told == [(404, "predicate")]
    assert browser(EDITOR).get(f"/{name}/2/").status_code == 200


def test_a_missing_object_keeps_its_own_404_otherwise(settings):
    settings.DEBUG = True
    assert b"No order found matching the query" in browser(READER).get("/show/9/").content
    assert b"No order found matching the query" not in browser(READER).get("/hidden/9/").content


def test_the_object_that_the_method_of_the_lowest_class_returns_is_asked_about():
    assert [browser(data).get("/overriding/1/").status_code for data in (READER, ADMIN)] == [403, 200]
    assert len(object_urls.asked) == 2


def test_a_role_may_do_without_the_function():
    assert [browser(data).get("/or-admin/1/").status_code for data in (READER, EDITOR, ADMIN)] == [200, 403, 200]


@pytest.mark.parametrize("name", ["by-role", "role-last"])
def test_other_mixins_must_be_met_too_and_are_asked_first(name, told):
    statuses = [browser(data).get(f"/{name}/2/").status_code for data in (None, READER, EDITOR)]
    assert statuses == [302, 403, 200]
    assert [reason for _, reason in told] == ["not_authenticated", "missing_role"]
    assert len(object_urls.asked) == 1


def test_without_an_object_nobody_is_let_in(caplog):
    assert browser(READER).get("/empty/1/").status_code == 403
    assert "AllowObject(is_owner) was checked without an object" in caplog.text


@pytest.mark.django_db
def test_the_generic_views_of_django():
    own, other = Group.objects.create(name="1"), Group.objects.create(name="x")
    client = browser(READER)
    for page in ("", "edit/", "delete/"):
        assert client.get(f"/group/{own.pk}/{page}").status_code == 200
        assert client.get(f"/group/{other.pk}/{page}").status_code == (404 if page == "delete/" else 403)
    assert client.post(f"/group/{other.pk}/edit/", {"name": "mine"}).status_code == 403
    assert client.post(f"/group/{other.pk}/delete/").status_code == 404
    assert client.post(f"/group/{own.pk}/edit/", {"name": "new"}).status_code == 302
    assert set(Group.objects.values_list("name", flat=True)) == {"new", "x"}
    assert client.post(f"/group/{own.pk}/delete/").status_code == 404  # it has another name now
    assert Group.objects.count() == 2


def view_of(owner, rf, data=READER, pk=1):
    request = rf.get("/")
    view = owner()
    view.setup(request, pk=pk)
    return view


class Several(RequireObjectMixin, View):
    """Returns the orders of a list, one after the other."""

    object_requirement = AllowObject(object_urls.is_owner)
    orders: list = []

    def get_object(self):
        return self.orders.pop(0)


def test_an_answer_about_one_object_is_not_kept_for_another(rf):
    view = view_of(Several, rf)
    with use_session(READER):
        mine = object_urls.fetch(1)
        view.orders = [mine, mine]
        assert view.get_object() is view.get_object() is mine
        assert len(object_urls.asked) == 1
        view.orders = [object_urls.fetch(2)]
        with pytest.raises(AccessDenied):
            view.get_object()


def test_an_address_that_is_used_again_is_another_object(rf):
    """The view keeps the object that it has asked about, so a new object never has its ``id()``."""
    view = view_of(Several, rf)
    with use_session(READER):
        seen = set()
        for number in range(200):
            order = object_urls.fetch(1)
            seen.add(id(order))
            view.orders = [order]
            del order
            view.get_object()
            gc.collect(0)
            del object_urls.asked[:]
            order = object_urls.Order(number, "2")
            view.orders = [order]
            with pytest.raises(AccessDenied):
                view.get_object()
            object_urls.asked.clear()


class Bypassing(Several):
    """Overrides the method, and calls the one above elsewhere."""

    def get_object(self):
        return super().get_object()

    def other(self):
        return super().get_object()


class ABypassing(Several):
    async def get_object(self):
        return self.orders.pop(0)


class ABypassingBelow(ABypassing):
    async def get_object(self):
        return await super().get_object()

    async def other(self):
        return await super().get_object()


@pytest.mark.parametrize("owner", [Bypassing, ABypassingBelow])
def test_the_method_of_a_base_class_is_checked_if_another_method_calls_it(owner, rf):
    def call(name):
        method = getattr(view, name)
        return async_to_sync(method)() if owner is ABypassingBelow else method()

    view = view_of(owner, rf)
    mine, other = object_urls.fetch(1), object_urls.fetch(2)
    with use_session(READER):
        view.orders = [mine, mine, other, other]
        assert call("get_object") is mine
        assert call("other") is mine
        assert object_urls.asked == [mine]
        for name in ("other", "get_object"):
            with pytest.raises(AccessDenied):
                call(name)


def test_the_method_of_a_base_class_is_checked_again_after_an_error(rf):
    view = view_of(Bypassing, rf)
    with use_session(READER):
        with pytest.raises(IndexError):
            view.get_object()
        view.orders = [object_urls.fetch(2)]
        with pytest.raises(AccessDenied):
            view.other()


def test_an_answer_is_not_kept_for_another_session(rf):
    view = view_of(Several, rf)
    mine = object_urls.fetch(1)
    with use_session(READER):
        view.orders = [mine]
        view.get_object()
    view.orders = [mine, mine]
    with use_session(EDITOR), pytest.raises(AccessDenied):
        view.get_object()
    with use_session(None), pytest.raises(NotAuthenticated):
        view.get_object()


def test_an_answer_that_depends_on_the_time_is_not_kept(rf, monkeypatch):
    now = [1_000_000]
    monkeypatch.setattr("django_sessionkit.requirements.step_up.time.time", lambda: now[0])

    class Timed(Several):
        object_requirement = AllowObject(object_urls.is_owner) & Recent(600)

    view, mine = view_of(Timed, rf), object_urls.fetch(1)
    with use_session({**READER, "auth_time": now[0]}):
        view.orders = [mine, mine]
        view.get_object()
        now[0] += 601
        with pytest.raises(AccessDenied):
            view.get_object()


def test_two_tasks_ask_about_their_own_objects():
    class Slow(RequireObjectMixin, View):
        object_requirement = AllowObject(object_urls.ais_owner)

        async def get_object(self, pk):
            await asyncio.sleep(0)
            return object_urls.fetch(pk)

    async def both(view):
        return await asyncio.gather(*(view.get_object(pk) for pk in (1, 2, 1)), return_exceptions=True)

    async def main(rf):
        with use_session(READER):
            return await both(view_of(Slow, rf))

    first, second, third = asyncio.run(main(RequestFactory()))
    assert (first.pk, third.pk) == (1, 1)
    assert "does not have the right" in str(second)


def test_a_sync_method_on_an_event_loop_says_what_to_write():
    class Mixed(RequireObjectMixin, View):
        object_requirement = AllowObject(object_urls.is_owner)

        def get_object(self):
            return object_urls.fetch(1)

        async def get(self, request):
            return HttpResponse(self.get_object().pk)

    with pytest.raises(Exception, match=r"await sync_to_async\(self.get_object\)\(...\)"):
        asyncio.run(Mixed.as_view()(AsyncRequestFactory().get("/")))


@pytest.mark.parametrize(
    ("bases", "attributes", "message"),
    [
        ((DetailView,), {}, "Wrong.object_requirement: is missing; write object_requirement = AllowObject(function)"),
        ((DetailView,), {"object_requirement": "a"}, "Wrong.object_requirement: needs a requirement, not str"),
        (
            (DetailView,),
            {"object_requirement": Role("a")},
            "asks nothing about the object; write AllowObject(function)",
        ),
        ((DetailView,), {"object_requirement": Allow(len)}, "or use RequireMixin with requirement"),
        ((TemplateView,), {"object_requirement": object_urls.OWN}, "Wrong: has no get_object(), so nothing would be"),
        (
            (DetailView,),
            {"object_requirements": 1},
            "Wrong.object_requirements: has no effect; write object_requirement",
        ),
        ((DetailView,), {"required_roles": ["a"]}, "has no effect; add RequireRoleMixin to the base classes"),
        ((DetailView,), {"requirement": Role("a")}, "has no effect; add RequireMixin to the base classes"),
    ],
)
def test_a_fault_is_an_error_when_the_urls_are_loaded(bases, attributes, message):
    wrong = type("Wrong", (RequireObjectMixin, *bases), attributes)
    with pytest.raises(InvalidPolicy) as caught:
        wrong.as_view()
    assert message in str(caught.value)


def test_an_attribute_without_its_mixin_is_refused():
    class Wrong(RequireRoleMixin, DetailView):
        required_roles = ["a"]
        object_requirement = object_urls.OWN

    with pytest.raises(InvalidPolicy, match="has no effect; add RequireObjectMixin to the base classes"):
        Wrong.as_view()


def test_a_method_that_is_given_to_as_view_is_refused():
    with pytest.raises(InvalidPolicy, match="get_object would not be checked; write get_object\\(\\) in the class"):
        object_urls.Show.as_view(get_object=lambda: 1)


@pytest.mark.parametrize("owner", [RequireMixin, type("Own", (RequireMixin,), {})])
def test_a_requirement_about_an_object_is_refused_where_there_is_none(owner):
    class Wrong(owner, DetailView):
        requirement = Role("a") | object_urls.OWN

    with pytest.raises(InvalidPolicy) as caught:
        Wrong.as_view()
    assert str(caught.value) == (
        "Wrong.requirement: AllowObject(is_owner) needs an object, and dispatch() has none; "
        "write object_requirement = ... with RequireObjectMixin"
    )
    with pytest.raises(InvalidPolicy, match="needs an object, and a decorator has none; use RequireObjectMixin"):
        require(object_urls.OWN)


def test_a_computed_requirement_about_an_object_is_refused_too():
    class Wrong(RequireRoleMixin, DetailView):
        required_roles = ["a"]

        def get_requirement(self):
            return super().get_requirement() & object_urls.OWN

    with pytest.raises(InvalidPolicy, match=r"Wrong.get_requirement\(\): AllowObject\(is_owner\) needs an object"):
        Wrong.as_view()


def test_the_requirement_can_be_read_from_the_view():
    assert object_urls.ByRole.as_view().sessionkit_requirement == Role("editor") & object_urls.OWN


@pytest.mark.parametrize("path", ["/forgetful/1/", "/aforgetful/1/"])
def test_a_view_that_never_fetches_its_object_sends_nothing(path):
    name = path.strip("/1").title().replace("Af", "AF")
    with pytest.raises(InvalidPolicy, match=f"{name}: sent the status 200 {UNASKED}"):
        browser(READER).get(path)


@pytest.mark.parametrize("status", [204, 299])
def test_every_2xx_needs_the_question_and_no_other_status(status):
    with pytest.raises(InvalidPolicy):
        browser(READER).get(f"/forgetful/1/?status={status}")
    for other in (300, 301, 304, 400, 404, 500):
        assert browser(READER).get(f"/forgetful/1/?status={other}").status_code == other
    assert browser(READER).options("/forgetful/1/").status_code == 200


@pytest.mark.parametrize("path", ["/unasked/1/", "/unasked/1/?status=202", "/unasked/1/?stream=1", "/required/1/"])
def test_requires_object_finds_a_view_that_does_not_ask(path, settings):
    with pytest.raises(AssertionError, match=UNASKED):
        assert_access(path, as_=READER, status=202 if "202" in path else 200)
    with pytest.raises(AssertionError, match=UNASKED):
        async_to_sync(aassert_access)(path, as_=READER, status=202 if "202" in path else 200)
    assert browser(READER).get(path).status_code in (200, 202)  # only while DEBUG is on
    settings.DEBUG = True
    name = "object_urls.Required" if "required" in path else "object_urls.unasked"
    with pytest.raises(InvalidPolicy, match=f"support.{name}: sent the status 20. {UNASKED}; call enforce"):
        browser(READER).get(path)
    with pytest.raises(InvalidPolicy, match=UNASKED):
        async_to_sync(abrowser(READER).get)(path)


def test_requires_object_is_content_with_other_answers_and_with_a_question(settings):
    for debug in (False, True):
        settings.DEBUG = debug
        for status in (302, 304, 404):
            assert_access(f"/unasked/1/?status={status}", as_=READER, status=status)
        assert_access("/required/1/", as_=READER, method="OPTIONS")
        for name in object_urls.OWNED:
            assert_access(f"/{name}/1/", as_=READER)
            async_to_sync(aassert_access)(f"/{name}/1/", as_=READER)
        assert_access("/or-admin/2/", as_=ADMIN)
        assert_access("/nowhere/", as_=READER, status=404)


def test_requires_object_may_be_given_to_as_view():
    class Plain(View):
        requires_object = False

        def get(self, request):
            return HttpResponse()

    for given, is_fault in (({}, False), ({"requires_object": True}, True)):
        urls = (url("plain/", Plain.as_view(**given)),)
        with override_settings(ROOT_URLCONF=urls):
            if is_fault:
                with pytest.raises(AssertionError, match=UNASKED):
                    assert_access("/plain/")
            else:
                assert_access("/plain/")


def test_can_access_says_what_is_sure_without_the_object():
    with use_session(READER):
        assert can_access("show", pk=2)  # the view may still deny it
        assert not can_access("/by-role/2/")
        shown = explain("/show/2/")
        assert shown.allowed
        assert "AllowObject(is_owner): needs an object" in str(shown)
    assert object_urls.asked == []


def test_the_debug_page_names_the_function(settings):
    settings.DEBUG = True
    page = browser(READER).get("/show/2/")
    assert page.status_code == 403
    assert "AllowObject(is_owner)" in page.content.decode()
    assert page["X-SessionKit-Decision"] == "denied; rule=view; reason=predicate"


@pytest.mark.parametrize("name", ["show", "hidden", "enforcing"])
def test_the_log_has_one_line_without_values_of_the_object(name, caplog):
    browser(READER).get(f"/{name}/2/")
    lines = [one.getMessage() for one in caplog.records if one.name.startswith("django_sessionkit")]
    assert len([line for line in lines if "access denied" in line]) == 1


def test_the_global_default_asks_for_a_login_even_before_a_hidden_object(settings):
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    assert browser().get("/hidden/2/")["Location"] == "/login/?next=/hidden/2/"
    assert browser().get("/hidden/9/")["Location"] == "/login/?next=/hidden/9/"
