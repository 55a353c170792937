"""The GraphQL API of the example site, through real servers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.visitors import send, signed_in

ENDPOINT, PAGE = "/graphql/", "/graphql/try/"
TITLES = "{ articles { title summary } }"
BODIES = "{ articles { title body } }"
AUTHORS = "{ articles { author { name email } } }"


def ask(client: httpx.Client, query: str) -> dict[str, Any]:
    client.get(PAGE)
    headers = {"X-CSRFToken": client.cookies["csrftoken"]}
    answer = client.post(ENDPOINT, json={"query": query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", [])}


def change(pk: str, summary: str = "As before.") -> str:
    return f'mutation {{ changeSummary(id: "{pk}", summary: "{summary}") {{ summary }} }}'


@pytest.mark.parametrize(
    ("name", "titles", "bodies", "authors", "mutation"),
    [
        ("", set(), {"UNAUTHENTICATED"}, {"UNAUTHENTICATED"}, {"UNAUTHENTICATED"}),
        ("suspended", set(), {"FORBIDDEN"}, {"FORBIDDEN"}, {"FORBIDDEN"}),
        ("reader", set(), set(), {"FORBIDDEN"}, {"FORBIDDEN"}),
        ("editor", set(), set(), set(), set()),
        ("admin", set(), set(), set(), set()),
    ],
)
def test_each_field_has_its_own_requirement(
    url: str, name: str, titles: set[str], bodies: set[str], authors: set[str], mutation: set[str]
) -> None:
    with signed_in(url, name) as client:
        found = [codes(ask(client, query)) for query in (TITLES, BODIES, AUTHORS, change("0"))]
        articles = ask(client, BODIES)["data"]["articles"]
    assert found == [titles, bodies, authors, mutation]
    assert {bool(one["body"]) for one in articles} == {not bodies}
    assert len(articles) >= 4


def test_a_summary_is_changed_by_those_who_may_edit_the_article(url: str) -> None:
    stories = "{ articles { id summary author { name } } }"
    with signed_in(url, "editor") as editor, signed_in(url, "admin") as admin:
        found = {one["author"]["name"]: one for one in ask(editor, stories)["data"]["articles"]}
        own, other = found["Edda Editor"], found["Ada Admin"]
        before = own["summary"]
        assert ask(editor, change(own["id"], "New.")) == {"data": {"changeSummary": {"summary": "New."}}}
        assert codes(ask(editor, change(other["id"]))) == {"FORBIDDEN"}
        assert codes(ask(editor, change(own["id"], ""))) == {"INVALID"}
        assert codes(ask(admin, change(own["id"], before))) == set()
        after = {one["id"]: one["summary"] for one in ask(admin, stories)["data"]["articles"]}
    assert (after[own["id"]], after[other["id"]]) == (before, other["summary"])


def test_a_post_needs_the_csrf_token_and_a_get_changes_nothing(url: str) -> None:
    with signed_in(url, "editor") as client:
        assert client.post(ENDPOINT, json={"query": TITLES}).status_code == 403
        assert client.get(ENDPOINT, params={"query": TITLES}).status_code == 200
        assert client.get(ENDPOINT, params={"query": change("1")}).status_code == 400
        assert send(client, PAGE, {"query": TITLES}, to=ENDPOINT).status_code == 400  # a form is no query


def test_in_production_nobody_reads_the_schema_and_long_queries_are_refused(url: str) -> None:
    with signed_in(url, "admin") as client:
        schema = ask(client, "{ __schema { types { name } } }")
        long = ask(client, "{" + " ".join(f"a{n}: articles {{ id }}" for n in range(200)) + "}")
    assert schema["data"] is None
    assert long["data"] is None


def test_an_answer_with_a_protected_field_is_kept_by_no_shared_cache(url: str) -> None:
    with signed_in(url, "reader") as client:
        answers = [client.get(ENDPOINT, params={"query": query}) for query in (TITLES, BODIES)]
    assert ["cookie" in answer.headers.get("Vary", "").lower() for answer in answers] == [False, True]
