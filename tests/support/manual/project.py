"""Run one page of the manual as a small Django project, made of its code blocks, in the order of the page.

The language of a block decides how it is run:

- ``python``: if the first line is ``# settings.py``, the block becomes the settings, and all SessionKit checks run.
  With the name of another file it becomes that module, which later blocks can import. The same name continues a
  module, and ``urls.py`` becomes the URLconf. Without a name, the block is run unchanged.
- ``pycon``: a doctest.
- ``html+django``: a template with the name in its first line. It is rendered for an anonymous and a logged-in caller.
- ``html+jinja``: the same, with the Jinja2 engine of the page.
- ``console``, ``sh``: the commands must exist.
- ``json``, ``http``: must parse; ``js``: brackets must match.
- ``text``: the error of the block before it, which has the mark ``fails``; any other text needs the mark ``figure``.

Marks are in a comment on the line before the fence: ``fails`` (an error is expected), ``needs: module`` (only
compiled if an optional library is missing), ``dont`` (an example to avoid: only compiled), ``figure``. A comment that
begins with ``hidden`` and ends after the block hides it from the reader. It does what a server does at a restart.
"""

from __future__ import annotations

import doctest
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.checks import INFO, run_checks
from django.dispatch import Signal
from django.test import override_settings
from django.urls import clear_url_caches, path

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidPolicy

from . import commands, formats, templates, urls
from .markdown import Block, WrongBlock, blocks, name_of

# A project as `startproject` creates it, with SessionKit enabled.
BASE_SETTINGS: dict[str, Any] = {
    "INSTALLED_APPS": [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django_sessionkit",
    ],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ],
    "ROOT_URLCONF": "support.manual.urls",
    "LOGGING_CONFIG": None,  # Django 6.1 configures logging when settings are overridden, and does not restore it
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django_sessionkit.context_processors.sessionkit",
                ],
            },
        },
    ],
}


