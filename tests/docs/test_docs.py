"""README and manual: every code block works, every name exists, every link has a target.

The claims of each page are tested in support.manual/test_pages.py.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal
from django.template import Library
from django.utils.module_loading import import_string
from support.manual.commands import commands
from support.manual.markdown import DOCS, ROOT, anchors, blocks, links, name_of, pages, prose
from support.manual.project import Project

import django_sessionkit
from django_sessionkit import checks, conf
from django_sessionkit.checks.settings import SETTING_IDS
from django_sessionkit.conf.limits import DEFAULT_LIMITS
from django_sessionkit.policy import decisions, rule_parser
from django_sessionkit.utils import verbs
from django_sessionkit.utils.near_names import TAGS as WRONG_TAGS

pytest_plugins = ["support.manual.fixtures"]

TUTORIAL = DOCS / "tutorial.md"  # is run in support.manual/test_pages.py
PAGES = pytest.mark.parametrize("page", pages(), ids=name_of)
TICKS = "`" * 3
CI = ROOT / ".ci" / "run"


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")


def whole_reference() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md")))


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of all tables, without back-ticks."""
    rows = [line.strip("| ").split("|") for line in text.replace(r"\|", "/").splitlines() if line.startswith("| ")]
    return [[cell.replace("`", "").strip() for cell in row] for row in rows]


# Blocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in pages() if page != TUTORIAL], ids=name_of)
def test_every_block_runs(page: Path, run: Callable[[str], Project]) -> None:
    fences = page.read_text(encoding="utf-8").count(f"\n{TICKS}")
    assert len(run(name_of(page)).blocks) == fences / 2


WRONG = [
    ("python", '# settings.py\nSESSIONKIT_PROTECT = [{"pattern": "/a", "rol": "x"}]', 'did you mean "role"'),
    ("python", "# settings.py\nSESSIONKIT_PROTEKT = []", "SESSIONKIT_PROTECT"),
    ("python", "# settings.py\nMIDDLEWARE = MIDDLEWARE[::-1]", "is above SessionMiddleware"),
    ("python", "from django_sessionkit import Role\nRole()", "needs at least one name"),
    ("python", "def", "invalid syntax"),
    ("python", "# shop/views.py\nfrom django_sessionkit import has_rolle", "has_rolle"),
    ("python", "# json.py\nloads = None", "would hide a real module"),
    ("pycon", ">>> 1 + 1\n3", "page.md:2"),
    ("pycon", "1 + 1", "no example"),
    ("html+django", '{% load sessionkit %}{% if_has_rolle "a" %}{% endif_has_rolle %}', "if_has_rolle"),
    ("html+django", '{% load sessionkit %}{% if_has_role "a" %}', "Unclosed tag"),
    ("html+django", "{% url 'nowhere' %}", "nowhere"),
    ("console", "$ python manage.py no_such_command", "no_such_command"),
    ("console", "$ python example_project/manage.py no_such_command", "no_such_command"),
    ("console", "only output", "no command"),
    ("sh", "rm -rf .", "unknown program rm"),
    ("sh", "pip install --group no-such-group", "no-such-group"),
    ("json", '{"a": }', "Expecting value"),
    ("http", "Content-Type: text/plain", "not an HTTP response"),
    ("http", "HTTP/1.1 200 OK\nContent-Type: application/json\n\nno", "Expecting value"),
    ("js", "fetch(", "not closed"),
    ("text", "no code says this", "no code says this"),
    ("cobol", "DISPLAY 1.", "no runner"),
]


@pytest.mark.parametrize(("language", "code", "complaint"), WRONG)
def test_a_wrong_block_is_noticed(language: str, code: str, complaint: str) -> None:
    with ExitStack() as stack:
        page = Project(f"{TICKS}{language}\n{code}\n{TICKS}\n", "page.md", stack)
        with pytest.raises(Exception, match=re.escape(complaint)):
            page.run()


def test_a_block_that_should_fail_and_does_not_is_noticed() -> None:
    with ExitStack() as stack, pytest.raises(AssertionError, match=r"page\.md:3: should fail"):
        Project(f"<!-- fails -->\n{TICKS}python\n1\n{TICKS}\n", "page.md", stack).run()


def test_a_message_that_the_code_does_not_give_is_noticed() -> None:
    text = f"<!-- fails -->\n{TICKS}python\nint('a')\n{TICKS}\n\n{TICKS}text\nanother message\n{TICKS}\n"
    with ExitStack() as stack, pytest.raises(AssertionError, match="another message"):
        Project(text, "page.md", stack).run()


# The two commands of the README ---------------------------------------------------------------------------------------


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [block.code.strip() for block in blocks(text, "README.md") if block.language == "sh"]


def test_readme_begins_with_two_sentences_and_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    intro = text.split("\n\n")[1]
    assert len(re.findall(r"\.(?:\s|$)", intro)) == 2
    assert len(readme_commands()) == 2
    assert not any("\n" in command for command in readme_commands())
    assert text.index(readme_commands()[1]) < text.index("## ")


