"""Model admins and inlines whose actions have requirements."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.test import RequestFactory, override_settings
from django.urls import path
from support.admin_site import PermissionLines, Types, export, register, rename, urls
from support.admin_site import admin_settings as admin_settings
from support.admin_site import admin_tables as admin_tables
from support.sessions import browser, sign_in

from django_sessionkit import (
    Allow,
    AllowObject,
    Nobody,
    Recent,
    Role,
    can_access,
    evaluate,
    use_session,
    validate_session,
)
from django_sessionkit import Permission as Needs
from django_sessionkit.contrib.admin import RequireModelAdminMixin, SessionKitAdminSite
from django_sessionkit.contrib.admin.access import SessionOnlyUser, without_object
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import SessionContext
from django_sessionkit.signals import access_denied

pytestmark = pytest.mark.django_db

TYPES = "/admin/contenttypes/contenttype/"
PERMISSIONS = "/admin/auth/permission/"
ALL = ("view", "add", "change", "delete")


@pytest.fixture(params=["site of SessionKit", "site of Django", "without a user"])
def kind(request):
    return request.param


@pytest.fixture
def make(kind, admin_settings):
    """Return a function that logs a client in with roles."""
    if kind == "site of Django":
        site = admin.AdminSite()
    else:
        site = SessionKitAdminSite(Role("clerk"), allow_without_user=kind == "without a user")
    admin_settings.ROOT_URLCONF = urls(register(site))
    user = User.objects.create_user("ann", is_staff=kind == "site of Django")

    def logged_in(*roles):
        client = browser()
        if kind != "without a user":
            client.force_login(user)
        return sign_in(client, {"user_id": str(user.pk), "roles": ["clerk", *roles]})

    return logged_in


@pytest.fixture
def kept():
    return ContentType.objects.create(app_label="shop", model="kept")


def statuses(client, pk):
    """The status of each page of the model, by the action that opens it."""
    post = {"app_label": "shop", "model": "new", **management("permission_set")}
    return {
        "list": client.get(TYPES).status_code,
        "form": client.get(f"{TYPES}{pk}/change/").status_code,
        "history": client.get(f"{TYPES}{pk}/history/").status_code,
        "add": client.get(f"{TYPES}add/").status_code,
        "popup": client.get(f"{TYPES}add/?_popup=1").status_code,
        "save": client.post(f"{TYPES}{pk}/change/", {**post, "_continue": "1"}).status_code,
        "delete": client.get(f"{TYPES}{pk}/delete/").status_code,
        "autocomplete": autocomplete(client).status_code,
    }


def management(prefix, total=0):
    return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": 0}


def autocomplete(client):
    query = {"term": "", "app_label": "auth", "model_name": "permission", "field_name": "content_type"}
    return client.get("/admin/autocomplete/", query)


SHUT = dict.fromkeys(["list", "form", "history", "add", "popup", "save", "delete", "autocomplete"], 403)
SEEN = {"list": 200, "form": 200, "history": 200}
OPEN = {
    (): {},
    ("view",): {**SEEN, "autocomplete": 200},
    ("add",): {"add": 200, "popup": 200},
    ("change",): {**SEEN, "save": 302},
    ("delete",): {"delete": 200},
    ALL: dict.fromkeys(SHUT, 200) | {"save": 302},
}


@pytest.mark.parametrize("roles", OPEN, ids=str)
def test_each_page_needs_the_right_of_its_action(roles, make, kept):
    assert statuses(make(*roles), kept.pk) == {**SHUT, **OPEN[roles]}


class WithAnOwnList(admin.ModelAdmin):
    """Another view has the name of a page of the admin."""

    def get_urls(self):
        return [path("figures/", register, name="contenttypes_contenttype_changelist"), *super().get_urls()]


class Guarded(RequireModelAdminMixin, WithAnOwnList):
    requirements = {"view": Role("view")}


def test_only_the_views_of_the_model_admin_are_marked():
    own, listed, added, *_ = Guarded(ContentType, admin.AdminSite()).get_urls()
    assert [mark.requirement for mark in requirements_of(listed.callback, "GET")] == [Role("view")]
    assert [mark.requirement for mark in requirements_of(added.callback, "GET")] == [Nobody()]
    assert own.callback is register
    assert requirements_of(own.callback, "GET") == []


def test_what_is_not_named_is_denied(make, kept):
    client = make(*ALL)
    permission = Permission.objects.create(content_type=kept, codename="p", name="p")
    assert client.get(PERMISSIONS).status_code == 200
    assert client.get(f"{PERMISSIONS}{permission.pk}/change/").status_code == 200
    assert client.get(f"{PERMISSIONS}add/").status_code == 403
    assert client.post(f"{PERMISSIONS}{permission.pk}/delete/", {"post": "yes"}).status_code == 403


def test_not_even_a_superuser_may_what_is_not_named(make, kept):
    User.objects.update(is_superuser=True)
    assert make("clerk").get(TYPES).status_code == 403
    assert make(*ALL).get(f"{PERMISSIONS}add/").status_code == 403


@pytest.mark.parametrize("roles", [(), *[(one,) for one in ALL]], ids=str)
def test_the_index_shows_a_model_with_any_right(roles, make):
    client = make(*roles)
    page = client.get("/admin/").content.decode()
    assert ("Content types" in page) is bool(roles)
    assert ("Permissions" in page) is (roles == ("change",))
    assert (f'href="{TYPES}add/"' in page) is (roles == ("add",))
    assert (f'href="{TYPES}"' in page) is (roles in [("view",), ("change",)])
    assert client.get("/admin/contenttypes/").status_code == (200 if roles else 404)


def actions(client):
    page = client.get(TYPES).content.decode()
    return [name for name in ("export", "publish", "rename", "delete_selected") if f'value="{name}"' in page]


@pytest.mark.parametrize(
    ("roles", "shown"),
    [
        (["view"], ["export"]),
        (["change"], ["rename"]),
        (["view", "change"], ["export", "rename"]),
        (["view", "delete"], ["export", "delete_selected"]),
        (["view", "change", "delete"], ["export", "publish", "rename", "delete_selected"]),
    ],
    ids=str,
)
def test_an_action_of_the_list_needs_its_permission_or_change(roles, shown, make, kept):
    client = make(*roles)
    assert actions(client) == shown
    for name in ("export", "publish", "rename"):
        client.post(TYPES, {"action": name, "_selected_action": [kept.pk]})
        done = ContentType.objects.filter(app_label="shop", model="renamed").exists()
        assert done is (name == "rename" and "change" in roles)


def test_selected_objects_are_deleted_by_those_who_may(make, kept):
    post = {"action": "delete_selected", "_selected_action": [kept.pk], "post": "yes"}
    make("view", "change", "add").post(TYPES, post)
    assert ContentType.objects.filter(pk=kept.pk).exists()
    make("view", "delete").post(TYPES, post)
    assert not ContentType.objects.filter(pk=kept.pk).exists()


def test_objects_that_would_be_deleted_too_need_their_own_right(make, kept):
    Permission.objects.create(content_type=kept, codename="p", name="p")
    post = {"action": "delete_selected", "_selected_action": [kept.pk], "post": "yes"}
    make("view", "delete").post(TYPES, post)  # the model admin of permissions does not name "delete"
    make("view", "delete").post(f"{TYPES}{kept.pk}/delete/", {"post": "yes"})
    assert ContentType.objects.filter(pk=kept.pk).exists()


def test_the_list_is_edited_by_those_who_may(make, kept):
    rows = list(ContentType.objects.order_by("-pk"))
    form = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        form |= {f"form-{number}-id": row.pk, f"form-{number}-model": f"{row.model}x"}
    make("view", "add", "delete").post(TYPES, form)
    assert ContentType.objects.filter(model="keptx").count() == 0
    make("change").post(TYPES, form)
    assert ContentType.objects.filter(model="keptx").count() == 1


def test_links_to_related_objects_are_shown_to_those_who_may(make, kept):
    permission = Permission.objects.create(content_type=kept, codename="p", name="p")
    page = f"{PERMISSIONS}{permission.pk}/change/"
    assert f"{TYPES}add/" not in make("change").get(page).content.decode()
    assert f"{TYPES}add/" in make("change", "add").get(page).content.decode()


# Inlines --------------------------------------------------------------------------------------------------------------


def lines(client, pk, **row):
    """Post a form with the existing line and a new one, and return the names of the lines afterwards."""
    (old,) = Permission.objects.filter(content_type=pk)
    form = {
        "app_label": "shop",
        "model": "kept",
        "permission_set-TOTAL_FORMS": 2,
        "permission_set-INITIAL_FORMS": 1,
        "permission_set-0-id": old.pk,
        "permission_set-0-content_type": pk,
        "permission_set-0-name": "changed",
        "permission_set-0-codename": "old",
        "permission_set-1-content_type": pk,
        "permission_set-1-name": "added",
        "permission_set-1-codename": "added",
        **row,
    }
    client.post(f"{TYPES}{pk}/change/", form)
    return sorted(Permission.objects.filter(content_type=pk).values_list("name", flat=True))


@pytest.mark.parametrize(
    ("roles", "names", "row"),
    [
        ([], ["old"], {}),
        (["lines-view"], ["old"], {}),
        (["lines-add"], ["added", "old"], {}),
        (["lines-view", "lines-change"], ["changed"], {}),
        (["lines-change", "lines-delete"], [], {"permission_set-0-DELETE": "on"}),
        (["lines-view", "lines-change"], ["changed"], {"permission_set-0-DELETE": "on"}),
        (["lines-view", "lines-add", "lines-change"], ["added", "changed"], {}),
    ],
    ids=str,
)
def test_an_inline_has_rights_of_its_own(roles, names, row, make, kept):
    Permission.objects.create(content_type=kept, codename="old", name="old")
    client = make("view", "change", *roles)
    if roles == ["lines-add"]:  # without the right to see the lines, the form has new ones only
        row = {"permission_set-INITIAL_FORMS": 0, "permission_set-TOTAL_FORMS": 1, "permission_set-0-id": ""}
        row |= {"permission_set-0-name": "added", "permission_set-0-codename": "added"}
    assert lines(client, kept.pk, **row) == names
    page = client.get(f"{TYPES}{kept.pk}/change/").content.decode()
    assert ("permission_set-TOTAL_FORMS" in page) is bool(roles)


@pytest.mark.parametrize(("roles", "count"), [([], 0), (["through-view"], 0), (["through-view", "through-add"], 1)])
def test_the_table_of_a_relation_has_the_rights_of_its_inline(roles, count, make, kept):
    permission = Permission.objects.create(content_type=kept, codename="p", name="p")
    group = Group.objects.create(name="staff")
    prefix = "Group_permissions"
    form = {"name": "p", "codename": "p", "content_type": kept.pk, **management(prefix, 1)}
    form |= {f"{prefix}-0-permission": permission.pk, f"{prefix}-0-group": group.pk}
    make("change", *roles).post(f"{PERMISSIONS}{permission.pk}/change/", form)
    assert group.permissions.count() == count


# History --------------------------------------------------------------------------------------------------------------


def test_changes_are_in_the_history_of_a_django_user_and_else_in_the_log(make, kind, kept, caplog):
    caplog.set_level(logging.INFO, "django_sessionkit.security")
    client, pk = make(*ALL, "lines-view"), kept.pk
    form = {"app_label": "shop", "model": "other", **management("permission_set")}
    assert client.post(f"{TYPES}add/", {**form, "model": "new"}).status_code == 302
    assert client.post(f"{TYPES}{pk}/change/", form).status_code == 302
    assert client.post(f"{TYPES}{pk}/delete/", {"post": "yes"}).status_code == 302
    lines = [one.getMessage() for one in caplog.records if one.getMessage().startswith("admin: ")]
    entries = apps.get_model("admin", "LogEntry").objects.order_by("pk")
    if kind == "without a user":
        new = ContentType.objects.get(model="new").pk
        (user,) = {line.partition("user=")[2] for line in lines}
        assert len(user) == 16
        made = [("addition", new), ("change", pk), ("deletion", pk)]
        assert lines == [f"admin: {what} of contenttypes.contenttype, pk={one}, user={user}" for what, one in made]
        assert not entries.exists()
        assert client.get(f"{TYPES}{new}/history/").status_code == 200
    else:
        assert lines == []
        assert [entry.action_flag for entry in entries] == [1, 2, 3]
        assert {entry.user.username for entry in entries} == {"ann"}


def test_a_line_of_the_log_names_the_user_of_the_request_also_outside_of_the_middleware(admin_settings, caplog):
    """As if code that runs after the request calls the model admin."""
    caplog.set_level(logging.INFO, "django_sessionkit.security")
    session, request = validate_session({"user_id": "x-1"}), RequestFactory().get("/")
    request.user, request.sessionkit = SessionOnlyUser(session), SessionContext.fixed(session)
    Types(ContentType, SessionKitAdminSite(Role("a"))).log_change(request, ContentType(pk=7), "")
    assert caplog.messages == [f"admin: change of contenttypes.contenttype, pk=7, user={user_digest(session)}"]


# Who is asked ---------------------------------------------------------------------------------------------------------


def test_the_session_must_be_that_of_the_user(admin_settings, kept):
    """Also on a site of Django, where the user passes the site's own check."""
    admin_settings.ROOT_URLCONF = urls(register(admin.AdminSite()))
    root = User.objects.create_superuser("root")
    client = browser()
    client.force_login(root)
    assert client.get("/admin/").status_code == 200
    assert client.get(TYPES).status_code == 403
    for user_id, status in ((root.pk + 1, 403), (root.pk, 200)):
        assert sign_in(client, {"user_id": str(user_id), "roles": ["view"]}).get(TYPES).status_code == status


