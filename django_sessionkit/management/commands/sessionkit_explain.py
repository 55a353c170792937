"""``manage.py sessionkit_explain``: explain why a path is allowed or denied for a caller."""

from __future__ import annotations

import json
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from django_sessionkit.api import explain
from django_sessionkit.explanation import text as explanation_text
from django_sessionkit.management.installation import check_installation
from django_sessionkit.matrix.principals import ANONYMOUS, Principal, parse_principal
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.utils.callers import Caller
from django_sessionkit.utils.text import did_you_mean
from django_sessionkit.utils.verbs import VERBS

_STYLES: dict[explanation_text.Tone, str] = {
    "title": "MIGRATE_HEADING",
    "good": "SUCCESS",
    "bad": "ERROR",
    "faint": "NOTICE",
}


class Command(BaseCommand):
    """Print how the guard decides about one path. Predicates run, the view does not."""

    help = "Explain whether a caller may open a path: route, rules, requirements and response."
    # The command reads the settings itself and stops if they are not valid. The other checks do not matter for it.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the path and the options."""
        parser.add_argument("path", metavar="PATH", help="a path such as /reports/may/, or a URL name")
        parser.add_argument("--method", default="GET", metavar="VERB", help="HTTP method; default: GET")
        parser.add_argument(
            "--as",
            dest="caller",
            default=ANONYMOUS.name,
            metavar="KEY=VALUE,...",
            help="the session of the caller, such as role=editor,permission=posts:write; default: anonymous",
        )
        parser.add_argument(
            "--to",
            dest="kind",
            choices=get_args(Caller),
            default="page",
            help="the kind of client: a browser page, HTMX in a page, or an API client; default: page",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation. The exit status is 0 for every decision."""
        check_installation(self)
        method, caller = self._method(options["method"]), self._caller(options["caller"])
        with activate(SessionContext.fixed(caller.session)):
            try:
                explanation = explain(options["path"], method=method, caller=options["kind"])
            except NoReverseMatch as error:
                raise CommandError(f"{error} A path must start with a slash.") from None
        if options["format"] == "json":
            self.stdout.write(json.dumps({"caller": caller.name, **explanation.as_dict()}, indent=2))
            return
        self.stdout.write(f"As {caller.name}")
        for line in explanation_text.lines(explanation, self._styled):
            self.stdout.write(line)

    def _method(self, given: str) -> str:
        method = given.upper()
        if method not in VERBS:
            raise CommandError(f'--method: unknown verb "{given}"; {did_you_mean(method, VERBS)}')
        return method

    def _caller(self, given: str) -> Principal:
        try:
            return parse_principal(given)
        except ValueError as error:
            raise CommandError(f"--as: {error}") from None

    def _styled(self, tone: explanation_text.Tone, text: str) -> str:
        style = getattr(self.style, _STYLES[tone])
        return str(style(text))
