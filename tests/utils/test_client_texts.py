"""The catalogues: complete, compiled, and safe to send."""

from __future__ import annotations

import ast
import gettext
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

import django_sessionkit
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.text import UNPRINTABLE

PACKAGE = Path(django_sessionkit.__file__).parent
CATALOGUES = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/django.po"))
LANGUAGES = {"de", "es", "fr", "it", "ja", "nl", "pl", "pt", "tr", "zh-hans"}
TEXTS = {name: text for name, text in vars(client_texts).items() if isinstance(text, Promise)}
SENTENCES = {"NEEDS_SESSION", "LACKS_RIGHT", "FOR_NOBODY", "NO_VALID_SESSION", "UNKNOWN_FOR_NOW"}
SENTENCES |= {"NEEDS_RECENT_LOGIN", "NEEDS_FACTOR"}
EACH = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
FUNCTIONS = ("gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "npgettext", "npgettext_lazy", "pgettext")
FUNCTIONS += ("pgettext_lazy",)


def name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def marked() -> dict[Path, list[tuple[str | None, str]]]:
    """Return the messages that the source marks, with their contexts."""
    found: dict[Path, list[tuple[str | None, str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name_of(node.func) in FUNCTIONS:
                *context, text = map(ast.literal_eval, node.args)
                found.setdefault(path, []).append((*context, text) if context else (None, text))
    return found


def read(path: Path):
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def compiled(data: io.BytesIO) -> dict[str, str]:
    return gettext.GNUTranslations(data)._catalog


def test_every_promised_language_has_a_catalogue():
    codes = {translation.to_language(path.parts[-3]) for path in CATALOGUES}
    assert codes == LANGUAGES <= {code for code, _ in settings.LANGUAGES}
    page = Path(__file__).parents[2] / "docs" / "how-to" / "languages.md"
    assert (
        set(re.findall(r"`([\w-]+)`", page.read_text("utf-8").partition("Translated: ")[2].partition("\n")[0])) == codes
    )


def test_one_module_has_the_texts_and_the_source_names_every_one():
    (messages,) = marked().values()
    assert len(messages) == len(set(messages)) == len(TEXTS)
    for path in CATALOGUES:
        catalogue = read(path)
        assert [(message.context, message.id) for message in catalogue if message.id] == messages  # after makemessages
        assert not catalogue.obsolete


@EACH
def test_every_text_is_translated(path):
    catalogue = read(path)
    assert not catalogue.fuzzy
    for message in catalogue:
        assert message.string
        assert not message.fuzzy
        assert message.id != message.string


@EACH
def test_the_compiled_catalogue_is_the_one_of_the_texts(path):
    """It is committed, so that a build needs no gettext: ``django-admin compilemessages`` in ``django_sessionkit/``."""
    expected = io.BytesIO()
    write_mo(expected, read(path))
    expected.seek(0)
    shipped = compiled(io.BytesIO(path.with_suffix(".mo").read_bytes()))
    assert {key: text for key, text in shipped.items() if key} == {k: t for k, t in compiled(expected).items() if k}
    plain = gettext.GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes()))
    assert plain.charset() == "UTF-8"


@EACH
def test_the_head_of_a_catalogue_is_filled_in(path):
    catalogue = read(path)
    assert catalogue.locale_identifier == path.parts[-3]
    assert catalogue.charset == "utf-8"
    assert not set(re.findall("FIRST AUTHOR|YEAR|PACKAGE", path.read_text("utf-8")))


@pytest.mark.parametrize("language", sorted(LANGUAGES | {"en"}))
def test_the_texts_are_safe_to_send(language):
    with translation.override(language):
        texts = {name: str(text) for name, text in TEXTS.items()}
    assert texts.pop("LANGUAGE") == language
    for name, text in texts.items():
        assert 2 <= len(text) <= 120
        assert not UNPRINTABLE.search(text)
        assert not set(text) & set("<>&\"'`{}%\\;")
        assert text == text.strip()
        assert text.endswith((".", "。")) is (name in SENTENCES)
    titles = [texts[name] for name in ("UNAUTHORIZED", "FORBIDDEN", "SERVICE_UNAVAILABLE")]
    assert len({*titles}) == 3
    assert len({texts[name] for name in SENTENCES}) == len(SENTENCES)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs GNU gettext")
def test_makemessages_changes_nothing(tmp_path):
    copied = shutil.copytree(PACKAGE, tmp_path / PACKAGE.name)
    command = [sys.executable, "-I", "-m", "django", "makemessages", "-a", "--no-location", "--no-wrap"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, capture_output=True, check=True, cwd=copied, env=environment)
    for path in CATALOGUES:
        assert (copied / path.relative_to(PACKAGE)).read_text("utf-8") == path.read_text("utf-8")


IMPORTS = """
import django_sessionkit as kit
from django_sessionkit import middleware, responses
USE_I18N, SECRET_KEY = True, "x"
DENIED = kit.AccessDenied(message="own")
"""
USES = """
import django
from django.conf import settings
import project_settings
assert not settings.configured
settings.configure(LANGUAGE_CODE="nl", INSTALLED_APPS=["django_sessionkit"])
import django_sessionkit.contrib.auth
denied = project_settings.kit.AccessDenied()
django.setup()
print(denied)
"""


def test_nothing_is_translated_at_import(tmp_path):
    """The settings may import the package, long before Django can translate."""
    (tmp_path / "project_settings.py").write_text(IMPORTS)
    command = [sys.executable, "-X", "utf8", "-c", USES]
    folders = f"{tmp_path}:{PACKAGE.parent}"
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, env={"PYTHONPATH": folders}, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("U hebt niet het recht om dit te doen.\n", "")
