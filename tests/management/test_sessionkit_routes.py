"""``manage.py sessionkit_routes``: its output, its snapshots, and its exit status."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import include, path, register_converter
from django.views.decorators.http import require_GET, require_POST
from testsite import views

from django_sessionkit.decorators import require_role
from django_sessionkit.matrix import policy_matrix
from django_sessionkit.matrix.principals import parse_principal
from django_sessionkit.matrix.snapshots import BadSnapshot, diff, dumps, loads
from django_sessionkit.matrix.table import as_table


class Urls:
    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def page(request, *args, **kwargs):
    raise AssertionError("a view was run")


RULES = [
    {"pattern": "/shut/**", "role": "editor", "name": "shut"},
    {"pattern": "/users/admin", "role": "admin", "name": "users"},
    {"pattern": "/posts", "methods": ["POST"], "permission": "posts:write"},
]
URLS = Urls(
    path("", page, name="home"),
    path("shut/<int:pk>/", require_role("editor")(page), name="shut"),
    path("users/<slug:name>/", page),
    path("posts/", page),
)


@pytest.fixture(autouse=True)
def site():
    with override_settings(ROOT_URLCONF=URLS, SESSIONKIT_PROTECT=RULES, SESSIONKIT_EXCLUDE=["/"]):
        yield


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("sessionkit_routes", *arguments, stdout=out, stderr=err, **options)
    return out.getvalue()


TABLE = """\
ROUTE                METHODS  DECIDED BY                    anonymous  any session  admin    editor
/                    any      SESSIONKIT_EXCLUDE            yes        yes          yes      yes
/shut/<int:pk>/      any      shut + view: Role('editor')   no         no           no       yes
/users/<slug:name>/  any      unprotected + users           depends    depends      yes      depends
/posts/              GET      unprotected                   yes        yes          yes      yes
/posts/              POST     SESSIONKIT_PROTECT[2]         no         no           no       no

What it depends on:
  /users/<slug:name>/ any
    for anonymous: allowed on /users/x/; denied on /users/admin/ (users: needs a session)
  /users/<slug:name>/ any
    for any session, editor: allowed on /users/x/; denied on /users/admin/ (users: needs the role "admin")

