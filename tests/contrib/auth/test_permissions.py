"""``user.has_perm()`` and its siblings, answered from the session by ``SessionPermissions``."""

from __future__ import annotations

import asyncio

import pytest
from django.contrib.auth import aauthenticate, alogin, authenticate, login
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.cache import cache
from django.http import JsonResponse
from django.urls import path
from support.loops import async_to_sync
from support.sessions import abrowser, browser, sign_in

from django_sessionkit import has_role, revoke_sessions, use_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.contrib import auth as contrib_auth
from django_sessionkit.contrib.auth import AuthBridge, SessionPermissions
from django_sessionkit.exceptions import AsyncRequired

pytestmark = pytest.mark.django_db

MODEL = "django.contrib.auth.backends.ModelBackend"
SESSION = "django_sessionkit.contrib.auth.SessionPermissions"
BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"
ROLES = {
    "editor": {"inherits": ["reader"], "permissions": ["shop.change_order"]},
    "reader": {"permissions": ["shop.see"]},
}


QUESTIONS = {
    "has_perm": ["shop.change_order"],
    "has_module_perms": ["shop"],
    "get_all_permissions": [],
    "get_user_permissions": [],
}


def held(user):
    return {
        "has": user.has_perm("shop.change_order"),
        "all": sorted(user.get_all_permissions()),
        "user": sorted(user.get_user_permissions()),
        "group": sorted(user.get_group_permissions()),
        "module": [user.has_module_perms("shop"), user.has_module_perms("sho")],
        "object": [
            user.has_perm("shop.change_order", user),
            sorted(user.get_all_permissions(user)),
            sorted(user.get_user_permissions(user)),
        ],
    }


async def aheld(user):
    return {
        "has": await user.ahas_perm("shop.change_order"),
        "all": sorted(await user.aget_all_permissions()),
        "user": sorted(await user.aget_user_permissions()),
        "group": sorted(await user.aget_group_permissions()),
        "module": [await user.ahas_module_perms("shop"), await user.ahas_module_perms("sho")],
        "object": [
            await user.ahas_perm("shop.change_order", user),
            sorted(await user.aget_all_permissions(user)),
            sorted(await user.aget_user_permissions(user)),
        ],
    }


EDITOR = {
    "has": True,
    "all": ["shop.change_order", "shop.see", "tips"],
    "user": ["shop.change_order", "shop.see", "tips"],
    "group": [],
    "module": [True, False],
    "object": [False, [], []],
}
NOTHING = {"has": False, "all": [], "user": [], "group": [], "module": [False, False], "object": [False, [], []]}


def rights(request):
    return JsonResponse(held(request.user))


async def arights(request):
    return JsonResponse(await aheld(await request.auser()))


async def hasty(request):
    """Sync questions on the event loop, before the session is loaded."""
    user, backend, errors = await request.auser(), SessionPermissions(), {}
    for name, question in QUESTIONS.items():
        try:
            getattr(backend, name)(user, *question)
        except AsyncRequired as error:
            errors[name] = str(error)
    return JsonResponse(errors)


def again(request):
    """The user logs in again, in a request that has asked the session already."""
    asked = request.user.has_perm("auth.view_user")
    login(request, User.objects.get(), MODEL)
    return JsonResponse({"before": asked, "after": request.user.has_perm("auth.view_user")})


async def aagain(request):
    asked = await (await request.auser()).ahas_perm("auth.view_user")
    await alogin(request, await User.objects.aget(), MODEL)
    return JsonResponse({"before": asked, "after": await (await request.auser()).ahas_perm("auth.view_user")})


urlpatterns = [
    path("again/", again),
    path("aagain/", aagain),
    path("rights/", rights),
    path("arights/", arights),
    path("hasty/", hasty),
]


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.AUTHENTICATION_BACKENDS = [MODEL, SESSION]
    settings.SESSIONKIT_ROLES = ROLES
    return settings


@pytest.fixture
def ann():
    return User.objects.create_user("ann", password="anns")


def logged_in(client, user, **fields):
    client.force_login(user)
    return sign_in(client, {"user_id": str(user.pk), **fields})


def asked(make, user, **fields):
    client = logged_in(make(), user, **fields)
    return client.get("/rights/").json() if make is browser else async_to_sync(client.get)("/arights/").json()


BOTH = pytest.mark.parametrize("make", [browser, abrowser], ids=["sync", "async"])


@BOTH
def test_the_roles_and_permissions_of_the_session_answer(make, ann):
    assert asked(make, ann, role="editor", permissions=["tips"]) == EDITOR
    assert asked(make, ann, role="reader") == NOTHING | {
        "all": ["shop.see"],
        "user": ["shop.see"],
        "module": [True, False],
    }


@BOTH
def test_the_session_of_another_user_answers_nothing(make, ann):
    bob = User.objects.create_user("bob")
    assert asked(make, ann, user_id=str(bob.pk), role="editor") == NOTHING


