"""``manage.py sessionkit_routes``: list every route with the callers who may open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_sessionkit import conf
from django_sessionkit.lint.coverage import PolicyCoverage
from django_sessionkit.lint.rule_faults import Finding, shadowed, unused
from django_sessionkit.management.callers import caller_of
from django_sessionkit.management.installation import check_installation
from django_sessionkit.management.options import chosen, listed
from django_sessionkit.management.terminal import width_of
from django_sessionkit.matrix import Matrix, matrix_of, snapshots
from django_sessionkit.matrix.formats import FORMATS
from django_sessionkit.matrix.lines import ALLOWED, DELEGATED, DENIED, DEPENDS, UNPROTECTED
from django_sessionkit.matrix.principals import default_principals
from django_sessionkit.matrix.table import as_table
from django_sessionkit.urlconf.inventory import Route, list_routes

# With fewer routes, the command is finished before a progress line is of use.
_LONG_WORK = 500
_STYLES = {
    "head": "MIGRATE_HEADING",
    UNPROTECTED: "WARNING",
    ALLOWED: "SUCCESS",
    DENIED: "ERROR",
    DEPENDS: "WARNING",
    DELEGATED: "HTTP_INFO",  # bold; most palettes have red for NOTICE, the colour of a denial
}


def _unprotected(matrix: Matrix) -> list[str]:
    return [f"{line.route} {line.methods} ({line.view}): unprotected" for line in matrix.lines if line.is_unprotected]


def _found(look: Callable[[PolicyCoverage], list[Finding]]) -> Callable[[Matrix], list[str]]:
    """Return a function for findings about the rules, which do not depend on the matrix."""
    return lambda matrix: [str(one) for one in look(PolicyCoverage(conf.current(), list_routes()))]


_FAULTS: dict[str, Callable[[Matrix], list[str]]] = {
    "unprotected": _unprotected,
    "dead": _found(unused),
    "shadowed": _found(shadowed),
}


class Command(BaseCommand):
    """Print every route with the decision for each kind of caller. It runs no view and no query."""

    help = "List every route, what decides about it, and the decision for each kind of caller."
    # The command reads the settings itself and stops if they are not valid. The other checks do not matter for it.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--as",
            action="append",
            dest="callers",
            metavar="KEY=VALUE,...",
            help="show this caller only, such as role=editor,permission=posts:write, or anonymous; repeatable",
        )
        parser.add_argument("--format", choices=list(FORMATS), default="table")
        parser.add_argument(
            "--fail-on",
            action="append",
            choices=list(_FAULTS),
            default=[],
            help="exit with status 1 if there is an unprotected route, or a dead or shadowed rule; repeatable",
        )
        parser.add_argument("--snapshot", type=Path, metavar="FILE", help="write the policy to a file")
        parser.add_argument("--check", action="store_true", help="compare with the --snapshot file; 1 if it differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, write or compare the policy, then apply ``--fail-on``."""
        file = Path(options["snapshot"]) if options["snapshot"] is not None else None
        if options["check"] and file is None:
            raise CommandError("--check needs a file to compare with. Add --snapshot FILE.")
        form, faults = chosen("--format", options["format"], FORMATS), listed(options["fail_on"])
        for fault in faults:
            chosen("--fail-on", fault, _FAULTS)
        matrix = self._matrix(listed(options["callers"]))
        if file is None:
            self._print(matrix, form, width_of(self.stdout) if options["verbosity"] < 2 else None)
        elif options["check"]:
            self._compare(matrix, file)
        else:
            self._write(matrix, file)
        self._fail_on(matrix, faults)

    def _matrix(self, wanted: Sequence[str]) -> Matrix:
        check_installation(self)
        routes = list_routes()
        callers = [caller_of(self, text) for text in wanted] if wanted else default_principals(routes)
        return matrix_of(routes, callers, self._progress)

    def _progress(self, routes: Sequence[Route]) -> Iterator[Route]:
        """Show the progress on stderr, if it is a terminal and there are many routes."""
        watched = len(routes) >= _LONG_WORK and self.stderr.isatty()
        for number, route in enumerate(routes):
            if watched and number % 100 == 0:
                self.stderr.write(f"\r{number} of {len(routes)} routes", ending="")
            yield route
        if watched:
            self.stderr.write("\r\x1b[K", ending="")

    def _print(self, matrix: Matrix, form: str, width: int | None) -> None:
        lines = as_table(matrix, self._styled, width) if form == "table" else FORMATS[form](matrix)
        for line in lines:
            self.stdout.write(line)

    def _styled(self, text: str, kind: str) -> str:
        style = getattr(self.style, _STYLES.get(kind, ""), str)
        return style(text)

    def _write(self, matrix: Matrix, file: Path) -> None:
        try:
            file.write_text(snapshots.dumps(matrix), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written ({type(error).__name__}).") from None
        self.stdout.write(f"{len(matrix.lines)} lines written to {file}.")

    def _compare(self, matrix: Matrix, file: Path) -> None:
        try:
            before = snapshots.load(file)
        except snapshots.BadSnapshot as error:
            raise CommandError(f"{error}. To write the file again, leave out --check.") from None
        found = snapshots.diff(before, matrix)
        for line, change in zip(snapshots.format_changes(found), found, strict=True):
            self.stdout.write(self._styled(line, DENIED if change.kind in ("opened", "new") else ""))
        if found:
            raise CommandError(f"The policy differs from {file}. If this is intended, run the command without --check.")
        self.stdout.write(f"The policy matches {file}.")

    def _fail_on(self, matrix: Matrix, faults: Sequence[str]) -> None:
        found = [line for fault in dict.fromkeys(faults) for line in _FAULTS[fault](matrix)]
        if found:
            raise CommandError("\n".join([f"{len(found)} to fix:", *(f"  {line}" for line in found)]))