4 routes, 2 unprotected.
"""


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_table_is_aligned_and_plain():
    printed = run()
    assert squeezed(printed) == squeezed(TABLE)
    columns = {line.index(line.split()[1]) for line in printed.splitlines()[:6]}
    assert len(columns) == 1
    assert "\x1b" not in printed


def test_in_a_terminal_outcomes_are_coloured_and_stay_aligned():
    coloured = run(force_color=True)
    assert "\x1b" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).replace(" \n", "\n").split() == run().split()


def test_a_table_of_your_own_needs_no_colours():
    assert list(as_table(policy_matrix())) == run().splitlines()


def test_one_caller_may_be_asked_about_or_several():
    first = run("--as", "role=editor,permission=posts:write", "--as", "anonymous").splitlines()
    assert first[0].endswith("role=editor,permission=posts:write  anonymous")
    assert first[5].split()[-2:] == ["yes", "no"]


@pytest.mark.parametrize("text", ["editor", "role=", "user_id="])
def test_a_caller_that_is_none_is_refused(text):
    with pytest.raises(CommandError, match="--as"):
        run("--as", text)


def test_json_has_everything_and_says_its_version():
    data = json.loads(run("--format", "json"))
    assert (data["version"], data["callers"]) == (1, ["anonymous", "any session", "admin", "editor"])
    assert data["routes"][1] == {
        "route": "/shut/<int:pk>/",
        "name": "shut",
        "view": f"{__name__}.page",
        "methods": None,
        "deciders": ["shut", "view: Role('editor')"],
        "unprotected": False,
        "outcomes": {
            "anonymous": {"outcome": "denied", "why": "shut: needs a session"},
            "any session": {"outcome": "denied", "why": 'shut: needs the role "editor"'},
            "admin": {"outcome": "denied", "why": 'shut: needs the role "editor"'},
            "editor": {"outcome": "allowed", "why": ""},
        },
    }
    assert (data["routes"][2]["name"], data["routes"][3]["methods"]) == ("", ["GET"])
    assert [route["unprotected"] for route in data["routes"]] == [False, False, True, True, False]


def test_markdown_is_a_table_whose_cells_cannot_break_it():
    odd = Urls(path("a|b`c/<int:pk>/", page))
    with override_settings(ROOT_URLCONF=odd):
        lines = run("--format", "md").splitlines()
    assert lines[0] == "| Route | Methods | Decided by | `anonymous` | `any session` | `admin` | `editor` |"
    assert lines[2] == "| `` /a\\|b`c/<int:pk>/ `` | any | `unprotected` | yes | yes | yes | yes |"
    assert "| `/shut/<int:pk>/` |" in run("--format", "md")


class Outline(HTMLParser):
    """Collects the tags and attributes of a page, and checks that every tag is closed."""

    VOID = {"meta", "input", "link", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_takes_nothing_from_elsewhere():
    text = run("--format", "html")
    outline = Outline(text)
    attributes = [name for _, found in outline.seen for name in found]
    assert not {"src", "href", "style", "onclick", "oninput"} & set(attributes)
    assert "http" not in text.replace("http-equiv", "")
    tags = [tag for tag, _ in outline.seen]
    assert tags.count("details") == tags.count("summary") == 5
    assert tags.count("td") == 5 * (1 + 4)


def test_the_page_says_outcomes_by_sign_and_word_and_gives_the_reasons():
    text = run("--format", "html")
    assert (
        '<td role="cell" class="sk-cell sk-denied"><span aria-hidden="true">✕</span> <span class="sk-word">no</span>'
        in text
    )
    assert "needs the role &quot;editor&quot;" in text
    assert text.count('class="sk-flag"') == 2


def test_the_page_escapes_what_a_project_names():
    rule = {"pattern": "/x", "role": "<script>alert(1)</script>", "name": "<b>bold</b>"}
    with override_settings(ROOT_URLCONF=Urls(path("x/", page)), SESSIONKIT_PROTECT=[rule]):
        text = run("--format", "html")
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert "&lt;b&gt;bold" in text


def test_a_snapshot_is_written_and_compared(tmp_path):
    file = tmp_path / "policy.json"
    assert run("--snapshot", file) == f"5 lines written to {file}.\n"
    assert run("--snapshot", file, "--check") == f"The policy matches {file}.\n"
    lines = file.read_text().splitlines()
    assert (
        lines[5]
        .strip()
        .startswith('{"route": "/shut/<int:pk>/", "methods": ["any"], "outcomes": {"anonymous": "denied"')
    )
    assert len(lines) == 5 + 4 + 2


@pytest.mark.parametrize("kind", [str, Path])
def test_the_file_may_be_named_from_python_too(tmp_path, kind):
    file = tmp_path / "policy.json"
    run(snapshot=kind(file), callers="anonymous", fail_on="dead")
    assert json.loads(file.read_text())["callers"] == ["anonymous"]
    assert run(snapshot=kind(file), callers=["anonymous"], check=True) == f"The policy matches {file}.\n"


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        run(snapshot=str(tmp_path / "nowhere" / "policy.json"))


def compared(tmp_path, *patterns, **settings):
    file = tmp_path / "policy.json"
    run("--snapshot", file)
    out = io.StringIO()
    changed = override_settings(ROOT_URLCONF=Urls(*patterns) if patterns else URLS, **settings)
    with changed, pytest.raises(CommandError, match=r"differs from .*policy") as caught:
        call_command("sessionkit_routes", "--snapshot", file, "--check", stdout=out)
    assert caught.value.returncode == 1
    return squeezed(out.getvalue())


def test_a_rule_that_is_loosened_shows_what_opened(tmp_path):
    rules = [{**RULES[0], "role": "admin"}, *RULES[1:]]
    urls = [*URLS.urlpatterns[:1], path("shut/<int:pk>/", page), *URLS.urlpatterns[2:]]
    assert compared(tmp_path, *urls, SESSIONKIT_PROTECT=rules, SESSIONKIT_ROLES={"editor": {}}) == [
        "opened /shut/<int:pk>/ any admin: denied → allowed",
        "closed /shut/<int:pk>/ any editor: allowed → denied",
    ]


def test_a_rule_for_some_verbs_only_is_told_for_those(tmp_path):
    rules = [*RULES, {"pattern": "/", "methods": ["POST"], "deny": True}]
    assert compared(tmp_path, SESSIONKIT_PROTECT=rules) == [
        "closed / POST anonymous, any session, admin, editor: allowed → denied"
    ]


def test_a_new_route_and_one_that_is_gone_are_told(tmp_path):
    found = compared(tmp_path, *URLS.urlpatterns[:3], path("new/", page))
    assert found[0] == "new /new/ any allowed: anonymous, any session, admin, editor"
    assert found[1:] == [
        "gone /posts/ GET allowed: anonymous, any session, admin, editor",
        "gone /posts/ POST denied: anonymous, any session, admin, editor",
    ]


def test_a_role_that_comes_or_goes_is_told(tmp_path):
    found = compared(tmp_path, SESSIONKIT_PROTECT=[RULES[0], {**RULES[1], "role": "chief"}, RULES[2]])
    assert found == ["new caller chief", "gone caller admin"]


def test_verbs_that_a_view_answers_no_more_are_told():
    with override_settings(ROOT_URLCONF=Urls(path("a/", page))):
        matrix = policy_matrix([parse_principal("anonymous")])
    before = loads(dumps(matrix).replace('"any"', '"GET"'))
    assert [change[:3] for change in diff(before, matrix)] == []
    before = loads(dumps(matrix))
    line = matrix.lines[0]._replace(methods="GET HEAD")
    assert [change[:3] for change in diff(before, matrix._replace(lines=(line,)))] == []
    before = loads(dumps(matrix._replace(lines=(line._replace(methods="GET POST"),))))
    assert [change[:3] for change in diff(before, matrix._replace(lines=(line,)))] == [
        ("new", "/a/", "HEAD"),
        ("gone", "/a/", "POST"),
    ]


def test_routes_of_the_same_text_are_kept_apart(tmp_path):
    with override_settings(ROOT_URLCONF=Urls(path("a/", page), path("a/", views.page))):
        text = dumps(policy_matrix())
    assert list(loads(text)) == [("/a/", 1), ("/a/", 2)]
    assert diff(loads(text), policy_matrix())[0][:3] == ("new", "/", "any")


HIDING = {
    "a verb at the end": ([path("reports", page), path("reports any", page)], [path("reports", page)]),
    "two verbs at the end": ([path("a POST", page), path("a", page)], [path("a", page)]),
    "verbs of a view": ([path("a GET", require_POST(page)), path("a", page)], [path("a", page)]),
    "the number of a double": ([path("a/ #2", page), path("a/", page), path("a/", page)], [path("a/", page)] * 2),
    "a quote": ([path('a", "methods": ["any"]', page), path("a", page)], [path("a", page)]),
}


@pytest.mark.parametrize("name", HIDING)
def test_no_text_of_a_route_hides_a_new_one(name):
    now, before = HIDING[name]
    with override_settings(ROOT_URLCONF=Urls(*before), SESSIONKIT_EXCLUDE=[]):
        text = dumps(policy_matrix())
    with override_settings(ROOT_URLCONF=Urls(*now), SESSIONKIT_EXCLUDE=[]):
        matrix = policy_matrix()
    assert [change.kind for change in diff(loads(text), matrix)] == ["new"]
    assert diff(loads(dumps(matrix)), matrix) == []


def test_a_door_that_opens_is_told_beside_another_route_of_the_same_text():
    urls = Urls(path("a/", require_GET(page)), path("a/", page))
    rules = [{"pattern": "/a", "role": "editor"}]
    with override_settings(ROOT_URLCONF=urls, SESSIONKIT_PROTECT=rules):
        before = loads(dumps(policy_matrix()))
    with override_settings(ROOT_URLCONF=urls, SESSIONKIT_PROTECT=[{**rules[0], "methods": ["GET"]}]):
        found = diff(before, policy_matrix())
    assert ("opened", "/a/ #2") in [(change.kind, change.route) for change in found]


def test_a_snapshot_of_before_is_refused_with_the_reason(tmp_path):
    file = tmp_path / "policy.json"
    file.write_text('{"version": 1, "callers": ["anonymous"], "routes": {"/ any": {"anonymous": "allowed"}}}')
    with pytest.raises(CommandError, match="it has version 1, but this release reads version 2"):
        run("--snapshot", file, "--check")


def test_a_file_that_says_two_things_of_one_route_is_refused():
    row = '{"route": "/", "methods": ["any"], "outcomes": {"anonymous": "%s"}}'
    with pytest.raises(BadSnapshot, match="any of / twice"):
        loads(f'{{"version": 2, "routes": [{row % "denied"}, {row % "allowed"}]}}')


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 99, "routes": {}}',
        '{"version": 2, "routes": [[]]}',
        "\x80",
        '{"version": 2, "routes": {"/ any": {"a": "denied"}}}',
        '{"version": 2, "routes": [{"route": "/", "methods": ["any"], "outcomes": {"a": "b"}}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_snapshot_is_refused_with_the_way_out(tmp_path, content):
    file = tmp_path / "policy.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(CommandError, match="leave out --check"):
        run("--snapshot", file, "--check")


def test_an_outcome_that_does_not_exist_is_no_snapshot():
    with pytest.raises(BadSnapshot, match='unknown outcome "b"'):
        loads('{"version": 2, "routes": [{"route": "/", "methods": ["any"], "outcomes": {"a": "b"}}]}')


def test_a_missing_file_is_told():
    with pytest.raises(CommandError, match="FileNotFoundError"):
        run("--snapshot", "/nowhere/policy.json", "--check")
    with pytest.raises(CommandError, match="--check needs a file"):
        run("--check")


def test_unprotected_routes_fail_if_asked(tmp_path):
    with pytest.raises(CommandError, match="2 to fix") as caught:
        run("--fail-on", "unprotected")
    assert "/posts/ GET (" in str(caught.value)
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
        run("--fail-on", "unprotected")


def test_dead_and_shadowed_rules_fail_if_asked():
    run("--fail-on", "dead", "--fail-on", "shadowed")
    rules = [
        *RULES,
        {"pattern": "/nowhere", "role": "a", "name": "lost"},
        {"pattern": "/shut/1", "role": "b", "name": "late"},
    ]
    with override_settings(SESSIONKIT_PROTECT=rules):
        with pytest.raises(CommandError, match="1 to fix:\n  lost: "):
            run("--fail-on", "dead")
        with pytest.raises(CommandError, match="1 to fix:\n  late: "):
            run("--fail-on", "shadowed")
        with pytest.raises(CommandError, match="4 to fix"):
            run("--fail-on", "dead", "--fail-on", "shadowed", "--fail-on", "unprotected")


def test_a_fault_in_the_settings_ends_it():
    with (
        override_settings(SESSIONKIT_PROTECT=[{"pattern": "/a", "rol": "x"}]),
        pytest.raises(CommandError, match="role"),
    ):
        run()


def test_without_the_middleware_it_says_that_nothing_is_enforced():
    err = io.StringIO()
    with override_settings(MIDDLEWARE=[]):
        call_command("sessionkit_routes", stdout=io.StringIO(), stderr=err)
    assert "no URL rule is enforced" in err.getvalue()


def test_long_work_shows_its_progress_to_whoever_watches():
    many = Urls(*(path(f"a{number}/", page) for number in range(600)))
    watched, unwatched = Terminal(), io.StringIO()
    with override_settings(ROOT_URLCONF=many):
        call_command("sessionkit_routes", stdout=io.StringIO(), stderr=watched)
        call_command("sessionkit_routes", stdout=io.StringIO(), stderr=unwatched)
    assert "500 of 600 routes" in watched.getvalue()
    assert unwatched.getvalue() == ""


def test_no_view_runs_and_no_query_is_made(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        run()


@dataclass
class Page:
    """A view with ``__eq__``, which makes it unhashable."""

    name: str

    def __call__(self, request):
        raise AssertionError("a view was run")


class OneWay:
    regex = "[a-z]+"

    def to_python(self, value):
        return value


register_converter(OneWay, "readonly")


def test_what_django_serves_is_listed():
    """Unhashable views, converters without a working ``to_url()``, and a URLconf that includes itself."""
    odd = Urls(path("shut/", Page("shut")), path("open/<readonly:name>/", Page("open")))
    odd.urlpatterns.append(path("sub/", include(odd)))
    with override_settings(ROOT_URLCONF=odd):
        for format_ in ("table", "json", "md", "html"):
            listed = run(format=format_).replace("\\", "")
            assert "shut/" in listed
            assert "sub/**/open/" in listed
