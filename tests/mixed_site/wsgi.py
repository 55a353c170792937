"""The project for a server. It creates the tables and two superusers first."""

from __future__ import annotations

import os

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
for name in ("root", "ada"):
    get_user_model().objects.create_superuser(name, f"{name}@example.org", os.environ["SITE_PASSWORD"])
