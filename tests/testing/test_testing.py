"""The helpers for tests of a project: logged-in clients, other policies, access, and snapshots of the policy."""

from __future__ import annotations

import unittest
from types import ModuleType

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, execute_from_command_line
from django.test import AsyncClient, Client, SimpleTestCase, override_settings
from django.urls import path
from support.payload_canaries import CANARY
from support.sessions import untimed
from testsite.views import page

import django_sessionkit
from django_sessionkit import InvalidSession, can_access, signals, testing
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import AsyncRequired, ReadOnlySource
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.testing import (
    aassert_access,
    asign_in,
    asign_out,
    assert_access,
    assert_surface,
    override_policy,
    sign_in,
    sign_out,
)

ENGINES = pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file", "signed_cookies"])
RULES = [{"pattern": "/page", "role": "editor", "name": "pages"}]
EDITORS = override_policy(protect=RULES)


@pytest.fixture
def engine_settings(db, engine, tmp_path):
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}", SESSION_FILE_PATH=tmp_path):
        yield


def stored(client):
    return client.session["__session__"]


class TestSignIn:
    @ENGINES
    @EDITORS
    def test_a_client_is_let_in_and_out_on_every_engine(self, engine_settings):
        client = Client()
        assert sign_in(client, role="editor") is client
        assert client.get("/page/").status_code == 200
        sign_out(client)
        assert client.get("/page/").status_code == 401

    @ENGINES
    @EDITORS
    def test_an_async_client_is_let_in_and_out_on_every_engine(self, engine_settings):
        async def statuses():
            client = AsyncClient()
            assert await asign_in(client, role="editor") is client
            yield (await client.get("/page/")).status_code
            await asign_out(client)
            yield (await client.get("/page/")).status_code

        async def collected():
            return [status async for status in statuses()]

        assert async_to_sync(collected)() == [200, 401]

    @EDITORS
    def test_an_async_client_can_be_signed_in_by_a_plain_test(self):
        client = sign_in(AsyncClient(), role="editor")
        assert async_to_sync(client.get)("/page/").status_code == 200

    @ENGINES
    def test_other_data_stays_and_another_user_starts_afresh(self, engine_settings):
        client = Client()
        session = client.session
        session["basket"] = [1]
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        sign_in(client, user_id="1")
        assert client.session["basket"] == [1]
        sign_in(client, user_id="2")
        assert "basket" not in client.session

    def test_all_fields_arrive(self):
        client = sign_in(
            Client(), user_id="7", role="a", roles=["b"], permissions=("p:q",), email="a@example.org", plan={"x": 1}
        )
        assert untimed(stored(client)) == {
            "user_id": "7",
            "role": "a",
            "roles": ["b"],
            "permissions": ["p:q"],
            "email": "a@example.org",
            "plan": {"x": 1},
        }

    def test_without_fields_it_is_a_session_with_no_rights(self):
        assert untimed(stored(sign_in(Client()))) == {"user_id": "1"}

    @pytest.mark.parametrize("fields", [{"permissions": "posts:write"}, {"user_id": ""}, {"role": 3}, {"email": "x"}])
    def test_what_no_log_in_could_place_is_refused(self, fields):
        client = Client()
        with pytest.raises(InvalidSession):
            sign_in(client, **fields)
        assert "__session__" not in client.session

    def test_the_validator_of_the_project_is_asked(self):
        def validator(data):
            raise ValueError

        with override_policy(session_validator=validator), pytest.raises(InvalidSession):
            sign_in(Client())

    def test_a_permission_that_would_grant_nothing_is_refused(self):
        with pytest.raises(TypeError, match=r"Write permissions=\[\.\.\.\]"):
            sign_in(Client(), permission="posts:write")

    def test_the_key_and_the_source_of_the_project_are_used(self):
        with override_policy(session_key="who", source=Elsewhere):
            client = sign_in(Client(), role="editor")
        assert untimed(client.session["elsewhere"]) == {"user_id": "1", "role": "editor"}
        assert not {"who", "__session__"} & set(client.session.keys())

    def test_a_source_that_only_reads_says_so(self):
        with override_policy(source=lambda request: None), pytest.raises(ReadOnlySource, match="is read-only"):
            sign_in(Client())

    @pytest.mark.parametrize("sign", [sign_in, sign_out, async_to_sync(asign_in), async_to_sync(asign_out)])
    @pytest.mark.parametrize(("client", "kind"), [(Client, "the class Client"), ("editor", "str"), (None, "NoneType")])
    def test_what_is_no_client_is_refused(self, sign, client, kind):
        with pytest.raises(TypeError, match=rf"sign_(in|out)\(\) .* such as Client\(\), not {kind}\.$"):
            sign(client)

    def test_receivers_are_called_as_at_a_log_in(self):
        seen = []

        def receiver(request, **kwargs):
            seen.append((request.META["REMOTE_ADDR"], request.get_host(), request.COOKIES["theme"]))

        client = Client()
        client.cookies["theme"] = "dark"
        signals.session_registered.connect(receiver)
        try:
            sign_in(client)
        finally:
            signals.session_registered.disconnect(receiver)
        assert seen == [("127.0.0.1", "testserver", "dark")]

    def test_on_an_event_loop_it_names_the_async_twin(self):
        async def wrong(function):
            function(Client())

        for function, async_name in ((sign_in, "asign_in"), (sign_out, "asign_out")):
            with pytest.raises(AsyncRequired, match=rf"await {async_name}\("):
                async_to_sync(wrong)(function)

    def test_signing_out_leaves_other_data_and_makes_no_session(self):
        client = sign_in(Client())
        session = client.session
        session["basket"] = [1]
        session.save()
        sign_out(client)
        sign_out(client)
        assert dict(client.session.items()).get("basket") == [1]
        assert "__session__" not in client.session
        stranger = Client()
        sign_out(stranger)
        assert not stranger.cookies

    def test_a_secure_cookie_is_sent_by_a_secure_request(self):
        with EDITORS, override_settings(SESSION_COOKIE_SECURE=True):
            client = sign_in(Client(), role="editor")
            assert client.get("/page/", secure=True).status_code == 200