def test_no_session_is_never_enough(admin_settings):
    class Open(RequireModelAdminMixin, admin.ModelAdmin):
        requirements = {"view": Allow(lambda session: True)}

    site = admin.AdminSite()
    site.register(ContentType, Open)
    admin_settings.ROOT_URLCONF = urls(site)
    client = browser()
    client.force_login(User.objects.create_superuser("root"))
    assert client.get(TYPES).status_code == 403
    assert sign_in(client, {"user_id": str(User.objects.get().pk)}).get(TYPES).status_code == 200


def is_of_the_shop(session, obj):
    return obj.app_label == "shop"


@pytest.fixture
def owned(admin_settings):
    """A model whose objects may be changed by some, and be seen by all clerks."""

    class Owned(RequireModelAdminMixin, admin.ModelAdmin):
        ordering = ["pk"]
        requirements = {
            "view": Role("clerk"),
            "change": AllowObject(is_of_the_shop),
            "delete": AllowObject(is_of_the_shop) & Role("boss"),
        }

    site = SessionKitAdminSite(Role("clerk"), allow_without_user=True)
    site.register(ContentType, Owned)
    admin_settings.ROOT_URLCONF = urls(site)
    return site


def test_looking_at_an_object_may_depend_on_it(owned, kept):
    other = ContentType.objects.create(app_label="depot", model="kept")
    seen = type(
        "Seen", (RequireModelAdminMixin, admin.ModelAdmin), {"requirements": {"view": AllowObject(is_of_the_shop)}}
    )
    owned.unregister(ContentType)
    owned.register(ContentType, seen)
    with override_settings(ROOT_URLCONF=urls(owned)):
        client = browser({"user_id": "1", "roles": ["clerk"]})
        for one, status in ((kept, 200), (other, 403)):
            assert client.get(f"{TYPES}{one.pk}/change/").status_code == status


