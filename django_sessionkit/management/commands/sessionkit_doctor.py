"""``manage.py sessionkit_doctor``: check the project against the production checklist."""

from __future__ import annotations

from typing import Any

from django.core.checks import run_checks
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_sessionkit.checks.checklist import WIDTH, Grade, Status, as_json, as_markdown, as_text, grade, summary
from django_sessionkit.lint import coverage
from django_sessionkit.management.options import chosen
from django_sessionkit.management.terminal import width_of
from django_sessionkit.matrix.simulation import simulate

_FORMATS = ("text", "md", "json")
_FAIL_ON = {"fail": {Status.FAIL}, "open": {Status.FAIL, Status.YOURS}}


def _unprotected() -> list[str]:
    """Return the routes that ``sessionkit_routes`` calls unprotected; none if the settings or the URLconf are wrong."""
    found = coverage.current()
    lines = simulate(found.routes, ()) if found is not None else ()
    return list(dict.fromkeys(line.route for line in lines if line.is_unprotected))


class Command(BaseCommand):
    """Grade the project with the deployment checks of Django and SessionKit, and list what only a person can check."""

    help = "Print the production checklist: what passes, what fails and how to fix it, and what only you can check."
    # The command runs the checks itself and reports them.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--format`` and ``--fail-on``."""
        parser.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
        parser.add_argument(
            "--fail-on",
            choices=tuple(_FAIL_ON),
            help='exit with status 1 if an item fails; with "open", also if an item is left for you to check',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the report to stdout."""
        form = chosen("--format", options["format"], _FORMATS)
        wanted = _FAIL_ON[chosen("--fail-on", options["fail_on"], _FAIL_ON)] if options["fail_on"] else set()
        grades = grade(run_checks(tags=["security", "sessionkit"], include_deployment_checks=True), _unprotected())
        self.stdout.write(self._written(grades, form))
        if any(one.status in wanted for one in grades):
            raise CommandError(summary(grades))

    def _written(self, grades: list[Grade], form: str) -> str:
        if form == "text":
            return as_text(grades, self._styled, width_of(self.stdout) or WIDTH)
        return as_json(grades) if form == "json" else as_markdown(grades)

    def _styled(self, status: Status, text: str) -> str:
        styles = {Status.PASS: self.style.SUCCESS, Status.FAIL: self.style.ERROR, Status.YOURS: self.style.WARNING}
        return str(styles[status](text))