def test_only_the_text_of_the_primary_key_is_the_user(ann):
    with use_session({"user_id": f"0{ann.pk}", "role": "editor"}):
        assert held(ann) == NOTHING
    with use_session({"user_id": str(ann.pk), "role": "editor", "permissions": ["tips"]}):
        assert held(ann) == EDITOR


def test_a_user_who_is_not_active_or_not_logged_in_has_nothing(ann):
    with use_session({"user_id": str(ann.pk), "role": "editor"}):
        ann.is_active = False
        assert held(ann) == NOTHING
        ann.is_superuser = True
        assert not ann.has_perm("shop.change_order")
    with use_session({"user_id": "None", "role": "editor"}):
        assert held(AnonymousUser()) == NOTHING
        assert SessionPermissions().get_all_permissions(User(username="unsaved")) == set()


def test_names_that_the_session_cannot_have_are_not_asked_about(ann, caplog):
    with use_session({"user_id": str(ann.pk), "role": "editor"}), caplog.at_level("DEBUG", "django_sessionkit"):
        assert SessionPermissions().get_all_permissions(ann) == {"shop.change_order", "shop.see"}
    assert len([line for line in caplog.messages if line.startswith("allowed: ")]) == 2
    assert not [line for line in caplog.messages if line.startswith("denied: ")]


def test_outside_a_request_other_backends_answer_alone(ann, caplog, settings):
    settings.DEBUG = True
    ann.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert held(ann) == NOTHING | {"all": ["auth.view_user"], "user": ["auth.view_user"]}
    assert async_to_sync(aheld)(User.objects.get()) == held(ann)
    assert caplog.records == []


def test_the_answers_of_the_backends_add_up(ann):
    ann.user_permissions.add(Permission.objects.get(codename="view_user"))
    with use_session({"user_id": str(ann.pk), "permissions": ["shop.see"]}):
        assert ann.has_perms(["auth.view_user", "shop.see"])
        assert ann.get_all_permissions() == {"auth.view_user", "shop.see"}
    assert not User.objects.get().has_perm("shop.see")  # nothing of the session stays in a cache of the user
    assert not ann.has_perm("shop.see")


@pytest.mark.parametrize("name", ["", " ", "*", "shop.*", "shop:*", None, 7, ["shop.see"], ("shop.see",), object()])
def test_a_name_that_no_session_holds_is_not_granted(name, ann, settings):
    settings.SESSIONKIT_WILDCARD_PERMISSIONS = True
    with use_session({"user_id": str(ann.pk), "permissions": ["shop:*", "shop.see"], "roles": ["root"]}):
        assert SessionPermissions().has_perm(ann, name) is False


@BOTH
def test_a_wildcard_is_not_a_name_and_stands_for_the_permissions_of_models(make, ann, settings):
    settings.SESSIONKIT_ROLES = {"root": {"permissions": ["*"]}}
    given = asked(make, ann, role="root", permissions=["tips"])
    assert given["has"]
    assert {"auth.view_user", "auth.add_group", "sessions.delete_session", "tips"} <= set(given["all"])
    assert not [name for name in given["all"] if "*" in name]
    assert given["module"] == [False, False]  # no model of such an app
    with use_session({"user_id": str(ann.pk), "role": "root"}):
        assert ann.has_module_perms("auth")


class Closed(AccessPolicy):
    """Nobody sees, and everybody may view users, whatever the session says."""

    def check(self, requirement, session, request):
        return {("shop.see",): False, ("auth.view_user",): True}.get(requirement.parts)


class Broken(AccessPolicy):
    def get_permissions(self, session):
        raise RuntimeError("no database")


@BOTH
def test_the_access_policy_decides(make, ann, settings):
    settings.SESSIONKIT_ACCESS_POLICY = f"{__name__}.Closed"
    assert asked(make, ann, role="editor")["all"] == ["auth.view_user", "shop.change_order"]
    settings.SESSIONKIT_ACCESS_POLICY = f"{__name__}.Broken"
    assert asked(make, ann, role="editor", permissions=["shop.change_order"]) == NOTHING


def down(request):
    raise ConnectionError("no route to the store")


def test_a_session_that_cannot_be_loaded_grants_nothing(ann, settings):
    client = logged_in(browser(), ann, role="editor")
    settings.SESSIONKIT_SOURCE = down
    assert client.get("/rights/").json() == NOTHING


def renewed(session, request):
    """A ``SESSIONKIT_REFRESH`` that copies the rights of the user."""
    return {"user_id": session.user_id, "permissions": sorted(request.user.get_all_permissions())}


async def arenewed(session, request):
    user = await request.auser()
    return {"user_id": session.user_id, "permissions": sorted(await user.aget_all_permissions())}


@BOTH
@pytest.mark.parametrize("refresh", [renewed, arenewed])
def test_code_that_renews_the_session_gets_the_answers_of_the_other_backends(make, refresh, ann, settings):
    settings.SESSIONKIT_VERSION = lambda user_id: 2
    settings.SESSIONKIT_REFRESH = refresh
    ann.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = logged_in(make(), ann, permissions=["shop.change_order"], __version__=1)
    get = client.get if make is browser else async_to_sync(client.get)
    assert get("/rights/").json()["all"] == ["auth.view_user"]
    kept = client.session["__session__"]
    assert (kept["permissions"], kept["__version__"]) == (["auth.view_user"], "2")