def test_a_requirement_may_ask_about_the_object(owned, kept, caplog):
    other = ContentType.objects.create(app_label="depot", model="kept")
    clerk, boss = (browser({"user_id": "1", "roles": ["clerk", *more]}) for more in ([], ["boss"]))
    form = {"app_label": "shop", "model": "changed"}
    assert clerk.get(TYPES).status_code == 200
    for one, status in ((kept, 302), (other, 403)):
        assert clerk.get(f"{TYPES}{one.pk}/change/").status_code == 200
        assert clerk.post(f"{TYPES}{one.pk}/change/", form).status_code == status
        assert clerk.get(f"{TYPES}{one.pk}/delete/").status_code == 403
        assert boss.get(f"{TYPES}{one.pk}/delete/").status_code == (200 if one is kept else 403)
    assert "delete_selected" not in boss.get(TYPES).content.decode()  # the list is about no object
    assert "without an object" not in caplog.text
    with use_session({"user_id": "1", "roles": ["clerk"]}):
        assert can_access("admin:contenttypes_contenttype_change", kept.pk)
        assert not can_access("admin:contenttypes_contenttype_add")


@pytest.mark.parametrize(
    ("requirement", "status"),
    [
        (AllowObject(is_of_the_shop), 403),
        (~AllowObject(is_of_the_shop), 403),
        (Role("clerk") & ~AllowObject(is_of_the_shop), 403),
        (Role("clerk") | AllowObject(is_of_the_shop), 200),
        (Role("clerk") & ~(Role("boss") & AllowObject(is_of_the_shop)), 200),
        (Role("clerk") & ~(Role("boss") | AllowObject(is_of_the_shop)), 403),
    ],
    ids=repr,
)
def test_where_there_is_no_object_nothing_about_it_is_granted(requirement, status, owned, kept, caplog):
    """The same as ``evaluate(requirement)`` without an object, which the list of the admin does not log."""
    listed = type("Listed", (RequireModelAdminMixin, admin.ModelAdmin), {"requirements": {"view": requirement}})
    owned.unregister(ContentType)
    owned.register(ContentType, listed)
    session = {"user_id": "1", "roles": ["clerk"]}
    with use_session(session):
        asked, listed_decision = evaluate(requirement), evaluate(without_object(requirement))
        assert asked.allowed is (status == 200)
        for field in ("allowed", "reason", "failed"):
            assert getattr(listed_decision, field) == getattr(asked, field)
        assert repr(listed.requirements["view"]) == repr(without_object(requirement)) == repr(requirement)
    caplog.clear()
    with override_settings(ROOT_URLCONF=urls(owned)):
        assert browser(session).get(TYPES).status_code == status
        with use_session(session):
            assert can_access("admin:contenttypes_contenttype_changelist") is (status == 200)
    assert "without an object" not in caplog.text


