"""``python example_project/manage.py demo``: set up and serve the Newsroom with demo data."""

from __future__ import annotations

import os
import socket
from typing import Any

from accounts import demo as accounts_demo
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from articles import demo as articles_demo

HEADINGS = ("Name", "Password", "Try")


class Command(BaseCommand):
    help = "Migrate, add demo accounts and articles, print the accounts and serve the site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1; default: 8000")
        parser.add_argument("--no-serve", action="store_true", help="add the data, but do not serve the site")

    def handle(self, *, port: int, no_serve: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo accounts have public passwords. Run this command only with DJANGO_DEBUG=1.")
        if not no_serve:
            _check_port(port)
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        accounts_demo.seed()
        articles_demo.seed()
        self._print_accounts()
        if no_serve:
            return
        self.stdout.write(f"\nOpen http://127.0.0.1:{port}/, where a click signs you in as any of them.")
        self.stdout.write("Stop with Ctrl+C.\n")
        call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)

    def _print_accounts(self) -> None:
        rows = [HEADINGS]
        rows += [(a.username, a.password, a.what_to_try) for a in accounts_demo.ACCOUNTS]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())


def _check_port(port: int) -> None:
    """Stop before an address is printed that another program answers."""
    with socket.socket() as probe:
        if os.name != "nt":  # as runserver does; on Windows, this option would allow a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it must be at most 65535"
            other = port + 1 if 1024 <= port < 65_535 else 8001
            raise CommandError(f"Port {port} cannot be used: {reason}. Choose another one: --port {other}.") from None
