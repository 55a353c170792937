#!/usr/bin/env python
"""Run management commands. Servers use ``newsroom.wsgi`` and ``newsroom.asgi``."""

from __future__ import annotations

import os
import secrets
import sys

from django.core.management import execute_from_command_line

# These two commands run on a developer's machine. All other commands and all servers use the production values of
# settings.py, unless the environment sets DEBUG. An environment with a secret key is a deployment: there, "demo" must
# not turn DEBUG on and create accounts with public passwords.
LOCAL_COMMANDS = {"demo", "runserver"}

# These commands show the policy of production and sign nothing, so they work without a configured key.
READING_COMMANDS = {"sessionkit_explain", "sessionkit_routes"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    command = "".join(sys.argv[1:2])
    if "DJANGO_SECRET_KEY" not in os.environ:
        if command in LOCAL_COMMANDS:
            os.environ.setdefault("DJANGO_DEBUG", "1")
        elif command in READING_COMMANDS:
            os.environ["DJANGO_SECRET_KEY"] = secrets.token_urlsafe(48)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