@pytest.mark.parametrize("action", ALL)
def test_each_question_about_an_object_is_asked_about_it(action, admin_settings):
    requirements = {action: AllowObject(is_of_the_shop)}
    owned = type("Owned", (RequireModelAdminMixin, admin.ModelAdmin), {"requirements": requirements})
    may = getattr(
        owned(ContentType, SessionKitAdminSite(Role("a"), allow_without_user=True)), f"has_{action}_permission"
    )
    request = RequestFactory().get("/")
    with use_session({"user_id": "1"}):
        assert may(request, ContentType(app_label="shop"))
        assert not may(request, ContentType(app_label="depot"))
        assert not may(request)


def test_the_denial_of_a_model_says_that_a_recent_login_is_missing(admin_settings, kept):
    class Guarded(RequireModelAdminMixin, admin.ModelAdmin):
        requirements = {"delete": Role("clerk") & Recent(600)}

    heard = []

    def hear(sender, **kwargs):
        heard.append(kwargs["decision"].reason)

    site = SessionKitAdminSite(Role("clerk"), allow_without_user=True)
    site.register(ContentType, Guarded)
    admin_settings.ROOT_URLCONF = urls(site)
    access_denied.connect(hear)
    try:
        page, admin_settings.SESSIONKIT_REAUTH_URL = f"{TYPES}{kept.pk}/delete/", "/login/"
        for age, found, status in ((3600, ["stale_authentication"], 302), (60, [], 200)):
            client = browser({"user_id": "1", "role": "clerk", "auth_time": int(time.time()) - age})
            answer = client.get(page)
            assert (answer.status_code, answer.get("Location")) == (status, f"/login/?next={page}" if found else None)
            assert heard == found
            heard.clear()
    finally:
        access_denied.disconnect(hear)


