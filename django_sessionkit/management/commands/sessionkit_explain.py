"""``manage.py sessionkit_explain``: explain why a path is allowed or denied for a caller."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from django_sessionkit.api import explain
from django_sessionkit.explanation import text as explanation_text
from django_sessionkit.explanation.report import Explanation
from django_sessionkit.management.callers import caller_of
from django_sessionkit.management.installation import check_installation
from django_sessionkit.management.options import chosen, listed
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.urlconf.inventory import list_routes
from django_sessionkit.utils.callers import Caller
from django_sessionkit.utils.text import nearest
from django_sessionkit.utils.verbs import VERBS

_FORMATS = ("text", "json")
_STYLES: dict[explanation_text.Tone, str] = {
    "title": "MIGRATE_HEADING",
    "good": "SUCCESS",
    "bad": "ERROR",
}


class Command(BaseCommand):
    """Print how the guard decides about one path. Predicates run, the view does not."""

    help = "Explain whether a caller may open a path: route, rules, requirements and response."
    # The command reads the settings itself and stops if they are not valid. The other checks do not matter for it.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the path and the options."""
        parser.add_argument("path", metavar="PATH", help="a path such as /reports/may/, a full URL, or a URL name")
        parser.add_argument("arguments", nargs="*", default=(), metavar="ARG", help="of the URL name: 7, or pk=7")
        parser.add_argument("--method", default="GET", metavar="VERB", help="HTTP method; default: GET")
        parser.add_argument(
            "--as",
            dest="caller",
            metavar="KEY=VALUE,...",
            help="the session of the caller, such as role=editor,permission=posts:write; default: anonymous",
        )
        parser.add_argument("--tenant", metavar="ID", help="the current tenant; default: that of --as acme/role=editor")
        parser.add_argument("--user", metavar="NAME", help="the session that this user of your database would get")
        for name in ("role", "permission"):
            parser.add_argument(
                f"--{name}", action="append", metavar="NAME", help=f"add this {name} to the session; repeatable"
            )
        parser.add_argument(
            "--to",
            dest="kind",
            choices=get_args(Caller),
            default="page",
            help="the kind of client: a browser page, HTMX in a page, or an API client; default: page",
        )
        parser.add_argument("--format", choices=_FORMATS, default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the explanation. The exit status is 0 for every decision."""
        check_installation(self)
        kind, form = chosen("--to", options["kind"], get_args(Caller)), chosen("--format", options["format"], _FORMATS)
        method = chosen("--method", options["method"].upper(), VERBS)
        added = listed(options["role"]), listed(options["permission"])
        caller = caller_of(self, options["caller"], options["user"], *added, options["tenant"])
        with activate(SessionContext.fixed(caller.session)):
            explanation = _explained(options["path"], options["arguments"], method, kind)
        if form == "json":
            self.stdout.write(json.dumps({"caller": caller.name, **explanation.as_dict()}, indent=2))
            return
        self.stdout.write(f"As {caller.name}")
        for line in explanation_text.lines(explanation, self._styled):
            self.stdout.write(line)

    def _styled(self, tone: explanation_text.Tone, text: str) -> str:
        style = getattr(self.style, _STYLES.get(tone, ""), str)
        return str(style(text))


def _explained(given: str, arguments: Sequence[str], method: str, kind: str) -> Explanation:
    """Explain a path, a full URL, or a URL name with its arguments."""
    place = given
    if given.lower().startswith(("http://", "https://")):
        url = urlsplit(given)
        place = f"{url.path or '/'}?{url.query}" if not url.path.startswith("//") else url.path
    if arguments and place.startswith("/"):
        raise CommandError("Only a URL name takes arguments, not a path.")
    positional = [one for one in arguments if "=" not in one]
    keywords = dict(one.split("=", 1) for one in arguments if "=" in one)
    try:
        return explain(place, *positional, method=method, caller=cast("Caller", kind), **keywords)
    except NoReverseMatch:
        raise CommandError(_unknown(place, arguments)) from None


def _unknown(name: str, arguments: Sequence[str]) -> str:
    names = {route.view_name for route in list_routes() if route.view_name}
    if name in names:
        shown = f"with {' '.join(arguments)}" if arguments else "without arguments"
        return f'The URL name "{name}" cannot be reversed {shown}. Add the arguments of its route, such as pk=7.'
    near = nearest(name, names)
    near = f"/{name}" if near is None and "/" in name else near
    hint = f' Did you mean "{near}"?' if near is not None else ""
    return f'No route has the name "{name}".{hint} A path must start with a slash.'
