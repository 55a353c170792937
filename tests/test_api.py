from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpResponse
from django.test import override_settings
from django.urls import NoReverseMatch, path, set_script_prefix
from django.utils.decorators import method_decorator
from django.views import View
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import views

import django_sessionkit
from django_sessionkit import (
    AccessDenied,
    Allow,
    Authenticated,
    InvalidSession,
    NotAuthenticated,
    Role,
    SessionKitError,
    acan_access,
    aenforce,
    aevaluate,
    aget_session,
    arequire_session,
    can_access,
    enforce,
    evaluate,
    get_session,
    has_all_permissions,
    has_any_permission,
    has_any_role,
    has_permission,
    has_role,
    has_role_permission,
    is_authenticated,
    require_session,
    use_session,
)
from django_sessionkit.decorators import require_role
from django_sessionkit.mixins import RequireRoleMixin


def test_everything_is_exported():
    assert set(django_sessionkit.__all__) == {name for name in dir(django_sessionkit) if name in ALL}
    assert set(django_sessionkit.__all__) == ALL


ALL = {
    "get_session",
    "peek_session",
    "require_session",
    "is_authenticated",
    "has_role",
    "has_any_role",
    "has_permission",
    "has_all_permissions",
    "has_any_permission",
    "has_role_permission",
    "set_session",
    "update_session",
    "clear_session",
    "require_recent",
    "RequireRecentMixin",
    "confirm_session",
    "aconfirm_session",
    "regenerate_session",
    "revoke_sessions",
    "arevoke_sessions",
    "evaluate",
    "explain",
    "enforce",
    "can_access",
    "session_public",
    "asession_public",
    "use_session",
    "validate_session",
    "Session",
    "Decision",
    "Role",
    "Permission",
    "AnyPermission",
    "Authenticated",
    "Allow",
    "Public",
    "Nobody",
    "SessionKitError",
    "InvalidSession",
    "NotAuthenticated",
    "AllowObject",
    "Factor",
    "Impersonated",
    "Recent",
    "Within",
    "AccessDenied",
    "aget_session",
    "arequire_session",
    "aset_session",
    "aupdate_session",
    "aclear_session",
    "aregenerate_session",
    "aevaluate",
    "aexplain",
    "aenforce",
    "acan_access",
    "ais_authenticated",
    "public",
    "require",
    "require_any_permission",
    "require_authenticated",
    "require_permission",
    "require_role",
    "require_role_permission",
    "RequireAuthenticatedMixin",
    "RequireMixin",
    "RequireObjectMixin",
    "RequirePermissionMixin",
    "RequireRoleMixin",
    "ahas_role",
    "ahas_any_role",
    "ahas_permission",
    "ahas_all_permissions",
    "ahas_any_permission",
    "ahas_role_permission",
}


def test_questions():
    with use_session(EDITOR):
        assert is_authenticated()
        assert has_role("editor")
        assert has_role("staff")
        assert not has_role("admin")
        assert has_any_role("admin", "staff")
        assert has_permission("posts:write")
        assert has_all_permissions("posts:read", "posts:write")
        assert not has_all_permissions("posts:read", "users:manage")
        assert has_any_permission("users:manage", "posts:read")
        assert has_role_permission("editor", "posts:write")
        assert not has_role_permission("editor", "users:manage")
        assert not has_role_permission("admin", "posts:write")


def test_questions_about_nothing():
    with use_session(READER):
        assert has_all_permissions() is True
        assert has_any_permission() is False
        assert has_any_role() is False
        assert has_role("") is False
        assert has_permission("posts:*") is False


def test_without_a_session_everything_is_false():
    def ask():
        return [
            is_authenticated(),
            has_role("a"),
            has_any_role("a"),
            has_permission("a"),
            has_all_permissions(),
            has_any_permission("a"),
            has_role_permission("a", "b"),
            bool(evaluate(Authenticated())),
        ]

    assert not any(ask())
    with use_session(None):
        assert not any(ask())


def test_outside_a_request_there_is_no_session():
    assert get_session() is None
    assert async_to_sync(aget_session)() is None
    for call in (require_session, async_to_sync(arequire_session)):
        with pytest.raises(NotAuthenticated):
            call()


@pytest.mark.parametrize(("session", "error"), [(None, NotAuthenticated), (READER, AccessDenied)])
def test_enforce(session, error):
    with use_session(session):
        for call in (enforce, async_to_sync(aenforce)):
            with pytest.raises(error) as caught:
                call(Role("admin"))
            assert isinstance(caught.value, PermissionDenied)
            assert isinstance(caught.value, SessionKitError)
            assert caught.value.decision.requirement == Role("admin")


def test_enforce_returns_the_session():
    with use_session(ADMIN) as session:
        assert enforce(Role("admin")) is session
        assert async_to_sync(aenforce)(Role("admin")) is session
        assert require_session() is session
        assert async_to_sync(arequire_session)() is session


@pytest.mark.parametrize("asked", ["admin", None, True, Role])
def test_only_a_requirement_can_be_evaluated(asked):
    with pytest.raises(ImproperlyConfigured, match="needs a requirement"):
        evaluate(asked)


def test_require_session_in_a_view_is_answered_like_a_denial():
    assert browser().get("/needs/")["Location"] == "/login/?next=/needs/"
    assert browser(READER).get("/needs/").content == b"1"
    assert async_to_sync(abrowser().get)("/needs/")["Location"] == "/login/?next=/needs/"