def test_can_access_knows_the_requirements(admin_settings):
    site = register(SessionKitAdminSite(Role("clerk")))
    admin_settings.ROOT_URLCONF = urls(site)
    names = ["changelist", "add", "change", "history", "delete"]

    def opened(*roles):
        with use_session({"user_id": "1", "roles": roles}):
            found = [(name, [1] if name in names[2:] else []) for name in names]
            return [name for name, args in found if can_access(f"admin:contenttypes_contenttype_{name}", *args)]

    assert opened("clerk") == opened("view") == []
    assert opened("clerk", "view") == opened("clerk", "change") == ["changelist", "change", "history"]
    assert opened("clerk", "add") == ["add"]
    assert opened("clerk", "delete") == ["delete"]
    with use_session({"user_id": "1", "roles": ["clerk", "change"]}):
        assert not can_access("admin:auth_permission_add")


# Mistakes -------------------------------------------------------------------------------------------------------------

MISTAKES = [
    (None, "Orders.requirements: is missing; write requirements = {"),
    ([Role("a")], "Orders.requirements: must be a dict of requirements, not list; write"),
    (Role("a"), "Orders.requirements: must be a dict of requirements, not Role; write"),
    ({"veiw": Role("a")}, 'Orders.requirements: unknown action "veiw"; did you mean "view"?'),
    ({"edit": Role("a")}, 'unknown action "edit"; did you mean "change"?'),
    ({"read": Role("a")}, 'did you mean "view"?'),
    ({"publish": Role("a")}, 'unknown action "publish"; allowed are "add", "change", "delete", "view"'),
    ({3: Role("a")}, 'unknown action "3"'),
    ({"view": "editor"}, "Orders.requirements['view']: needs a requirement, not str; write Role("),
    ({"view": Role}, "Orders.requirements['view']: needs a requirement, not the class Role"),
    ({"view": None}, "Orders.requirements['view']: needs a requirement, not None"),
]