STAFF = override_policy(
    roles={"editor": {"inherits": ["author"]}, "author": {}},
    protect=[{"pattern": "/page", "roles": ["guest", "editor"]}],
)


class OwnRoles(AccessPolicy):
    def get_roles(self, session):
        return [name.removeprefix("ldap-") for name in super().get_roles(session)]


class TestRolesThatNobodyKnows:
    """If roles are declared, an unknown role is an error. It is denied everywhere, which can hide a typo in a test."""

    @STAFF
    @pytest.mark.parametrize(
        "fields", [{"role": "editr"}, {"roles": ["author", "editr"]}, {"role": "editor", "roles": ("editr",)}]
    )
    def test_they_are_refused_with_the_nearest(self, fields):
        client = Client()
        with pytest.raises(
            ValueError, match=r'role "editr", .*\(did you mean "editor"\?\).*\{\.\.\., \'editr\': \{\}\}'
        ):
            sign_in(client, **fields)
        with pytest.raises(ValueError, match='did you mean "editor"'):
            async_to_sync(asign_in)(client, **fields)
        assert not client.cookies
        with pytest.raises(ValueError, match='did you mean "editor"'):
            assert_access("/page/", as_=fields, status=403)

    @STAFF
    def test_without_a_near_one_all_are_named(self):
        with pytest.raises(ValueError, match='allowed are "author", "editor", "guest"'):
            assert_access("/page/", as_="role=x", status=403)

    @STAFF
    @pytest.mark.parametrize("role", ["editor", "author", "guest"])
    def test_declared_ones_and_those_that_a_rule_asks_for_are_known(self, role):
        assert stored(sign_in(Client(), role=role))["role"] == role

    def test_those_that_a_view_asks_for_are_known(self, settings):
        settings.ROOT_URLCONF = ModuleType("desk_urls")
        settings.ROOT_URLCONF.urlpatterns = [path("desk/", require_role("clerk")(page))]
        with override_policy(roles={"boss": {}}):
            assert_access("/desk/", as_="role=clerk")
            with pytest.raises(ValueError, match='did you mean "clerk"'):
                assert_access("/desk/", as_="role=clrk")

    @STAFF
    def test_no_role_is_fine(self):
        assert_access("/page/", as_={}, status=403)

    def test_where_none_is_declared_all_are_fine(self):
        assert stored(sign_in(Client(), role="editr"))["role"] == "editr"

    @STAFF
    def test_a_policy_that_makes_others_of_them_is_believed(self):
        with override_policy(access_policy=OwnRoles):
            assert_access("/page/", as_="role=ldap-editor")


