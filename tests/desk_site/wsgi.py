"""The project for a server. It creates the tables first."""

from __future__ import annotations

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