@pytest.mark.parametrize(("requirements", "text"), MISTAKES, ids=str)
@pytest.mark.parametrize("base", [admin.ModelAdmin, admin.TabularInline], ids=["admin", "inline"])
def test_a_mistake_is_an_error_when_the_class_is_defined(requirements, text, base):
    with pytest.raises(InvalidPolicy) as caught:
        type("Orders", (RequireModelAdminMixin, base), {} if requirements is None else {"requirements": requirements})
    assert text in str(caught.value)


def test_a_base_class_may_leave_the_requirements_to_its_subclasses():
    class Ours(RequireModelAdminMixin):
        """A mixin of the project."""

    class Orders(Ours, admin.ModelAdmin):
        requirements = {}

    class Strict(Orders):
        requirements = {"view": Nobody()}

    assert (dict(Orders.requirements), dict(Strict.requirements)) == ({}, {"view": Nobody()})
    with pytest.raises(TypeError):
        Strict.requirements["add"] = Role("a")


def test_a_base_class_may_take_arguments_of_its_own():
    class Labelled:
        def __init_subclass__(cls, *, label="", **kwargs):
            super().__init_subclass__(**kwargs)
            cls.label = label

    class Orders(RequireModelAdminMixin, Labelled, label="orders"):
        requirements = {}

    assert Orders.label == "orders"