def tenant(request):
    """A ``SESSIONKIT_TENANT`` that asks for a permission."""
    return "acme" if hasattr(request, "user") and not request.user.has_perm("shop.change_order") else None


async def atenant(request):
    return "acme" if hasattr(request, "auser") and not await (await request.auser()).ahas_perm("shop.see") else None


@BOTH
@pytest.mark.parametrize("find", [tenant, atenant])
def test_code_that_finds_the_tenant_gets_the_answers_of_the_other_backends(make, find, ann, settings, caplog):
    settings.SESSIONKIT_TENANT = find
    assert asked(make, ann, role="editor", permissions=["tips"]) == EDITOR
    assert "no current tenant" not in caplog.text


def test_a_sync_question_on_the_event_loop_names_the_async_one(ann):
    client = logged_in(abrowser(), ann, role="editor")
    errors = async_to_sync(client.get)("/hasty/").json()
    assert {name: f"`await user.a{name}(...)`" in errors[name] for name in QUESTIONS} == dict.fromkeys(QUESTIONS, True)


def test_nobody_logs_in_by_it(ann):
    async def ask():
        backend = SessionPermissions()
        return await backend.aauthenticate(None, username="ann", password="anns"), await backend.aget_user(ann.pk)

    backend = SessionPermissions()
    with use_session({"user_id": str(ann.pk), "role": "editor"}):
        assert (backend.authenticate(None, username="ann", password="anns"), backend.get_user(ann.pk)) == (None, None)
        assert asyncio.run(ask()) == (None, None)
    assert authenticate(username="ann", password="wrong") is None
    assert authenticate(username="ann", password="anns").backend == MODEL
    assert async_to_sync(aauthenticate)(username="ann", password="anns").backend == MODEL


# With the bridge ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bridge(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, BRIDGE]
    settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    settings.AUTHENTICATION_BACKENDS = [SESSION, MODEL]  # the order does not matter
    cache.clear()
    return settings


@BOTH
def test_the_bridge_fills_the_session_without_asking_it(make, bridge, ann):
    """A permission that the session has, and the user has lost, must not come back by the session itself."""
    bridge.SESSIONKIT_ROLES = {}
    may = Permission.objects.get(codename="view_user")
    ann.user_permissions.add(may)
    client = make()
    client.force_login(ann, MODEL)
    assert client.session["__session__"]["permissions"] == ["auth.view_user"]
    ann.user_permissions.remove(may)
    page, get = ("/again/", client.get) if make is browser else ("/aagain/", async_to_sync(client.get))
    assert get(page).json() == {"before": True, "after": False}  # the session has the permissions at login
    assert client.session["__session__"]["permissions"] == []


@BOTH
@pytest.mark.parametrize("lost", [False, True], ids=["out of date", "lost"])
def test_a_session_that_is_made_again_while_it_is_asked_has_no_old_permission(make, lost, bridge, ann):
    may = Permission.objects.get(codename="view_user")
    ann.user_permissions.add(may)
    client = make()
    client.force_login(ann, MODEL)
    ann.user_permissions.remove(may)
    if lost:
        stored = client.session
        stored.pop("__session__")
        stored.save()
        bridge.SESSIONKIT_VERSION = None
    else:
        revoke_sessions(str(ann.pk))
    page, get = ("/rights/", client.get) if make is browser else ("/arights/", async_to_sync(client.get))
    assert get(page).json() == NOTHING
    assert client.session["__session__"]["permissions"] == []


class Eager(AuthBridge):
    """A bridge whose ``session_of`` asks the user itself."""

    sessionkit_source = "django_sessionkit.contrib.auth.AuthSource"

    def session_of(self, user):
        roles = ["editor"] if has_role("editor") else []
        return {"user_id": str(user.pk), "roles": roles, "permissions": sorted(user.get_all_permissions())}


def test_neither_does_a_bridge_with_an_own_dict(bridge, ann, caplog):
    bridge.DEBUG = True
    app = Eager("django_sessionkit.contrib.auth", contrib_auth)
    with use_session({"user_id": str(ann.pk), "permissions": ["shop.see"], "role": "editor"}):
        bridge.SESSIONKIT_ROLES = {}
        assert ann.get_all_permissions() == {"shop.see"}
        assert app.dict_of(ann)["roles"] == []
        assert "found no session" not in caplog.text  # the code is not outside of a request
        assert app.dict_of(ann)["permissions"] == []
        assert app.sessionkit_dict_of("ann")["permissions"] == []
        assert AuthBridge.session_of(app, ann)["permissions"] == []
        assert ann.get_all_permissions() == {"shop.see"}
    assert app.dict_of(ann)["permissions"] == []