class Project:
    """The blocks of one page, run one after the other."""

    def __init__(self, text: str, page: str, stack: ExitStack) -> None:
        self.blocks = list(blocks(text, page))
        self.stack = stack
        self.modules: dict[str, ModuleType] = {}
        self.shell: dict[str, Any] = {"__name__": "shell"}
        self.templates = templates.Templates()
        self._settings: dict[str, Any] = dict(BASE_SETTINGS)
        stack.callback(self._forget_modules)
        self.apply({})

    @classmethod
    def of(cls, page: Path, stack: ExitStack) -> Project:
        return cls(page.read_text(encoding="utf-8"), name_of(page), stack)

    def run(self) -> Project:
        for block in self.blocks:
            if not block.language.startswith("{"):
                self.run_block(block)
        self.templates.render_all()
        return self

    def module(self, name: str) -> Any:
        return self.modules[name]

    def under(self, heading: str, language: str = "python") -> list[Block]:
        found = [one for one in self.blocks if one.heading == heading and one.language == language]
        if not found:
            raise WrongBlock(f'no {language} block under "{heading}"')
        return found

    def only(self, heading: str) -> None:
        """Use only the SessionKit settings under one heading of the page."""
        self.apply({name: default for name, default in conf.DEFAULTS.items() if name in self._settings})
        for block in self.under(heading):
            if block.file == "settings.py":
                self.settings(block, compiled(block))

    def route(self, **views: Any) -> None:
        """Route ``/name/`` to a view of the page."""
        extra = ModuleType("extra_urls")
        routes = [path(f"{name}/", view, name=name) for name, view in views.items()]
        extra.__dict__["urlpatterns"] = [*routes, *urls.urlpatterns]
        self.apply({"ROOT_URLCONF": extra})

    def run_block(self, block: Block) -> None:
        runners: dict[str, Callable[[Block], None]] = {
            "python": self._python,
            "pycon": self._pycon,
            "html+django": self.templates.add,
            "html+jinja": self.templates.render_jinja,
            "console": commands.check,
            "sh": commands.check,
            "json": formats.check_json,
            "http": formats.check_http,
            "js": formats.check_brackets,
            "text": self._text,
        }
        if block.language not in runners:
            raise WrongBlock(f"{block.place}: no runner for ```{block.language}")
        runners[block.language](block)

    def _python(self, block: Block) -> None:
        code = compiled(block)
        if "dont" in block.marks or not _has(block.marks.get("needs", "")):
            return
        if "fails" not in block.marks:
            self._execute(block, code)
        elif not self._failure(block, code):
            raise WrongBlock(f"{block.place}: should fail")

    def _execute(self, block: Block, code: Any) -> None:
        if block.file == "settings.py":
            self.settings(block, code)
        elif block.file:
            self._into_module(block, code)
        else:
            exec(code, self.shell)  # noqa: S102

    def _failure(self, block: Block, code: Any) -> str:
        try:
            self._execute(block, code)
        except Exception as error:
            self.shell["failure"] = str(error)
            return str(error)
        return ""

    def _text(self, block: Block) -> None:
        if "figure" in block.marks:
            return
        said, shown = self.shell.pop("failure", ""), " ".join(block.code.split())
        if " ".join(said.split()) != shown:
            raise WrongBlock(f"{block.place}: the page says {shown!r}, the code {said!r}")

    def _pycon(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.code, self.shell, block.place, block.page, block.line - 1)
        if not test.examples:
            raise WrongBlock(f"{block.place}: no example")
        if not _has(block.marks.get("needs", "")):
            return
        runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
        runner.run(test, clear_globs=False)
        self.shell.update(test.globs)

    def _into_module(self, block: Block, code: Any) -> None:
        name = block.file.removesuffix(".py").replace("/", ".")
        exec(code, self._module(name).__dict__)  # noqa: S102
        if name == "urls":
            self.modules[name].__dict__.setdefault("urlpatterns", urls.urlpatterns)
            self.apply({"ROOT_URLCONF": name})

    def _module(self, name: str) -> ModuleType:
        if name in self.modules:
            return self.modules[name]
        if name in sys.modules:
            raise WrongBlock(f"{name} would hide a real module")
        spec = ModuleSpec(name, None, is_package="." not in name)
        module = self.modules[name] = sys.modules[name] = module_from_spec(spec)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(self._module(parent), child, module)
        return module

    def settings(self, block: Block, code: Any) -> None:
        """Apply a settings file to the current settings, and run all of SessionKit's checks.

        Most pages do not show the login page of their project, so it may be missing.
        """
        names = {key: list(value) if isinstance(value, list) else value for key, value in self._settings.items()}
        before = dict(self._settings)
        exec(code, names)  # noqa: S102
        self.apply({key: value for key, value in names.items() if key.isupper()})
        try:
            conf.current()
        except InvalidPolicy as error:
            self.apply(before)
            raise WrongBlock(str(error)) from None
        found = [fault for fault in run_checks(tags=["sessionkit"]) if fault.level > INFO]
        faults = [fault for fault in found if not fault.msg.startswith('LOGIN_URL: no route matches "/login/"')]
        if faults:
            self.apply(before)
            raise WrongBlock("\n".join(f"{fault.msg} {fault.hint}" for fault in faults))

    def apply(self, names: dict[str, Any]) -> None:
        self._settings |= names
        self._settings["TEMPLATES"] = self.templates.found_by(self._settings["TEMPLATES"])
        for key in ("INSTALLED_APPS", "MIDDLEWARE"):
            self._settings[key] = list(dict.fromkeys(self._settings[key]))
        override = override_settings(**self._settings)
        override.enable()
        self.stack.callback(override.disable)
        clear_url_caches()

    def _forget_modules(self) -> None:
        for name in self.modules:
            sys.modules.pop(name, None)
        clear_url_caches()


def compiled(block: Block) -> Any:
    """Compile code so that a traceback shows the line of the page, without the future imports of this file."""
    source = "\n" * (block.line - 1) + block.code
    return compile(source, block.page, "exec", dont_inherit=True)


def keep_receivers(stack: ExitStack, *signals: Signal) -> None:
    """Disconnect at the end the receivers that the blocks of a page connect."""
    for signal in signals:
        stack.callback(_put_back, signal, list(signal.receivers))


def _put_back(signal: Signal, receivers: list[Any]) -> None:
    signal.receivers = receivers
    signal.sender_receivers_cache.clear()


def _has(library: str) -> bool:
    return all(find_spec(name) is not None for name in library.split())


Run = Callable[[str], Project]
