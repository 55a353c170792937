"""``gunicorn --chdir example_project newsroom.wsgi``"""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from servestatic import ServeStatic

from newsroom import static_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
django_application = get_wsgi_application()

application = static_files.serving(ServeStatic, django_application)