@override_settings(MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"])
def test_without_the_middleware_it_is_still_a_403():
    assert browser(READER).get("/needs/").status_code == 403


def test_use_session_nests_and_ends():
    with use_session(READER):
        with use_session(ADMIN):
            assert has_role("admin")
            with use_session(None):
                assert not is_authenticated()
            assert has_role("admin")
        assert has_role("reader")
    assert get_session() is None


def test_use_session_without_its_brackets_is_an_error_at_definition():
    with pytest.raises(TypeError, match=r'needs a session, not function. .* @use_session\(\{"user_id": "42"\}\)'):

        @use_session
        def report():
            return None


def test_use_session_ends_after_an_error_and_can_be_used_again():
    pretending = use_session(READER)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pretending:
            raise ZeroDivisionError
        assert get_session() is None
    with pretending, pretending:
        assert has_role("reader")
    assert get_session() is None


def test_use_session_validates():
    with pytest.raises(InvalidSession), use_session({"user_id": 7}):
        pass
    assert get_session() is None


@use_session(ADMIN)
def command():
    """Does things."""
    return get_session().user_id


@use_session(ADMIN)
async def acommand():
    await asyncio.sleep(0)
    return get_session().user_id


def test_use_session_decorates_functions_and_coroutines():
    assert command() == "3"
    assert command.__doc__ == "Does things."
    assert async_to_sync(acommand)() == "3"

    async def both():
        return await asyncio.gather(acommand(), asyncio.to_thread(get_session))

    assert async_to_sync(both)() == ["3", None]


def test_a_thread_of_ones_own_has_no_session_unless_it_pretends_one():
    seen = []

    @use_session(READER)
    def pretending():
        seen.append(get_session().user_id)

    with use_session(ADMIN):
        for target in (lambda: seen.append(get_session()), pretending):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert seen == [None, "1"]


def test_a_session_value_can_be_pretended():
    with use_session(READER) as session, use_session(session):
        assert get_session() == READER


async def apredicate(session):
    return session is not None


def test_an_async_predicate_works_where_there_is_no_loop():
    with use_session(READER):
        assert evaluate(Allow(apredicate))
        assert async_to_sync(aevaluate)(Allow(apredicate))


class Guarded(RequireRoleMixin, View):
    required_roles = ["admin"]

    def get(self, request, pk=None):
        return HttpResponse()

    @method_decorator(require_role("root"))
    def post(self, request, pk=None):
        return HttpResponse()


@require_role("admin", "editor")
def guarded(request):
    return HttpResponse()


urlpatterns = [
    path("guarded/", guarded, name="guarded"),
    path("class/<int:pk>/", Guarded.as_view(), name="class"),
    path("ruled/", views.page, name="ruled"),
    path("open/", views.page, name="open"),
    path("caf\u00e9/", views.page, name="cafe"),
    path("login/", views.page),
]


own_urls = override_settings(
    ROOT_URLCONF=__name__,
    SESSIONKIT_PROTECT=[{"pattern": "/ruled", "role": "editor"}, {"pattern": "/caf\u00e9", "role": "editor"}],
)


@own_urls
@pytest.mark.parametrize(
    ("args", "kwargs", "who"),
    [
        (["/open/"], {}, "-rea"),
        (["open"], {}, "-rea"),
        (["/ruled/"], {}, "e"),
        (["ruled"], {}, "e"),
        (["/ruled/?page=2#top"], {}, "e"),
        (["/RULED/"], {}, ""),
        (["cafe"], {}, "e"),
        (["/caf%C3%A9/"], {}, "e"),
        (["/caf\u00e9/"], {}, "e"),
        (["guarded"], {}, "ea"),
        (["/guarded/"], {}, "ea"),
        (["class", 7], {}, "a"),
        (["class"], {"pk": 7}, "a"),
        (["class"], {"pk": 7, "method": "post"}, ""),
        (["class"], {"pk": 7, "method": "HEAD"}, "a"),
        (["/nowhere/"], {}, ""),
        (["/guarded"], {}, ""),
        (["//guarded/"], {}, ""),
        (["//evil.example/open/"], {}, ""),
        (["/"], {}, ""),
    ],
)
def test_can_access_foresees(args, kwargs, who):
    for letter, session in (("-", None), ("r", READER), ("e", EDITOR), ("a", ADMIN)):
        with use_session(session):
            assert can_access(*args, **kwargs) is (letter in who)
            assert async_to_sync(acan_access)(*args, **kwargs) is (letter in who)


@own_urls
def test_can_access_of_a_name_that_does_not_exist():
    with pytest.raises(NoReverseMatch):
        can_access("no-such-name")
    with pytest.raises(NoReverseMatch):
        can_access("class")


@pytest.mark.parametrize("where", [None, 7, views.page])
def test_can_access_takes_text(where):
    with pytest.raises(TypeError, match="takes a path or a URL name"):
        can_access(where)


@own_urls
def test_can_access_knows_the_mount_prefix():
    set_script_prefix("/mount/")
    try:
        with use_session(EDITOR):
            assert can_access("/mount/ruled/")
            assert can_access("ruled")
            assert can_access("/ruled/")
        assert not can_access("/mount/ruled/")
    finally:
        set_script_prefix("/")


@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/open"])
def test_can_access_knows_the_default():
    assert can_access("/open/")
    assert can_access("/login/")
    assert not can_access("/ruled/")
    with use_session(READER):
        assert can_access("/ruled/")


def test_outside_a_request_a_predicate_gets_none():
    assert evaluate(Allow(lambda session, request: request is None))
