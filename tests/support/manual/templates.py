"""Template blocks of a page: stored by name, rendered for an anonymous and a logged-in caller."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.template import engines
from django.test import RequestFactory

from django_sessionkit import use_session

from .markdown import Block

_SOMEBODY = {"user_id": "7", "role": "editor", "permissions": ["posts:write"]}


class Templates:
    """The templates of one page."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self.unnamed: list[Block] = []

    def found_by(self, setting: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return ``TEMPLATES`` that also find the blocks of the page, including blocks that are added later."""
        options = {**setting[0]["OPTIONS"], "loaders": [("django.template.loaders.locmem.Loader", self.sources)]}
        return [{"BACKEND": setting[0]["BACKEND"], "OPTIONS": options}, *setting[1:]]

    def add(self, block: Block) -> None:
        if block.file:
            self.sources[block.file.removeprefix("templates/")] = block.code
        else:
            self.unnamed.append(block)

    def render_jinja(self, block: Block) -> None:
        """Render with the engine that the page configures. Do nothing if Jinja2 is not installed."""
        if find_spec("jinja2"):
            for session in (None, _SOMEBODY):
                with use_session(session):
                    engines["jinja2"].from_string(block.code).render({}, RequestFactory().get("/"))

    def render_all(self) -> None:
        for session in (None, _SOMEBODY):
            for source in (*self.sources.values(), *(block.code for block in self.unnamed)):
                self.render(source, session)

    def render(self, source: str, session: dict[str, Any] | None) -> str:
        with use_session(session):
            return engines["django"].from_string(source).render({}, RequestFactory().get("/"))
