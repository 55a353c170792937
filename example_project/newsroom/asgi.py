"""``uvicorn --app-dir example_project newsroom.asgi:application``"""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application
from servestatic import ServeStaticASGI

from newsroom import static_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsroom.settings")
django_application = get_asgi_application()

application = static_files.serving(ServeStaticASGI, django_application)
