"""The tests of the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import AsyncClient, Client, SimpleTestCase

from django_sessionkit import use_session
from django_sessionkit.explanation.report import (
    Explanation,
    PathCheck,
    RequirementCheck,
    RequirementResult,
    RuleResult,
)
from django_sessionkit.guard.denial_choice import DenialResponse
from django_sessionkit.matrix import policy_matrix
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


@override_policy(global_protect=True, protect=[])
class PolicyTests(SimpleTestCase):
    def test_surface(self) -> None:
        assert_surface(Path("policy.json"))
        assert policy_matrix()

    def test_access(self) -> None:
        assert_access("/reports/2026/", as_={"role": "editor"})
        assert_access("/reports/2026/", as_="role=author", status=403, method="POST", caller="api", data={"a": 1})
        client = sign_in(Client(), role="editor", roles=["a"], permissions=["p"], plan="free")
        response = assert_access("/", as_=client)
        self.assertContains(response, "editor")
        sign_out(client)

    @use_session({"user_id": "1"})
    async def test_async(self) -> None:
        client = await asign_in(AsyncClient(), role="editor")
        await aassert_access("/", as_=client, status=302)
        await asign_out(client)


def test_fixtures(sign_in: Callable[..., Any], sessionkit_policy: Callable[..., None], client: Client) -> None:
    sessionkit_policy(global_protect=True)
    sign_in(client, role="editor")


def answer(explanation: Explanation) -> int:
    response: DenialResponse | None = explanation.answer
    return response.status if response is not None else 200


def steps(explanation: Explanation) -> tuple[list[PathCheck], list[RuleResult], list[RequirementResult]]:
    paths = [*explanation.readings]
    checks: tuple[RequirementCheck, ...] = explanation.view_requirements
    return paths, [rule for one in paths for rule in one.tried], [one.requirement for one in checks]
