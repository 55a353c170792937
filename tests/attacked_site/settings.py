from __future__ import annotations

from support.attacks.sites import SETTINGS

SECRET_KEY = "only for tests on the loopback interface"
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
USE_TZ = True
LOGIN_URL = "/login/"
INSTALLED_APPS = ["django.contrib.sessions", "django_sessionkit"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
LOGGING_CONFIG = None

globals().update(SETTINGS)