@pytest.mark.skipif(not CI.exists(), reason="an sdist has no .ci folder")
def test_ci_finds_the_test_command_of_the_readme() -> None:
    """CI takes the one line in a code block that ends with bin/pytest."""
    assert "bin\\/pytest$/' README.md" in CI.read_text(encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for block in blocks(text, "README.md") for line in block.code.splitlines()]
    assert [line for line in lines if line.endswith("bin/pytest")] == readme_commands()[1:]


def test_each_readme_command_sets_up_everything() -> None:
    for block in blocks((ROOT / "README.md").read_text(encoding="utf-8"), "README.md"):
        if block.language == "sh":
            make, install, use = commands(block)
            assert make == ["python3", "-m", "venv", "--upgrade-deps", ".venv"]
            assert install[:4] == [".venv/bin/pip", "install", "-q", "--group"]
            assert install[5:] == ["."]
            assert use[0].startswith(".venv/bin/")


# Completeness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", conf.DEFAULTS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    section = reference("settings").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    shown = re.search(r"^Default: `(.+)`$", section, re.MULTILINE)
    assert shown, f"{name} has no default"
    assert as_object(ast.literal_eval(shown[1])) == as_object(conf.DEFAULTS[name])
    assert "Errors: " in section


def as_object(value: Any) -> Any:
    return import_string(value) if isinstance(value, str) and "." in value else value


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = set(re.findall(r"\bSESSIONKIT_[A-Z_]+[A-Z]\b", "\n".join(page.read_text("utf-8") for page in pages())))
    assert named - set(conf.DEFAULTS) == set()


def test_every_public_name_is_documented() -> None:
    missing = [name for name in django_sessionkit.__all__ if not is_documented(f"django_sessionkit.{name}")]
    assert missing == []


MODULES = [
    "decorators",
    "mixins",
    "exceptions",
    "signals",
    "sources",
    "middleware",
    "context_processors",
    "testing",
    "types",
]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_module_is_documented(module: str) -> None:
    found = import_module(f"django_sessionkit.{module}")
    names = {name for name, value in vars(found).items() if is_public(name, value, found.__name__)}
    assert names
    wanted = names - set(django_sessionkit.__all__)
    assert {name for name in wanted if not is_documented(f"{found.__name__}.{name}")} == set()


def is_public(name: str, value: object, module: str) -> bool:
    if name.startswith("_"):
        return False
    if isinstance(value, Signal):
        return True
    return (inspect.isclass(value) or inspect.isfunction(value)) and f"{value.__module__}.".startswith(f"{module}.")


def is_documented(name: str) -> bool:
    directive = rf"^\.\. (?:auto\w+|py:data):: {re.escape(name)}$"
    return re.search(directive, whole_reference(), re.MULTILINE) is not None


def test_every_check_is_documented_with_what_to_do() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py"))
    ids = set(re.findall(r'"(sessionkit\.[EWI]\d{3})"', source))
    rows = {row[0]: row[1:] for row in table_rows(reference("checks")) if row[0].startswith("sessionkit.")}
    assert set(rows) == ids
    assert all(len(row) == 2 and all(row) for row in rows.values())


def test_each_settings_check_is_documented_for_its_setting() -> None:
    rows = {row[0]: row[1] for row in table_rows(reference("checks"))}
    assert {id_: rows[id_].split(",")[0] for id_ in SETTING_IDS.values()} == {
        id_: setting for setting, id_ in SETTING_IDS.items()
    }


def test_every_limit_is_documented_with_its_value() -> None:
    limits = reference("session").partition("## Limits")[2].partition("\n## ")[0]
    shown = {row[0]: row[1] for row in table_rows(limits)[1:] if row[0].strip("-")}
    assert shown == {field.name: str(getattr(DEFAULT_LIMITS, field.name)) for field in fields(DEFAULT_LIMITS)}


def test_every_rule_key_is_documented() -> None:
    tables = reference("rules").partition("## Pattern syntax")[0]
    shown = {row[0] for row in table_rows(tables) if row[0].strip("-")} - {"key"}
    assert shown == set(rule_parser.RULE_KEYS)


def test_every_verb_is_documented() -> None:
    line = reference("rules").partition("Known verbs: ")[2].partition("\n")[0]
    assert tuple(re.findall(r"\w+", line)) == verbs.VERBS


def test_every_reason_is_documented_and_explained() -> None:
    reasons = {value for name, value in vars(decisions).items() if name.isupper() and isinstance(value, str)}
    line = reference("denials").partition("Reasons: ")[2].partition(". ")[0]
    assert set(re.findall(r"\w+", line)) == reasons
    rows = {row[0] for row in table_rows((DOCS / "how-to" / "troubleshooting.md").read_text(encoding="utf-8"))}
    assert reasons - rows == {"granted"}