def test_the_actions_of_a_place_are_limited_too():
    """Since Django 6.1, an action is an object, and ``get_actions()`` may be asked for those of one place."""

    class Newer(admin.ModelAdmin):
        def get_actions(self, request, action_location="list"):
            found = {"export": SimpleNamespace(func=export), "rename": SimpleNamespace(func=rename)}
            return {f"{name} in the {action_location}": one for name, one in found.items()}

    class Ours(RequireModelAdminMixin, Newer):
        requirements = {"view": Role("view"), "change": Role("change")}

    ours = Ours(ContentType, SessionKitAdminSite(Role("a"), allow_without_user=True))
    request = RequestFactory().get("/")
    with use_session({"user_id": "1", "role": "view"}):
        assert list(ours.get_actions(request)) == ["export in the list"]
        assert list(ours.get_actions(request, action_location="form")) == ["export in the form"]
        assert list(ours.get_actions(request, "form")) == ["export in the form"]
    with use_session({"user_id": "1", "role": "change"}):
        assert list(ours.get_actions(request, "form")) == ["export in the form", "rename in the form"]


@pytest.mark.parametrize("base", [admin.ModelAdmin, admin.TabularInline, admin.StackedInline])
def test_the_mixin_comes_first(base):
    with pytest.raises(InvalidPolicy) as caught:
        type("Orders", (base, RequireModelAdminMixin), {"requirements": {"view": Role("a")}})
    assert f"put RequireModelAdminMixin before {base.__name__} in Orders" in str(caught.value)


def test_an_own_method_must_call_that_of_the_mixin():
    def has_change_permission(self, request, obj=None):
        return True

    with pytest.raises(InvalidPolicy) as caught:
        type(
            "Orders",
            (RequireModelAdminMixin, admin.ModelAdmin),
            {"requirements": {}, "has_change_permission": has_change_permission},
        )
    assert str(caught.value) == (
        "Orders.has_change_permission(): is called instead of that of RequireModelAdminMixin; call "
        'super().has_change_permission(...) in it; to deny it to everyone, leave out "change" in requirements'
    )

    class Own(Types):
        def has_change_permission(self, request, obj=None):
            return super().has_change_permission(request, obj) and obj is None

    request = RequestFactory().get("/")
    own = Own(ContentType, SessionKitAdminSite(Role("a"), allow_without_user=True))
    with use_session({"user_id": "1", "role": "change"}):
        assert own.has_change_permission(request)
        assert not own.has_change_permission(request, ContentType())


def test_options_of_register_may_be_the_requirements():
    site = SessionKitAdminSite(Role("a"), allow_without_user=True)

    class Base(RequireModelAdminMixin, admin.ModelAdmin):
        requirements = {}

    site.register(ContentType, Base, requirements={"view": Needs("types:view")})
    with use_session({"user_id": "1", "permissions": ["types:view"]}):
        assert site.get_model_admin(ContentType).has_view_permission(RequestFactory().get("/"))
    assert PermissionLines.requirements is not None


class Unread(admin.TabularInline):
    model = Permission
    requirements = {"view": Role("clerk")}


class Plain(admin.ModelAdmin):
    requirements = {"view": Role("clerk")}


class Other(admin.ModelAdmin):
    """The attribute of this class has another meaning."""

    requirements = {"view": "clerk"}
    inlines = [Unread, PermissionLines]


@pytest.mark.parametrize(("owner", "found"), [(Plain, ["Plain"]), (Other, ["Unread"]), (Types, [])])
def test_requirements_that_no_mixin_reads_are_found(owner, found, admin_settings):
    site = SessionKitAdminSite(Role("clerk"))
    site.register(ContentType, owner)
    admin_settings.ROOT_URLCONF = urls(site)
    messages = [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W039"]
    assert [one.hint for one in messages] == [f"Write class {one}(RequireModelAdminMixin, ...)." for one in found]
    assert [one.msg.partition(" has ")[0].rpartition(".")[2].rstrip(":") for one in messages] == found