class Elsewhere(DjangoSessionSource):
    def read(self, request):
        return request.session.get("elsewhere")

    def write(self, request, data):
        request.session["elsewhere"] = data


@pytest.mark.django_db
class TestWithTheBridge:
    """``INSTALLED_APPS += ["django_sessionkit.contrib.auth.AuthBridge"]``: a session needs a login there."""

    @pytest.fixture(autouse=True)
    def project(self, settings):
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
        settings.SESSIONKIT_PROTECT = RULES

    @pytest.fixture
    def ann(self):
        user = User.objects.create_user("ann", email=f"{CANARY}@example.org")
        user.groups.add(Group.objects.create(name="editor"))
        return user

    ADVICE = r"AuthSource finds no session .* client\.force_login\(user\).* as_=user"

    def test_a_dict_alone_signs_nobody_in_and_says_so(self):
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            sign_in(Client(), role="editor")
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            assert_access("/page/", as_={"role": "editor"})
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            assert_access("/page/", as_="role=reader", status=302)

    def test_it_says_so_to_the_async_twins(self):
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            async_to_sync(asign_in)(AsyncClient(), role="editor")
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            async_to_sync(aassert_access)("/page/", as_="role=editor")

    def test_the_fixtures_say_so(self, sign_in):
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            sign_in(Client())

    def test_somebody_else_than_who_is_logged_in_is_nobody(self, ann):
        client = Client()
        client.force_login(ann)
        with pytest.raises(ReadOnlySource, match=self.ADVICE):
            sign_in(client, user_id="of nobody", role="editor")

    def test_a_user_is_logged_in(self, ann):
        assert_access("/page/", as_=ann)
        assert_access("/page/", as_=User.objects.create_user("bob"), status=403)
        assert_access("/page/", as_=AnonymousUser(), status=302)

    def test_a_user_is_logged_in_through_asgi(self, ann):
        bob = User.objects.create_user("bob")
        async_to_sync(aassert_access)("/page/", as_=ann)
        async_to_sync(aassert_access)("/page/", as_=bob, status=403)
        async_to_sync(aassert_access)("/page/", as_=AnonymousUser(), status=302)

    def test_a_user_who_is_not_active_is_nobody(self, ann):
        User.objects.update(is_active=False)
        ann.refresh_from_db()
        assert_access("/page/", as_=ann, status=302)

    def test_without_the_bridge_a_user_is_nobody_and_it_says_so(self, ann, settings):
        settings.INSTALLED_APPS = settings.INSTALLED_APPS[:-1]
        for ask in (assert_access, async_to_sync(aassert_access)):
            with pytest.raises(ReadOnlySource, match=r"DjangoSessionSource finds no session .* Install the bridge"):
                ask("/page/", as_=ann, status=302)

    def test_a_client_of_a_user_may_be_given_other_rights(self, ann):
        client = Client()
        client.force_login(ann)
        assert_access("/page/", as_=client, caller="page")
        assert sign_in(client, user_id=str(ann.pk), role="reader").get("/page/").status_code == 403

    def test_a_failure_names_no_user(self, ann):
        with pytest.raises(AssertionError, match="403 expected as this user, and it was 200") as caught:
            assert_access("/page/", as_=ann, status=403)
        assert CANARY not in str(caught.value)
        with pytest.raises(AssertionError, match="200 expected as anonymous, and it was 302"):
            assert_access("/page/", as_=AnonymousUser())

    def test_on_an_event_loop_it_names_the_async_twin(self, ann):
        async def wrong():
            assert_access("/page/", as_=ann)

        with pytest.raises(AsyncRequired, match=r"await aassert_access\("):
            async_to_sync(wrong)()


