from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import views

from django_sessionkit import AnyPermission, Authenticated, Permission, Recent, Role, conf, get_session, use_session
from django_sessionkit.mixins import (
    AccessMixin,
    RequireAuthenticatedMixin,
    RequireMixin,
    RequirePermissionMixin,
    RequireRecentMixin,
    RequireRoleMixin,
)


class Page(View):
    def get(self, request, **kwargs):
        return HttpResponse("page")


class APage(View):
    async def get(self, request, **kwargs):
        return HttpResponse("page")


class Signed(RequireAuthenticatedMixin, Page):
    pass


class Fresh(RequireRecentMixin, Page):
    max_age = 600


class ASigned(RequireAuthenticatedMixin, APage):
    pass


class Staff(RequireRoleMixin, Page):
    required_roles = ["editor", "admin"]


class AStaff(RequireRoleMixin, APage):
    required_roles = ("editor", "admin")


class Writers(RequirePermissionMixin, Page):
    required_permissions = ["posts:read", "posts:write"]


class Some(RequirePermissionMixin, Page):
    required_any_permission = {"users:manage", "posts:write"}


class Both(RequirePermissionMixin, Page):
    required_permissions = ["posts:read"]
    required_any_permission = ["users:manage"]


class Combined(RequireRoleMixin, RequirePermissionMixin, Page):
    required_roles = ["editor"]
    required_permissions = ["users:manage"]


class Narrowed(Staff, RequireMixin):
    requirement = ~Role("editor")


class Computed(RequireRoleMixin, Page):
    required_roles = ["admin"]

    def get_requirement(self):
        return super().get_requirement() & Permission("posts:read")


class Options(RequireRoleMixin, TemplateView):
    template_name = "who.html"
    required_roles = ["admin"]
    redirect_to = "/upgrade/"
    login_url = "/login/help/"


class Hidden(RequireRoleMixin, Page):
    required_roles = ["admin"]
    on_deny = "not_found"


CLASSES = [Signed, ASigned, Staff, AStaff, Writers, Some, Both, Combined, Narrowed, Computed, Options, Hidden]
urlpatterns = [path(f"{one.__name__.lower()}/", one.as_view()) for one in CLASSES] + [
    path("more/", Staff.as_view(required_roles=["admin"])),
    path("login/", views.page),
]

own_urls = override_settings(ROOT_URLCONF=__name__)


@own_urls
@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("signed", [302, 200, 200, 200]),
        ("asigned", [302, 200, 200, 200]),
        ("staff", [302, 403, 200, 200]),
        ("astaff", [302, 403, 200, 200]),
        ("writers", [302, 403, 200, 200]),
        ("some", [302, 403, 200, 200]),
        ("both", [302, 403, 403, 200]),
        ("combined", [302, 403, 403, 403]),
        ("narrowed", [302, 403, 403, 200]),
        ("computed", [302, 403, 403, 200]),
        ("hidden", [404, 404, 404, 200]),
        ("more", [302, 403, 403, 200]),
    ],
)
def test_who_is_let_in(name, statuses):
    for session, status in zip((None, READER, EDITOR, ADMIN), statuses, strict=True):
        assert browser(session).get(f"/{name}/").status_code == status
        assert async_to_sync(abrowser(session).get)(f"/{name}/").status_code == status


@own_urls
def test_options_are_class_attributes():
    assert browser().get("/options/")["Location"] == "/login/help/?next=/options/"
    assert browser(READER).get("/options/")["Location"] == "/upgrade/"
    assert browser(ADMIN).get("/options/").content == b"3\n"


@pytest.mark.parametrize(
    ("view", "requirement"),
    [
        (Signed, Authenticated()),
        (Staff, Role("editor", "admin")),
        (Some, AnyPermission("posts:write", "users:manage")),
        (Both, AnyPermission("users:manage") & Permission("posts:read")),
        (Combined, Role("editor") & Permission("users:manage")),
        (Computed, Role("admin") & Permission("posts:read")),
        (Fresh, Recent(600)),
    ],
)
def test_the_requirement_can_be_read_from_the_view(view, requirement):
    assert view.as_view().sessionkit_requirement == requirement


