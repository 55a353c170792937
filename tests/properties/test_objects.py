"""Every surface gives the same decision about the same object, and never that about another one."""

from __future__ import annotations

import gc
from importlib.util import find_spec
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from django.views import View
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.loops import async_to_sync
from support.object_urls import Order, ais_owner, is_owner
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser

from django_sessionkit import (
    AllowObject,
    Authenticated,
    Public,
    RequireObjectMixin,
    Role,
    aenforce,
    aevaluate,
    enforce,
    evaluate,
    use_session,
    validate_session,
)
from django_sessionkit.guard.objects import is_undecided
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT

HAS_DRF = find_spec("rest_framework") is not None
HAS_NINJA = find_spec("ninja") is not None
HAS_JINJA2 = find_spec("jinja2") is not None
if HAS_DRF:
    from rest_framework.generics import GenericAPIView
    from rest_framework.renderers import JSONRenderer

    from django_sessionkit.contrib.drf import Requires, SessionKitAuthentication
if HAS_NINJA:
    from ninja import NinjaAPI
if HAS_JINJA2:
    import jinja2

    from django_sessionkit.contrib.jinja2 import SessionKitExtension


def raises(session, order):
    raise RuntimeError


def truthy(session, order, request):
    return order


OWN = AllowObject(is_owner)
SESSIONS: dict[str, Any] = {"-": None, "1": READER, "2": EDITOR, "3": ADMIN}

# requirement -> the pairs (session, order) that are allowed; the order "1" belongs to the user "1"
EVERY = {who + pk for who in SESSIONS for pk in "123"}
OWNED = {"11", "22", "33"}
SIGNED = {pair for pair in EVERY if pair[0] != "-"}
MATRIX = {
    OWN: OWNED,
    AllowObject(ais_owner): OWNED,
    AllowObject("support.object_urls.is_owner"): OWNED,
    ~OWN: SIGNED - OWNED,
    ~~OWN: OWNED,
    OWN | Role("admin"): OWNED | {"31", "32"},
    OWN & Role("editor"): {"22"},
    Authenticated() & ~(OWN | Role("admin")): {"12", "13", "21", "23"},
    Public() | OWN: EVERY,
    AllowObject(raises): set(),
    ~AllowObject(raises): set(),
    AllowObject(truthy): set(),
    ~AllowObject(truthy): set(),
    AllowObject(raises) | Role("editor"): {"21", "22", "23"},
}


def order_of(pk: int) -> Order:
    return Order(pk, str(pk))


def answer(allowed: bool) -> HttpResponse:
    return HttpResponse("order") if allowed else HttpResponse(status=403)


def evaluating(requirement):
    return lambda request, pk: answer(evaluate(requirement, obj=order_of(pk)).allowed)


def aevaluating(requirement):
    async def view(request, pk):
        return answer((await aevaluate(requirement, obj=order_of(pk))).allowed)

    return view


def enforcing(requirement):
    def view(request, pk):
        enforce(requirement, obj=order_of(pk))
        return answer(True)

    return view


def aenforcing(requirement):
    async def view(request, pk):
        await aenforce(requirement, obj=order_of(pk))
        return answer(True)

    return view


def mixed(requirement):
    class Page(RequireObjectMixin, View):
        object_requirement = requirement

        def get_object(self):
            return order_of(self.kwargs["pk"])

        def get(self, request, pk):
            return answer(self.get_object().pk == pk)

    return Page.as_view()


def amixed(requirement):
    class Page(RequireObjectMixin, View):
        object_requirement = requirement

        async def get_object(self):
            return order_of(self.kwargs["pk"])

        async def get(self, request, pk):
            return answer((await self.get_object()).pk == pk)

    return Page.as_view()


def in_template(requirement):
    template = engines["django"].from_string("{% load sessionkit %}{% if_meets own order %}order{% endif_meets %}")
    return lambda request, pk: answer(template.render({"own": requirement, "order": order_of(pk)}) == "order")


def in_jinja2(requirement):
    environment = jinja2.Environment(extensions=[SessionKitExtension], autoescape=True)
    template = environment.from_string("{% if_meets own, order %}order{% endif_meets %}")
    return lambda request, pk: answer(template.render(own=requirement, order=order_of(pk)) == "order")


def in_drf(requirement):
    class Page(GenericAPIView):
        authentication_classes = [SessionKitAuthentication]
        permission_classes = [Requires(requirement)]
        renderer_classes = [type("ForBrowsers", (JSONRenderer,), {"media_type": "text/html"})]

        def get(self, request, pk):
            self.check_object_permissions(request, order_of(pk))
            return answer(True)

    return Page.as_view()


def in_ninja(requirement, is_async):
    api = NinjaAPI(urls_namespace=f"objects-{id(requirement)}-{is_async}", openapi_url=None)
    operation = aenforcing(requirement) if is_async else enforcing(requirement)
    operation.__annotations__ = {"pk": int}
    api.get("/{pk}/", url_name="page")(operation)
    (found,) = [pattern.callback for pattern in api.urls[0] if pattern.name == "page"]
    return found


SURFACES = {
    "evaluate": evaluating,
    "evaluate-async": aevaluating,
    "enforce": enforcing,
    "enforce-async": aenforcing,
    "mixin": mixed,
    "mixin-async": amixed,
    "template": in_template,
}
if HAS_JINJA2:
    SURFACES["jinja2"] = in_jinja2
if HAS_DRF:
    SURFACES["drf"] = in_drf
if HAS_NINJA:
    SURFACES["ninja"] = lambda requirement: in_ninja(requirement, is_async=False)
    SURFACES["ninja-async"] = lambda requirement: in_ninja(requirement, is_async=True)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_gives_one_answer_about_an_object(surface):
    requirements = list(MATRIX)
    routes = [path(f"{number}/<int:pk>/", SURFACES[surface](one)) for number, one in enumerate(requirements)]
    found: dict[Any, set[str]] = {requirement: set() for requirement in requirements}
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [*routes, path("login/", answer)]})):
        for who, data in SESSIONS.items():
            client, aclient = browser(data), abrowser(data)
            for number, requirement in enumerate(requirements):
                for pk in "123":
                    plain = client.get(f"/{number}/{pk}/")
                    on_loop = async_to_sync(aclient.get)(f"/{number}/{pk}/") if pk == "1" and number < 3 else plain
                    assert plain.status_code == on_loop.status_code
                    assert plain.status_code in (200, 302, 401, 403)
                    assert (plain.status_code == 200) is (plain.content == b"order")
                    found[requirement] |= {who + pk} if plain.status_code == 200 else set()
    assert found == MATRIX


steps = st.lists(st.tuples(st.sampled_from(sorted(SESSIONS)), st.sampled_from("123")), min_size=2, max_size=12)


@examples(60)
@given(steps=steps, kept=st.booleans())
def test_an_answer_about_one_object_is_never_given_for_another(steps, kept):
    """Neither for an object of the same address: unless ``kept``, each one is gone before the next one is made."""
    requirement = OWN | Role("admin")
    orders = {pk: order_of(int(pk)) for pk in "123"}
    for who, pk in steps:
        order = orders[pk] if kept else order_of(int(pk))
        with use_session(SESSIONS[who]):
            assert evaluate(requirement, obj=order).allowed is (who + pk in MATRIX[requirement])
        del order
        gc.collect(0)


LEAVES = [
    AllowObject(lambda session, order: order == 1),
    AllowObject(lambda session, order: order == 2),
    AllowObject(raises),
    AllowObject(lambda session, order: "yes"),
    Role("reader"),
    Role("admin"),
    Authenticated(),
]


def combined(inner):
    both = st.tuples(inner, inner)
    return both.map(lambda two: two[0] & two[1]) | both.map(lambda two: two[0] | two[1]) | inner.map(lambda one: ~one)


requirements = st.recursive(st.sampled_from(LEAVES), combined, max_leaves=6)
SIGNED_IN = validate_session(READER)
objects = st.sampled_from([1, 2, 3, None])


def verdict(requirement, obj, session=SIGNED_IN):
    decision = requirement.check(session, obj=obj)
    return decision.allowed, decision.failed


@examples(200)
@given(one=requirements, other=requirements, obj=objects)
def test_de_morgan_and_double_negation(one, other, obj):
    assert verdict(~(one & other), obj) == verdict(~one | ~other, obj)
    assert verdict(~(one | other), obj) == verdict(~one & ~other, obj)
    assert verdict(~~one, obj) == verdict(one, obj)


@examples(200)
@given(one=requirements, obj=objects, session=st.sampled_from([SIGNED_IN, None]))
def test_what_is_sure_without_the_object_is_so_with_every_object(one, obj, session):
    before = one.check(session, obj=UNKNOWN_OBJECT)
    if not is_undecided(before):
        assert one.check(session, obj=obj).allowed is before.allowed


@examples(100)
@given(one=requirements)
def test_a_missing_object_grants_nothing_that_no_object_would(one):
    if one.check(SIGNED_IN).allowed:
        assert all(one.check(SIGNED_IN, obj=obj).allowed for obj in (1, 2, 3))