class TestOverridePolicy:
    def test_it_holds_for_the_block_and_nests(self):
        client = Client()
        with override_policy(global_protect=True):
            with override_policy(exclude=["/page"]):
                assert client.get("/page/").status_code == 200
            assert client.get("/page/").status_code == 401
        assert client.get("/page/").status_code == 200

    @override_policy(global_protect=True)
    def test_it_decorates_functions(self):
        assert not can_access("/page/")

    def test_it_decorates_async_functions(self):
        @override_policy(global_protect=True)
        async def ask():
            return await django_sessionkit.acan_access("/page/")

        assert async_to_sync(ask)() is False

    def test_it_decorates_test_classes(self):
        @override_policy(global_protect=True)
        class Case(SimpleTestCase):
            def test(self):
                assert not can_access("/page/")

        result = unittest.TestSuite([Case("test")]).run(unittest.TestResult())
        assert (result.testsRun, result.failures, result.errors) == (1, [], [])

    def test_an_unknown_name_is_refused_with_the_nearest(self):
        with pytest.raises(TypeError, match='unknown name "protekt"; did you mean "protect"'):
            override_policy(protekt=[])
        for name in ("SESSIONKIT_PROTECT", "PROTECT"):
            with pytest.raises(TypeError, match=f'unknown name "{name}"; did you mean "protect"'):
                override_policy(**{name: []})

    def test_a_policy_without_a_name_is_refused(self, sessionkit_policy):
        for override in (override_policy, sessionkit_policy):
            with pytest.raises(TypeError, match=r"takes settings by name, such as protect=\[\.\.\.\]"):
                override(RULES)

    def test_a_faulty_policy_is_refused_at_once_and_leaves_nothing_behind(self):
        with pytest.raises(ImproperlyConfigured, match='did you mean "role"'):
            override_policy(protect=[{"pattern": "/page", "rol": "x"}]).enable()
        assert Client().get("/page/").status_code == 200


@EDITORS
class TestAssertAccess(SimpleTestCase):
    def test_the_anonymous_are_sent_to_the_log_in_page(self):
        for who in (None, "anonymous"):
            assert assert_access("/page/", as_=who, status=302)["Location"] == "/login/?next=/page/"

    def test_a_session_is_given_as_fields_or_as_text(self):
        assert_access("/page/", as_={"role": "editor"})
        assert_access("/page/", as_="role=editor")
        assert_access("/page/", as_="role=reader,permission=x", status=403)
        assert_access("/page/", as_={}, status=403)

    def test_a_client_of_the_project_sends_what_it_sends(self):
        editor = sign_in(Client(), role="editor")
        assert_access("/page/", as_=editor)
        assert_access("/page/", as_=Client(), status=401)
        assert_access("/page/", as_=Client(), caller="page", status=302)

    def test_callers_are_answered_as_what_they_are(self):
        assert_access("/page/", caller="api", status=401)
        assert assert_access("/page/", caller="htmx", status=401)["HX-Redirect"].startswith("/login/")
        assert_access("/page/", headers={"accept": "application/json"}, status=401)

    def test_the_method_and_what_it_sends_reach_the_view(self):
        with override_policy(protect=[{"pattern": "/page", "methods": ["POST"], "role": "editor"}]):
            assert_access("/page/")
            assert_access("/page/", method="POST", status=403, as_="role=x")
            response = assert_access("/page/", method="POST", data={"a": "b"}, as_="role=editor")
        assert response.wsgi_request.POST["a"] == "b"

    def test_an_unknown_method_is_refused(self):
        with pytest.raises(ValueError, match='unknown method "get"; did you mean "GET"'):
            assert_access("/page/", method="get")

    async def test_the_name_of_a_url_is_refused(self):
        for name in ("page", "page/"):
            with pytest.raises(ValueError, match=rf'^"{name}" is no path, .* use reverse\(\)\.$'):
                assert_access(name, status=404)
            with pytest.raises(ValueError, match="is no path"):
                await aassert_access(name, status=404)
        await aassert_access("http://testserver/page/", status=302)

    async def test_fields_of_a_session_beside_as_are_refused(self):
        for fields in ({"role": "editor"}, {"roles": ["editor"]}, {"permission": "a"}, {"user_id": "7"}):
            with pytest.raises(TypeError, match=rf'Pass it in as_: as_={{"{next(iter(fields))}": \.\.\.}}\.$'):
                assert_access("/page/", status=302, **fields)
            with pytest.raises(TypeError, match="Pass it in as_"):
                await aassert_access("/page/", status=302, **fields)

    async def test_an_unknown_caller_is_refused(self):
        with pytest.raises(ValueError, match='unknown caller "browser"; allowed are "api", "htmx", "page"'):
            await aassert_access("/page/", caller="browser")
        with pytest.raises(ValueError, match=r'unknown caller "\[.*\]"; did you mean "page"'):
            assert_access("/page/", caller=["page"])

    async def test_what_is_nobody_is_refused(self):
        for who, kind in ((["editor"], "list"), (Client, "the class Client"), (User, "the class User"), (7, "int")):
            for ask in (async_to_sync(aassert_access), assert_access):
                with pytest.raises(TypeError, match=rf"as_ must be None, fields .*, not {kind}$"):
                    await sync_to_async(ask)("/page/", as_=who)

    async def test_each_takes_clients_of_its_kind(self):
        with pytest.raises(TypeError, match=r"as_ must be .*, an AsyncClient\), not Client$"):
            await aassert_access("/page/", as_=Client())
        with pytest.raises(TypeError, match=r"as_ must be .* or a Client .*, not AsyncClient$"):
            assert_access("/page/", as_=AsyncClient())

    def test_a_slip_in_the_text_is_refused(self):
        with pytest.raises(ValueError, match='did you mean "role"'):
            assert_access("/page/", as_="rol=editor")

    def test_a_failure_tells_who_asked_what_came_and_why(self):
        with pytest.raises(AssertionError) as caught:
            assert_access("/page/", as_={"role": "reader", "user_id": CANARY, "plan": CANARY})
        said = str(caught.value)
        assert said.startswith("200 expected as role='reader', and it was 403\n\nGET /page/\n")
        assert "pages  decides" in said
        assert 'needs the role "editor"' in said
        assert CANARY not in said

    def test_a_failure_is_about_the_session_of_the_client(self):
        editor = sign_in(Client(), role="editor")
        with pytest.raises(AssertionError, match=r"(?s)403 expected as this client, and it was 200.*granted   Role"):
            assert_access("/page/", as_=editor, status=403)

    def test_a_failure_names_callers_without_rights(self):
        with pytest.raises(AssertionError, match="as anonymous, and it was 302"):
            assert_access("/page/")
        with pytest.raises(AssertionError, match="as any session, and it was 403"):
            assert_access("/page/", as_={"plan": "x"})

    def test_a_page_that_leads_nowhere_is_told(self):
        with pytest.raises(AssertionError, match="200 expected as anonymous, and it was 404"):
            assert_access("/nowhere/")

    async def test_the_async_twin_goes_through_asgi(self):
        response = await aassert_access("/apage/", as_="role=x")
        assert response.asgi_request.META["SERVER_NAME"]
        await aassert_access("/page/", as_={"role": "editor"})
        await aassert_access("/page/", status=302)
        await aassert_access("/page/", as_=await asign_in(AsyncClient(), role="editor"))
        with pytest.raises(AssertionError, match=r"(?s)200 expected as role='x', and it was 403.*pages  decides"):
            await aassert_access("/page/", as_="role=x")


