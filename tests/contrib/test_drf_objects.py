"""Requirements about objects in views of Django REST framework. Skipped if the framework is not installed."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from support.sessions import ADMIN, EDITOR, JSON, READER, sign_in

from django_sessionkit import (
    AllowObject,
    Authenticated,
    Permission,
    Public,
    Recent,
    RequireObjectMixin,
    Role,
    enforce,
    validate_session,
)
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import DENIED, Decision
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import SessionContext
from django_sessionkit.signals import access_denied

if find_spec("rest_framework") is None:
    pytest.skip("needs djangorestframework", allow_module_level=True)

from rest_framework import generics
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet
from support.drf_urls import NoSuchObject, ReadOnly

from django_sessionkit.contrib.drf import Requires, RequiresByAction, SessionKitAuthentication
from django_sessionkit.contrib.drf.objects import expect_question, has_object, hidden

pytestmark = pytest.mark.django_db

HANDLER = {"EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler"}


def is_owner(session, group):
    """The group "1" belongs to the user "1"."""
    return session is not None and group.name == session.user_id


def is_even(session, group):
    return group.pk % 2 == 0


OWN = AllowObject(is_owner)
NONE = AllowObject(lambda session, group: False)


class GroupSerializer(ModelSerializer):
    class Meta:
        model, fields = Group, ["name"]


class Groups(ModelViewSet):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Requires(OWN | Role("admin"))]
    renderer_classes = [JSONRenderer]
    queryset = Group.objects.order_by("pk")
    serializer_class = GroupSerializer

    @action(detail=True, methods=["post"])
    def close(self, request, pk):
        return Response(self.get_object().name)

    @action(detail=True, methods=["get"])
    def forgetful(self, request, pk):
        return Response(pk)

    @action(detail=True, methods=["get"])
    def by_hand(self, request, pk):
        self.check_object_permissions(request, Group.objects.get(pk=pk))
        return Response(pk)

    @action(detail=True, methods=["get"])
    def enforced(self, request, pk):
        enforce(OWN, obj=Group.objects.get(pk=pk))
        return Response(pk)

    @action(detail=False)
    def count(self, request):
        return Response(self.get_queryset().count())


def viewset(*permissions, **attributes):
    return type("Some", (Groups,), {"permission_classes": list(permissions), **attributes})


class Show(generics.RetrieveUpdateDestroyAPIView):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Requires(OWN, on_deny="not_found")]
    renderer_classes = [JSONRenderer]
    queryset = Group.objects.all()
    serializer_class = GroupSerializer
    lookup_url_kwarg = "group"


class Listed(generics.ListCreateAPIView):
    """A list that belongs to another object, whose key has the name of the key of an object."""

    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Requires(OWN)]
    renderer_classes = [JSONRenderer]
    queryset = Group.objects.all()
    serializer_class = GroupSerializer


class Plain(APIView):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Requires(OWN)]
    renderer_classes = [JSONRenderer]

    def get(self, request, **kwargs):
        self.check_object_permissions(request, Group.objects.get(pk=kwargs.get("pk", 1)))
        return Response("one")

    def post(self, request, **kwargs):
        return Response("done")


class NoObject(BasePermission):
    """A permission of a project, which is only about objects."""

    def has_object_permission(self, request, view, obj):
        return False


class NoOne(BasePermission):
    def has_permission(self, request, view):
        return False


#: permission classes, and who may see the group "1": the reader (1), the editor (2), the admin (3), nobody (-)
COMPOSED = {
    "own": (Requires(OWN), "1"),
    "or-role": (Requires(OWN | Role("editor")), "12"),
    "and-role": (Requires(OWN & Role("editor")), ""),
    "not": (~Requires(OWN), "23"),
    "not-not": (~~Requires(OWN), "1"),
    "or": (Requires(OWN) | Requires(Role("editor")), "12"),
    "or-first": (Requires(Role("editor")) | Requires(OWN), "12"),
    "and": (Requires(OWN) & Requires(Permission("posts:read")), "1"),
    "and-first": (Requires(Role("editor")) & Requires(OWN), ""),
    "and-other": (Requires(OWN) & ReadOnly, "1"),
    "or-other": (Requires(OWN) | ~ReadOnly, "1"),
    "other-or": (~ReadOnly | Requires(OWN), "1"),
    "not-and": (~(Requires(OWN) & Requires(Role("reader"))), "23"),
    "not-or": (~(Requires(OWN) | Requires(Role("admin"))), "2"),
    "signed": (Requires(OWN) & IsAuthenticated, "1"),
    "or-signed": (Requires(OWN) | IsAuthenticated, "123"),
    "two": (Requires(OWN) & Requires(AllowObject(lambda session, group: group.name == "1")), "1"),
    "either": (Requires(OWN) | Requires(AllowObject(lambda session, group: session.user_id == "2")), "12"),
    "failing": (Requires(AllowObject(lambda session, group: 1 / 0)), ""),
    "not-failing": (~Requires(AllowObject(lambda session, group: 1 / 0)), ""),
    "odd": (Requires(AllowObject(lambda session, group: "yes")), ""),
    "fields": (Requires(OWN) & NoSuchObject, "1"),
    "by-action": (RequiresByAction({"retrieve": OWN, "list": Public()}), "1"),
    "anonymous": (Requires(AllowObject(lambda session, group: session is None)), "-"),
    "not-anonymous": (~Requires(AllowObject(lambda session, group: session is not None)), ""),
}

router = SimpleRouter()
router.register("groups", Groups, basename="group")
router.register("by-action", viewset(RequiresByAction({"list": Public(), "create": Role("editor")}, OWN)), "by-action")
router.register("signed", viewset(Requires(Authenticated() & OWN)), "signed")
router.register("hidden", viewset(Requires(OWN, on_deny="not_found")), "hidden")
router.register("hidden-too", viewset(Requires(OWN, on_deny="not_found") & IsAuthenticated), "hidden-too")
_HIDDEN = Requires(OWN, on_deny="not_found") & IsAuthenticated
router.register("hidden-or-admin", viewset(_HIDDEN | Requires(Role("admin"))), "hidden-or-admin")
router.register("hidden-by-another", viewset(Requires(Authenticated(), on_deny="not_found") & NoObject), "by-another")
router.register("either", viewset(Requires(NONE) | Requires(OWN, on_deny="not_found")), "either")
_SHOWN = RequiresByAction({"retrieve": Authenticated(), "list": Authenticated()}, OWN, on_deny="not_found")
router.register("buttons", viewset(_SHOWN, renderer_classes=[BrowsableAPIRenderer]), "buttons")
router.register("recent", viewset(Requires(OWN & Recent(600))), "recent")
router.register("hidden-not", viewset(~Requires(OWN, on_deny="not_found")), "hidden-not")
router.register("closed", viewset(Requires(OWN), NoOne), "closed")
router.register("or-anybody", viewset(Requires(Authenticated() & OWN) | AllowAny), "or-anybody")
router.register("seen", viewset(Requires(OWN), renderer_classes=[BrowsableAPIRenderer]), "seen")
for _name, (_permission, _) in COMPOSED.items():
    router.register(f"composed/{_name}", viewset(_permission), f"composed-{_name}")
nested = SimpleRouter()
nested.register("groups", viewset(Requires(OWN)), "nested")

urlpatterns = [
    path("", include(router.urls)),
    path("nested/<int:parent>/", include(nested.urls)),
    path("show/<int:group>/", Show.as_view()),
    path("listed/<int:pk>/", Listed.as_view()),
    path("plain/<int:pk>/", Plain.as_view()),
    path("plain/", Plain.as_view()),
]


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "contrib.test_drf_objects"
    for name in ("1", "2", "3"):
        Group.objects.create(pk=int(name), name=name)


@pytest.fixture
def handled(settings):
    settings.REST_FRAMEWORK = HANDLER
    told = []

    def keep(sender, decision, status, **kwargs):
        told.append((status, decision.reason))

    access_denied.connect(keep)
    yield told
    access_denied.disconnect(keep)


def program(data=None):
    client = Client(headers=JSON)
    return sign_in(client, data) if data is not None else client


def status(path, data=READER, method="get", body=None):
    return getattr(program(data), method)(path, body, "application/json").status_code


@pytest.mark.parametrize("name", COMPOSED)
def test_permissions_about_an_object_combine_and_open_nothing(name):
    _, shown_to = COMPOSED[name]
    people = {"1": READER, "2": EDITOR, "3": ADMIN, "-": None}
    found = "".join(who for who, data in people.items() if status(f"/composed/{name}/1/", data) == 200)
    assert set(found) == set(shown_to)


@pytest.mark.parametrize("name", [name for name in COMPOSED if name != "by-action"])
def test_a_list_is_only_open_to_those_who_need_no_object(name):
    people = {"1": READER, "2": EDITOR, "3": ADMIN, "-": None}
    found = "".join(who for who, data in people.items() if status(f"/composed/{name}/", data) == 200)
    sure = {"or-role": "2", "or": "2", "or-first": "2", "or-signed": "123", "not-and": "23"}
    assert found == sure.get(name, "")


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("get", "", None, 200),
        ("put", "", {"name": "4"}, 200),
        ("patch", "", {"name": "4"}, 200),
        ("delete", "", None, 204),
        ("post", "close/", None, 200),
        ("get", "by_hand/", None, 200),
        ("get", "enforced/", None, 200),
        ("options", "", None, 200),
    ],
)
def test_every_action_about_an_object_asks_about_it(method, path, body, allowed):
    assert status(f"/groups/1/{path}", READER, method, body) == allowed
    if method != "options":
        assert status(f"/groups/2/{path}", READER, method, body) == 403
        assert status(f"/groups/2/{path}", None, method, body) in (401, 403)
        assert Group.objects.get(pk=2).name == "2"


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/groups/"), ("post", "/groups/"), ("get", "/groups/count/"), ("options", "/groups/")]
)
def test_an_action_without_an_object_is_denied_unless_no_object_is_needed(method, path, handled, caplog):
    allowed = 201 if method == "post" else 200
    assert status(path, READER, method, {"name": "new"}) == 403
    assert handled == [(403, "no_object")]
    names = {"/groups/": {"get": "list", "post": "create", "options": "metadata"}[method], "/groups/count/": "count"}
    assert (
        f"contrib.test_drf_objects.Groups.{names[path]}: {OWN | Role('admin')!r} needs an object, and the URL names "
        "none. Access was denied. Use RequiresByAction with another requirement for this action."
    ) in caplog.messages
    assert status(path, ADMIN, method, {"name": "new"}) == allowed


def test_a_list_inside_another_object_has_no_object_of_its_own():
    assert status("/nested/1/groups/", READER) == 403
    assert status("/nested/1/groups/1/", READER) == 200
    assert status("/plain/", READER) == 403
    assert [status(f"/plain/{pk}/", READER) for pk in (1, 2)] == [200, 403]


@pytest.mark.parametrize(("method", "path"), [("get", "/listed/1/"), ("post", "/listed/1/"), ("post", "/plain/1/")])
def test_a_view_that_never_asks_raises_an_error_instead_of_its_response(method, path):
    view = path.strip("/1").title()
    complaint = (
        rf"^contrib\.test_drf_objects\.{view}: sent the status 20. without checking a requirement for an object; "
    )
    with pytest.raises(InvalidPolicy, match=complaint + "call enforce"):
        status(path, READER, method, {"name": "new"})


def test_a_view_that_must_ask_gets_the_arguments_of_its_url():
    view = SimpleNamespace(finalize_response=lambda *args, **kwargs: (args, kwargs))
    expect_question(view, hides=False)
    request, response = SimpleNamespace(_request=HttpRequest()), HttpResponse(status=404)
    assert view.finalize_response(request, response, "a", pk=1) == ((request, response, "a"), {"pk": 1})


def test_an_action_that_forgets_its_object_is_named():
    with pytest.raises(InvalidPolicy, match=r"^contrib.test_drf_objects.Groups.forgetful: sent the status 200 without"):
        status("/groups/1/forgetful/")
    assert status("/groups/1/forgetful/", ADMIN) == 200  # who needs no object


def test_actions_may_have_their_own_requirements():
    assert status("/by-action/", None) == 200
    assert [status("/by-action/", data, "post", {"name": "x"}) for data in (READER, EDITOR)] == [403, 201]
    assert [status("/by-action/1/", data) for data in (READER, EDITOR)] == [200, 403]


def test_what_is_sure_without_the_object_is_answered_without_it(django_assert_num_queries, handled):
    client = program()
    with django_assert_num_queries(0):
        assert client.get("/signed/1/").status_code == 401
        assert client.get("/signed/9/").status_code == 401
    assert [reason for _, reason in handled] == ["not_authenticated"] * 2


def test_an_old_login_is_reported_only_if_the_object_allows(handled):
    assert status("/recent/2/", {**READER, "auth_time": 1}) == 403
    assert status("/recent/1/", {**READER, "auth_time": 1}) in (401, 403)
    assert [reason for _, reason in handled] == ["predicate", "stale_authentication"]


def test_without_the_handler_an_old_login_is_a_challenge_of_its_own():
    answer = program({**READER, "auth_time": 1}).get("/recent/1/")
    assert answer.status_code == 401
    challenge = 'Session realm="site", error="insufficient_user_authentication", max_age="600"'
    assert answer["WWW-Authenticate"] == challenge
    assert answer.json() == {"detail": "Your last login was too long ago for that. Please log in again."}


def test_what_may_change_with_the_object_is_no_denial_yet(handled):
    """If a permission of the project denies, it is the one that is answered."""
    assert status("/closed/1/") == 403
    assert handled == []


def test_the_other_part_of_a_combination_may_let_in_whose_session_is_refused(settings):
    settings.SESSIONKIT_SOURCE = lambda request: {"user_id": 7}
    assert status("/or-anybody/", None) == 200


@pytest.mark.parametrize("page", ["/hidden/{}/", "/hidden-too/{}/", "/show/{}/"])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
@pytest.mark.parametrize("handler", [{}, HANDLER])
def test_a_hidden_object_looks_like_one_that_does_not_exist(page, method, handler, settings, handled):
    settings.REST_FRAMEWORK = handler
    client = program(READER)
    denied, missing = (getattr(client, method)(page.format(pk), {"name": "x"}, "application/json") for pk in (2, 9))
    assert (denied.status_code, missing.status_code) == (404, 404)
    assert (denied.content, dict(denied.items())) == (missing.content, dict(missing.items()))
    assert handled == [(404, "predicate")]
    assert Group.objects.filter(pk=2, name="2").exists()
    assert client.put(page.format(1), {"name": ""}, "application/json").status_code == 400  # nothing to hide
    assert client.get(page.format(1)).status_code == 200


def test_what_is_reported_names_the_user_and_the_requirement(settings):
    settings.REST_FRAMEWORK = HANDLER
    told = []
    keep = lambda decision, user, request, **kwargs: told.append((decision, user, request.path))  # noqa: E731
    access_denied.connect(keep)
    assert [status(page) for page in ("/hidden/2/", "/groups/")] == [404, 403]
    (denied, user, where), (listed, same, _) = told
    assert where == "/hidden/2/"
    assert [repr(one.requirement) for one in (denied, listed)] == [repr(OWN), repr(OWN | Role("admin"))]
    assert user == same == user_digest(validate_session(READER))


def test_what_is_reported_outside_the_middleware_names_the_user_of_the_request():
    told = []
    access_denied.connect(keep := lambda user, **kwargs: told.append(user))
    http = HttpRequest()
    http.sessionkit = SessionContext.fixed(validate_session(READER))
    hidden(SimpleNamespace(_request=http, parser_context={}), Decision(False, DENIED))
    assert told == [user_digest(validate_session(READER))]
    assert keep


def test_a_list_names_the_whole_requirement_that_needs_an_object(settings):
    settings.REST_FRAMEWORK = HANDLER
    told = []
    access_denied.connect(keep := lambda decision, **kwargs: told.append(repr(decision.requirement)))
    assert status("/signed/") == 403
    assert told == [repr(Authenticated() & OWN)]
    assert keep


def test_a_combination_that_hides_an_object_does_not_hide_it_from_whom_another_part_lets_in():
    assert [status("/hidden-or-admin/2/", data) for data in (READER, ADMIN)] == [404, 200]


def test_the_opposite_of_a_permission_that_hides_an_object_hides_it_too():
    assert [status(f"/hidden-not/{pk}/") for pk in (1, 2)] == [404, 200]


def test_an_object_is_hidden_too_if_a_permission_of_the_project_denies_it():
    told = []
    access_denied.connect(keep := lambda decision, status, **kwargs: told.append((decision, status)), weak=False)
    try:
        assert status("/hidden-by-another/1/") == 404
    finally:
        access_denied.disconnect(keep)
    assert told == [(Decision(False, DENIED), 404)]


@pytest.mark.parametrize("handler", [{}, HANDLER])
def test_a_denial_about_an_object_is_reported_once_by_the_handler(handler, settings, handled):
    settings.REST_FRAMEWORK = handler
    assert status("/groups/2/") == 403
    assert handled == ([(403, "none_of")] if handler else [])


def test_the_browsable_page_has_the_buttons_of_an_object_and_none_without_one(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    client = sign_in(Client(headers={"Accept": "text/html"}), READER)
    pages = {where: client.get(f"/seen/{where}") for where in ("1/", "2/", "")}
    assert [page.status_code for page in pages.values()] == [200, 403, 403]
    assert 'data-method="DELETE"' in pages["1/"].content.decode()
    assert 'data-method="DELETE"' not in pages[""].content.decode()


def test_the_page_of_an_object_has_no_buttons_that_would_be_answered_by_404(settings, handled):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    client = sign_in(Client(), READER)
    pages = {pk: client.get(f"/buttons/{pk}/") for pk in (1, 2)}
    assert {pk: page.status_code for pk, page in pages.items()} == {1: 200, 2: 200}
    assert [b'data-method="DELETE"' in page.content for page in pages.values()] == [True, False]
    assert handled == []  # nobody has asked for more than the page
    assert client.delete("/buttons/2/").status_code == 404
    assert handled == [(404, "predicate")]


def test_an_object_is_hidden_too_if_only_the_second_class_hides_it(handled):
    denied, missing = (program(READER).get(f"/either/{pk}/") for pk in (2, 9))
    assert (denied.status_code, denied.content) == (missing.status_code, missing.content)


def test_the_csrf_token_is_checked_before_the_object_is_asked_for():
    client = Client(headers=JSON, enforce_csrf_checks=True)
    sign_in(client, READER)
    assert client.delete("/groups/1/").status_code == 403
    assert Group.objects.filter(pk=1).exists()


def test_an_answer_about_one_object_is_not_kept_for_another():
    client = program(READER)
    assert [client.get(f"/groups/{pk}/").status_code for pk in (1, 2, 1, 3)] == [200, 403, 200, 403]
    Group.objects.filter(pk=1).update(name="9")
    assert client.get("/groups/1/").status_code == 403


def test_a_wrong_option_is_an_error():
    for make, given in ((Requires, OWN), (RequiresByAction, {"list": OWN})):
        with pytest.raises(InvalidPolicy, match=f'^{make.__name__}: on_deny must be "auto" or "not_found", not str'):
            make(given, on_deny="404")


def test_the_mixin_of_django_views_is_refused():
    with pytest.raises(InvalidPolicy, match=r"Wrong: is a view of Django REST framework, .*\[Requires\(...\)\]"):

        class Wrong(RequireObjectMixin, Show):
            object_requirement = OWN


def test_a_function_that_cannot_be_imported_is_found_in_permission_classes(settings):
    classes = {
        "a": Requires(AllowObject("no.such.one")),
        "b": RequiresByAction({"list": Public(), "retrieve": ~AllowObject("no.such.two")}, OWN),
        "c": IsAuthenticated
        & ~(Requires(AllowObject("math.pow")) | Requires(Role("a") | AllowObject("no.such.three"))),
        "d": RequiresByAction({}),
    }
    settings.ROOT_URLCONF = tuple(
        path(f"{name}/", viewset(one).as_view({"get": "list"})) for name, one in classes.items()
    )
    messages = [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.E021"]
    found = [one.msg.partition(": ")[2].partition(" cannot be used")[0] for one in messages]
    assert found == [f"AllowObject('no.such.{number}')" for number in ("one", "two", "three")]


@pytest.mark.parametrize(
    ("view", "kwargs", "names_one"),
    [
        ({"lookup_field": "pk"}, {"pk": "1"}, True),
        ({"lookup_field": "pk"}, {"shop": "1"}, False),
        ({"lookup_field": "pk", "lookup_url_kwarg": "id"}, {"pk": "1"}, False),
        ({"lookup_field": "pk", "lookup_url_kwarg": "id"}, {"id": "1"}, True),
        ({"lookup_field": "pk", "detail": False}, {"pk": "1"}, False),
        ({}, {"order": "1"}, True),
        ({}, {}, False),
    ],
)
def test_a_url_names_an_object_by_the_argument_that_the_view_looks_it_up_with(view, kwargs, names_one):
    assert has_object(SimpleNamespace(**view, kwargs=kwargs)) is names_one