def make(base, **attributes):
    return type("Wrong", (base, Page), attributes)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (make(RequireMixin), "Wrong.requirement: needs a requirement, not None"),
        (make(RequireMixin, requirement=Role), "Wrong.requirement: needs a requirement, not the class Role"),
        (make(RequireRecentMixin), r"Wrong.max_age: is missing; write max_age = 600"),
        (make(RequireRecentMixin, max_age=0), r"Wrong.max_age: the number of seconds must be more than 0"),
        (make(RequireRoleMixin), r'Wrong.required_roles: is missing; write required_roles = \["name"\]'),
        (make(RequireRoleMixin, required_roles="admin"), "Wrong.required_roles: must be a list of names, not str"),
        (make(RequireRoleMixin, required_roles=[]), "Wrong.required_roles: is empty"),
        (make(RequireRoleMixin, required_roles=[""]), "Wrong.required_roles: names must not be blank"),
        (make(RequirePermissionMixin), "Wrong.required_permissions"),
        (make(RequirePermissionMixin, required_permissions="p"), "Wrong.required_permissions"),
        (make(RequirePermissionMixin, required_any_permission=[]), "Wrong.required_any_permission"),
        (make(RequirePermissionMixin, required_permissions={"a:*", "b"}), "Wrong.required_permissions: .* wildcard"),
        (make(RequireRoleMixin, required_roles={"a", 7}), "Wrong.required_roles: names must be strings, not int"),
        (make(AccessMixin), "Wrong: requires nothing; use RequireMixin"),
        (make(RequireAuthenticatedMixin, on_deny="no"), 'Wrong: "on_deny" must be one of'),
        (make(RequireAuthenticatedMixin, redirect_to="//evil"), "Wrong.'redirect_to'"),
    ],
)
def test_a_missing_or_wrong_attribute_is_an_error_when_the_urls_are_loaded(view, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        view.as_view()


class Forgetful(RequireAuthenticatedMixin, Page):
    """Its method lacks the ``return``."""

    def get_requirement(self):
        super().get_requirement()


class Early(RequireAuthenticatedMixin, Page):
    def get_requirement(self):
        return Role(self.kwargs["team"])


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (Forgetful, r"^Forgetful.get_requirement\(\): needs a requirement, not None"),
        (Early, r"^Early.get_requirement\(\): must work without a request, .* 'kwargs'; use Allow\(function\)"),
    ],
)
def test_a_requirement_that_cannot_be_computed_is_an_error_when_the_urls_are_loaded(view, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        view.as_view()


@pytest.mark.parametrize(
    ("base", "attribute", "right"),
    [
        (RequireRoleMixin, "required_role", "required_roles"),
        (RequireRoleMixin, "role_required", "required_roles"),
        (RequirePermissionMixin, "permission_required", "required_permissions"),
        (RequirePermissionMixin, "required_any_permissions", "required_any_permission"),
    ],
)
def test_an_attribute_with_a_name_near_to_the_right_one_is_refused_even_beside_it(base, attribute, right):
    wanted = rf'^Wrong.{attribute}: has no effect; write {right} = \["name"\]$'
    for other in ({}, {right: ["p"]}):
        with pytest.raises(ImproperlyConfigured, match=wanted):
            make(base, **{attribute: "p"}, **other).as_view()


@pytest.mark.parametrize(
    ("base", "attribute", "mixin"),
    [
        (RequireRoleMixin, "required_permissions", "RequirePermissionMixin"),
        (RequireRoleMixin, "required_any_permission", "RequirePermissionMixin"),
        (RequirePermissionMixin, "required_roles", "RequireRoleMixin"),
        (RequireAuthenticatedMixin, "required_roles", "RequireRoleMixin"),
    ],
)
def test_an_attribute_of_a_mixin_that_the_view_lacks_is_refused(base, attribute, mixin):
    set_too = {"required_roles": ["r"], "required_permissions": ["p"], attribute: ["x"]}
    others = {name: set_too[name] for name in (attribute, *(name for name in set_too if hasattr(base, name)))}
    with pytest.raises(ImproperlyConfigured, match=f"^Wrong.{attribute}: has no effect; add {mixin} to the base"):
        make(base, **others).as_view()


def test_an_attribute_that_a_view_reads_itself_is_not_refused():
    class Own(RequireRoleMixin, Page):
        required_roles = ["editor"]
        required_permissions = ["posts:read"]

        def get_requirement(self):
            return super().get_requirement() | Permission(*self.required_permissions)

    assert Own.as_view().sessionkit_requirement == Role("editor") | Permission("posts:read")


def test_an_attribute_of_another_mixin_is_left_to_it():
    class Both(RequireRoleMixin, PermissionRequiredMixin, Page):
        required_roles = ["editor"]
        permission_required = "posts.write"

    assert Both.as_view().sessionkit_requirement == Role("editor")


class Alternating(RequireRoleMixin, Page):
    """Requires another role each time. A cached decision for the previous role must not be used."""

    turns = iter(["editor", "admin", "admin", "editor", "editor"])

    @property
    def required_roles(self):
        return [self.role]

    role = "editor"

    def dispatch(self, request, **kwargs):
        self.role = next(self.turns)
        return super().dispatch(request, **kwargs)


def test_a_mixin_asks_with_the_same_object_while_it_asks_for_the_same(rf):
    def asked(view):
        with use_session(EDITOR):
            return view(rf.get("/")).status_code

    with use_session(EDITOR):
        decisions = conf.current().policy.grants(get_session()).decisions
    view = Both.as_view()
    before = len(decisions)
    assert [asked(view) for _ in range(5)] == [403] * 5
    assert len(decisions) == before + 1
    view = Alternating.as_view()
    assert [asked(view) for _ in range(5)] == [200, 403, 403, 200, 200]


class Opaque(View):
    def dispatch(self, request):
        return HttpResponse("never checked")


class PassesOn(View):
    def dispatch(self, request):
        def answer():
            return super(PassesOn, self).dispatch(request)

        return answer()


def define(*bases, **attributes):
    return type("Wrong", bases, {"required_roles": ["editor"], **attributes})


@pytest.mark.parametrize(
    ("bases", "attributes", "message"),
    [
        ((Opaque, RequireRoleMixin), {}, "Opaque.dispatch(): .* put RequireRoleMixin before Opaque in Wrong"),
        ((Opaque, Staff), {}, "put Staff before Opaque in Wrong"),
        ((RequireRoleMixin,), {"dispatch": vars(Opaque)["dispatch"]}, "Wrong.dispatch(): .* return super().dispatch("),
        ((Page, RequireRoleMixin), {"dispatch": vars(Opaque)["dispatch"]}, "Wrong.dispatch(): .* return super()"),
        ((RequireRoleMixin,), {"dispatch": never_cache(vars(Opaque)["dispatch"])}, "return super().dispatch("),
    ],
)
def test_a_class_whose_requirement_would_not_be_checked_cannot_be_defined(bases, attributes, message):
    with pytest.raises(ImproperlyConfigured, match=message.replace("(", r"\(").replace(")", r"\)")):
        define(*bases, **attributes)


@pytest.mark.parametrize(
    "view",
    [
        define(RequireRoleMixin, Opaque),
        define(PassesOn, RequireRoleMixin, Page),
        define(LoginRequiredMixin, RequireRoleMixin, Page),
        method_decorator(never_cache, name="dispatch")(define(RequireRoleMixin, Page)),
    ],
)
def test_a_dispatch_that_goes_on_to_the_mixin_is_right(view, rf):
    request = rf.get("/")
    request.user = User()
    with use_session(READER):
        assert view.as_view()(request).status_code == 403


def test_a_dispatch_without_python_code_is_not_looked_at():
    assert define(RequireRoleMixin, Page, dispatch=print).required_roles == ["editor"]