class TestAssertSurface:
    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "policy.json"
        with EDITORS:
            call_command("sessionkit_routes", snapshot=file, verbosity=0)
        return file

    @EDITORS
    def test_it_is_silent_while_nothing_has_changed(self, file):
        assert_surface(file)
        assert_surface(str(file))

    def test_a_door_that_has_opened_is_told_as_the_command_tells_it(self, file, capsys):
        rule = {"pattern": "/page", "roles": ["editor", "admin"]}
        with override_policy(protect=[rule]), pytest.raises(AssertionError) as caught:
            assert_surface(file)
        assert f"The policy differs from {file}." in str(caught.value)
        with override_policy(protect=[rule]), pytest.raises(SystemExit):
            run_from_shell("sessionkit_routes", "--snapshot", str(file), "--check")
        lines = capsys.readouterr().out.strip()
        assert "admin" in lines
        assert lines in str(caught.value)

    def test_an_opened_page_is_told(self, file):
        with (
            override_policy(protect=[]),
            pytest.raises(AssertionError, match=r"opened +/page/ +any +.*denied → allowed"),
        ):
            assert_surface(file)

    @pytest.mark.parametrize("content", [None, "{}", b"\xff"])
    def test_what_is_no_snapshot_is_refused_with_what_to_do(self, tmp_path, content):
        file = tmp_path / "policy.json"
        if content is not None:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(AssertionError, match=r"policy\.json.* again, run manage\.py sessionkit_routes"):
            assert_surface(file)

    @EDITORS
    def test_a_policy_that_nothing_enforces_is_no_surface(self, file):
        with override_settings(MIDDLEWARE=[]), pytest.raises(AssertionError, match="no URL rule is enforced"):
            assert_surface(file)


def run_from_shell(*arguments):
    execute_from_command_line(["manage.py", *arguments])


def test_use_session_is_the_one_of_the_root():
    assert testing.use_session is django_sessionkit.use_session


def test_all_names_exist():
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []
