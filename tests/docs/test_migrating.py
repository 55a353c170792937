"""The pages about migrating from other packages: no step may open a page further than before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from support.manual.callers import BROWSER
from support.manual.commands import commands
from support.manual.markdown import ROOT, Block
from support.manual.printing import printed
from support.manual.project import Project, Run

import django_sessionkit
from django_sessionkit import AccessDenied, has_permission, use_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import require_permission, require_role
from django_sessionkit.testing import assert_access, override_policy

pytest_plugins = ["support.manual.fixtures"]

CONTRIB_AUTH = "docs/how-to/migrate-contrib-auth.md"
ROLE_PERMISSIONS = "docs/how-to/migrate-role-permissions.md"
ADDRESSES = (("GET", "/account/"), ("GET", "/orders/"), ("POST", "/orders/refund/"))


@pytest.fixture
def steps(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a page block by block, compare the output of its commands, and yield each command."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield lambda name: commands_of(Project.of(ROOT / name, stack))


def commands_of(page: Project) -> Iterator[Block]:
    for block in page.blocks:
        page.run_block(block)
        if block.language == "console":
            ((_, _, *command),) = commands(block)
            _, _, shown = block.code.partition("\n")
            assert printed(command).rstrip() == shown.rstrip()
            yield block


def user(name: str, *codenames: str) -> User:
    found = User.objects.create_user(name, is_superuser=name == "root")
    kind, _ = ContentType.objects.get_or_create(app_label="shop", model="order")
    for codename in codenames:
        found.user_permissions.add(Permission.objects.get_or_create(codename=codename, content_type=kind)[0])
    return found


def answers(people: dict[str, User | None], addresses: Any = ADDRESSES) -> dict[tuple[str, str], int]:
    """Return the status that a browser gets, for each user and each address."""
    found = {}
    for name, who in people.items():
        client = Client(headers=BROWSER)
        if who is not None:
            client.force_login(who)
        for method, path in addresses:
            found[name, path] = client.generic(method, path).status_code
    return found


def test_contrib_auth(steps: Any) -> None:
    people = {"nobody": None, "ann": user("ann"), "clerk": user("clerk", "view_order")}
    people |= {"chief": user("chief", "view_order", "refund_order"), "root": user("root")}
    before, both, still, after = [answers(people) for _ in steps(CONTRIB_AUTH)]
    assert {who for who, status in before.items() if status == 200} == {
        *((name, "/account/") for name in people if name != "nobody"),
        *((name, "/orders/") for name in ("clerk", "chief", "root")),
        *((name, "/orders/refund/") for name in ("chief", "root")),
    }
    assert before["ann", "/orders/"] == 302
    assert both == still == after == {**before, ("ann", "/orders/"): 403}


def test_what_differs_from_contrib_auth(run: Run) -> None:
    page = run(CONTRIB_AUTH)
    clerk, root = user("clerk", "view_order"), user("root")
    client = Client(headers=BROWSER)
    client.force_login(clerk)
    clerk.user_permissions.clear()
    assert client.get("/orders/").status_code == 200  # as of the login
    client.force_login(User.objects.get(username="clerk"))
    assert client.get("/orders/").status_code == 403
    account = page.module("shop.views").account
    page.route(any=require_permission("shop.any")(account), desk=require_role("editor")(account))
    client.force_login(root)
    assert root.has_perm("shop.any")
    assert client.get("/any/").status_code == 200
    assert client.get("/desk/").status_code == 403


@pytest.mark.skipif(not find_spec("rolepermissions"), reason="needs django-role-permissions")
class TestRolePermissions:
    ADDRESSES = (("GET", "/ward/"), ("GET", "/record/"))
    OPEN = {"nurse": ["/ward/"], "novice": ["/ward/"], "doctor": ["/ward/", "/record/"], "root": ["/ward/", "/record/"]}

    def people(self) -> dict[str, User | None]:
        """The novice is a doctor who may not write, nurses are nurses, and ann is a patient."""
        roles = {"ann": (), "nurse": ("nurse",), "doctor": ("doctor",), "novice": ("doctor",), "root": ()}
        found = {name: user(name) for name in roles}
        for name, given in roles.items():
            for role in given:
                import_module("rolepermissions.roles").assign_role(found[name], role)
        import_module("rolepermissions.permissions").revoke_permission(found["novice"], "write_record")
        return {"nobody": None, **found}

    def test_steps(self, steps: Any) -> None:
        run = steps(ROLE_PERMISSIONS)
        next(run)
        people = self.people()
        before, both, still, after = [answers(people, self.ADDRESSES) for _ in chain([None], run)]
        opened = {(name, path) for name, paths in self.OPEN.items() for path in paths}
        assert {who for who, status in before.items() if status == 200} == opened
        assert before["nobody", "/ward/"] == 403
        visitor = {("nobody", path): 302 for _, path in self.ADDRESSES}
        assert both == still == after == {**before, **visitor}

    def test_the_map_of_the_settings(self, run: Run) -> None:
        page = run(ROLE_PERMISSIONS)
        people = self.people()
        convert = page.module("clinic.convert")
        roles = convert.session_roles()
        assert roles == {
            "doctor": {"permissions": ["read_record", "write_record"]},
            "nurse": {"permissions": ["read_record"]},
        }
        assert list(convert.who_differs()) == [people["novice"].pk]
        with override_policy(roles=roles), use_session({"user_id": "7", "role": "nurse"}):
            assert (has_permission("read_record"), has_permission("write_record")) == (True, False)

    def test_a_subclass_has_not_the_role_of_its_parent(self, run: Run) -> None:
        """This is why the role map has no ``inherits``."""
        roles = import_module("rolepermissions.roles")
        doctor = run(ROLE_PERMISSIONS).module("clinic.roles").Doctor
        surgeon = type("Surgeon", (doctor,), {"__module__": "clinic.roles"})
        try:
            ann = user("ann")
            roles.assign_role(ann, surgeon)
            assert not import_module("rolepermissions.checkers").has_role(ann, doctor)
        finally:
            del roles.registered_roles["surgeon"]


def test_object_checkers(run: Run) -> None:
    chart = run(ROLE_PERMISSIONS).module("clinic.patients").chart
    patient = {"treated_by": ["7"], "chart": "of ann"}
    for session in ({"user_id": "7", "role": "doctor"}, {"user_id": "1", "role": "superuser"}):
        with use_session(session):
            assert chart(patient) == "of ann"
    for session in ({"user_id": "7", "role": "nurse"}, {"user_id": "8", "role": "doctor"}):
        with use_session(session), pytest.raises(AccessDenied):
            chart(patient)


class TestJavascript:
    PAGE = "docs/how-to/migrate-javascript.md"

    def test_the_table_holds(self, run: Run) -> None:
        page = run(self.PAGE)
        page.module("shop.test_policy").test_as_on_the_old_site()
        denied = Client(headers=BROWSER).get("/premium/")
        assert denied["Location"] == "/login/?next=/premium/"

    def test_a_rule_looks_at_both_fields(self, run: Run) -> None:
        run(self.PAGE)
        assert_access("/backoffice/", as_={"role": "user", "roles": ["admin"]}, status=200)

    def test_every_name_exists(self) -> None:
        lines = (ROOT / self.PAGE).read_text(encoding="utf-8").partition("## Translate the rules")[0].splitlines()
        here = "\n".join(line.split("|")[2] for line in lines if line.count("|") == 3)
        names = set(re.findall(r"`([a-z]+_[a-z_]+)\b", here)) - {"user_id", "django_sessionkit", "sessionkit_explain"}
        known = {*dir(django_sessionkit), *dir(AccessPolicy)}
        assert len(names) > 10
        assert names - known == set()
