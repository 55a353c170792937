#!/usr/bin/env python
"""The developer's door. Servers come in through ``newsroom.wsgi`` and ``newsroom.asgi``."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

# These two run on a developer's machine. Every other command, and every real server, gets the production values
# of settings.py unless the environment asks for DEBUG. An environment with a secret key is a deployment: there,
# "demo" must not turn DEBUG on and seed accounts with public passwords.
LOCAL_COMMANDS = {"demo", "runserver"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
    if LOCAL_COMMANDS.intersection(sys.argv[1:2]) and "DJANGO_SECRET_KEY" not in os.environ:
        os.environ.setdefault("DJANGO_DEBUG", "1")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
