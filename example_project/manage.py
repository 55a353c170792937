#!/usr/bin/env python
"""Run management commands. Servers use ``newsroom.wsgi`` and ``newsroom.asgi``."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

# These two commands run on a developer's machine. All other commands and all servers use the production values of
# settings.py, unless the environment sets DEBUG. An environment with a secret key is a deployment: there, "demo" must
# not turn DEBUG on and create accounts with public passwords.
LOCAL_COMMANDS = {"demo", "runserver"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if LOCAL_COMMANDS.intersection(sys.argv[1:2]) and "DJANGO_SECRET_KEY" not in os.environ:
        os.environ.setdefault("DJANGO_DEBUG", "1")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