def test_every_tag_and_filter_is_documented() -> None:
    library: Library = import_module("django_sessionkit.templatetags.sessionkit").register
    section = reference("surfaces").partition("## Template tags")[2].partition("\n## ")[0]
    words = [re.split(r"[ /]", row[0]) for row in table_rows(section)]
    assert set(library.tags) - set(WRONG_TAGS) <= {row[0] for row in words}
    assert set(library.filters) <= {row[-1] for row in words}


def test_every_logger_is_documented() -> None:
    found = set()
    for path in Path(django_sessionkit.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r'getLogger\("([\w.]+)"\)', path.read_text(encoding="utf-8")))
    assert found == {row[0] for row in table_rows(reference("events")) if row[0].startswith("django_sessionkit")}


def test_every_extra_is_in_the_table_of_modules() -> None:
    page = (DOCS / "how-to" / "troubleshooting.md").read_text(encoding="utf-8")
    shown = dict(
        re.findall(r'^\| `contrib\.([\w.]+)` \| `pip install "django-sessionkit\[([\w-]+)\]"` \|$', page, re.MULTILINE)
    )
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert sorted(shown.values()) == re.findall(r"^optional-dependencies\.([\w-]+) =", project, re.MULTILINE)
    contrib = Path(django_sessionkit.__file__).parent / "contrib"
    found = {one.relative_to(contrib).with_suffix("").as_posix().replace("/", ".") for one in contrib.rglob("*")}
    assert shown.keys() <= found


def test_the_security_guide_answers_every_item() -> None:
    rows = [row for row in table_rows((DOCS / "security.md").read_text(encoding="utf-8")) if row[0].isdigit()]
    assert [int(row[0]) for row in rows] == list(range(1, 33))
    assert all(any(character.isalpha() for character in row[2] + row[3]) for row in rows)


# Number and level of each requirement in chapters V7 and V8 of ASVS 5.0.0.
ASVS = (
    "7.1.1-2 7.1.2-2 7.1.3-2 7.2.1-1 7.2.2-1 7.2.3-1 7.2.4-1 7.3.1-2 7.3.2-2 7.4.1-1 7.4.2-1 7.4.3-2 7.4.4-2 7.4.5-2 "
    "7.5.1-2 7.5.2-2 7.5.3-3 7.6.1-2 7.6.2-2 8.1.1-1 8.1.2-2 8.1.3-3 8.1.4-3 8.2.1-1 8.2.2-1 8.2.3-2 8.2.4-3 8.3.1-1 "
    "8.3.2-3 8.3.3-3 8.4.1-2 8.4.2-3"
)


def test_the_security_guide_answers_each_requirement_of_asvs() -> None:
    section = (DOCS / "security.md").read_text("utf-8").partition("## ASVS: sessions")[2].partition("\n## ")[0]
    rows = [row for row in table_rows(section) if row[0][0].isdigit()]
    assert " ".join(f"{number}-{level}" for number, level, _, _ in rows) == ASVS
    assert all(re.search(r"Django|SessionKit|bridge|SESSIONKIT_|[Yy]ou\b|Not", row[3]) for row in rows)


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", text, re.MULTILINE)[0] == django_sessionkit.__version__


@PAGES
def test_every_row_of_a_table_has_as_many_cells_as_its_head(page: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    cells = [[len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()] for table in tables]
    assert [counts for counts in cells if len(set(counts)) != 1] == []


@pytest.mark.parametrize("words", ["401", "403", "404", "503", "redirect loop", "cheat sheet", "which tool when"])
def test_the_search_finds_a_heading(words: str) -> None:
    """The search of Sphinx ignores numbers in a text. It finds a heading of which the words are at least half."""
    headings = [text for page in pages()[1:] for text in re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.M)]
    assert [text for text in headings if words in text.lower() and len(words) >= len(text) / 2]


# Links ----------------------------------------------------------------------------------------------------------------


@PAGES
def test_every_internal_link_leads_somewhere(page: Path) -> None:
    dead = [link for link in links(page.read_text(encoding="utf-8")) if is_dead(page, link)]
    assert dead == []


def is_dead(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return not link.startswith("https://")
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.is_file() or ROOT not in target.parents:
        return True
    return bool(anchor) and anchor not in anchors(target.read_text(encoding="utf-8"))


def test_a_dead_link_is_noticed() -> None:
    readme = ROOT / "README.md"
    assert is_dead(readme, "docs/no-such-page.md")
    assert is_dead(readme, "docs/security.md#no-such-heading")
    assert is_dead(readme, "http://example.org/")
    assert not is_dead(readme, "docs/security.md#csrf")


def test_every_page_is_in_a_toctree() -> None:
    listed = {DOCS / "index.md"}
    for page in pages()[1:]:
        for block in blocks(page.read_text(encoding="utf-8"), page.name):
            if block.language == "{toctree}":
                names = [line for line in block.code.splitlines() if line and not line.startswith(":")]
                listed |= {page.parent / f"{name}.md" for name in names}
    assert listed == set(pages()[1:])


@PAGES
def test_pages_tell_nothing_about_the_machine_they_were_written_on(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|opt|usr)/\w", text) == []
    assert "\t" not in text
