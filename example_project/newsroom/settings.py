"""Settings of the Newsroom. The access rules are in policy.py, the environment is read in env.py.

Environment: DJANGO_DEBUG, DJANGO_SECRET_KEY, DJANGO_ALLOWED_HOSTS, DJANGO_HTTPS, DJANGO_BEHIND_PROXY,
DATABASE_URL, REDIS_URL, SESSION_ENGINE, NEWSROOM_VERSION_INTERVAL.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import django

from . import env, policy

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DJANGO_DEBUG", default=False)
SECRET_KEY = env.secret_key(debug=DEBUG)
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS")

# Off only to try the production set-up on one machine without TLS.
HTTPS = env.flag("DJANGO_HTTPS", default=not DEBUG)

# --- Parts ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "axes",
    "django_sessionkit",
    "accounts.bridge.NewsroomBridge",  # django_sessionkit.contrib.auth, with our own dict
    "accounts",
    "articles",
]

# Django has CSP built in since 6.0; before, django-csp does it. The policy itself is the same for both.
HAS_NATIVE_CSP = django.VERSION >= (6, 0)

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    ("django.middleware.csp.ContentSecurityPolicyMiddleware" if HAS_NATIVE_CSP else "csp.middleware.CSPMiddleware"),
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    # After the sessions and the auth layer. What stands above it also puts its headers on a denial,
    # and the 403 page can use a CSRF token and messages.
    "django_sessionkit.middleware.SessionKitMiddleware",
    # Turns a locked-out log-in into the 429 answer; django-axes wants to be last.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "newsroom.urls"
WSGI_APPLICATION = "newsroom.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Not contrib.auth's processor: templates ask SessionKit, as everything else here does.
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "django_sessionkit.context_processors.sessionkit",
            ],
        },
    }
]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Stores ---------------------------------------------------------------------------------------

REDIS_URL = os.environ.get("REDIS_URL", "")
DATABASES = {"default": env.database(BASE_DIR / "db.sqlite3")}
CACHES = {"default": env.cache(REDIS_URL)}

# In the database a session can be revoked, survives a restart and is shared by all processes.
# "cached_db" or "cache" do so too once REDIS_URL is set, and are faster.
SESSION_ENGINE = os.environ.get("SESSION_ENGINE", "django.contrib.sessions.backends.db")

# Messages in a signed cookie, so that showing them does not read the session on public pages.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- Access (SessionKit) --------------------------------------------------------------------------

SESSIONKIT_GLOBAL_PROTECT = True  # a page somebody forgets to think about is closed, not open
SESSIONKIT_PROTECT = policy.PROTECT
SESSIONKIT_EXCLUDE = policy.PUBLIC_PAGES
SESSIONKIT_ROLES = policy.ROLES
SESSIONKIT_WILDCARD_PERMISSIONS = True  # "articles:*" of the admins grants articles:publish and what comes later
SESSIONKIT_SESSION_VALIDATOR = "accounts.access.check_session"
SESSIONKIT_LOGIN_URL = "accounts:login"
# Rights that have changed hold at once, on every node: each request that reads the session asks the cache for the
# version of its user. What a changed session is made of, accounts.bridge says. An interval saves the question
# that many seconds long.
SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
SESSIONKIT_VERSION_INTERVAL = env.seconds("NEWSROOM_VERSION_INTERVAL", default=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["django_sessionkit.contrib.drf.SessionKitAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

# --- Log-in ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "home"

AUTHENTICATION_BACKENDS = [
    # First: it refuses the locked-out before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

# Argon2 for new passwords; an old hash is read once more and replaced at the next log-in.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]

_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]

# Five wrong passwords close one name from one address for a quarter of an hour. By name alone,
# anybody could lock out anybody; by address alone, one office would share one counter. Every try
# while locked starts the quarter anew, which makes the Retry-After of accounts.lockout exact.
# Behind a proxy, set AXES_CLIENT_IP_CALLABLE (or let the server put the visitor's address into
# REMOTE_ADDR), or all visitors have the proxy's address.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)  # without it django-axes locks for ever
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
# Counters must be shared by all processes: Redis does it atomically, without Redis the database does it.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler" if REDIS_URL else "axes.handlers.database.AxesDatabaseHandler"
AXES_DISABLE_ACCESS_LOG = True  # accounts.audit keeps that log
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]

# --- Cookies and expiry ---------------------------------------------------------------------------

# Idle time: half an hour without a request that reads the session; each such request writes it anew, which is
# the price. Absolute time: SIGNED_IN_SECONDS in accounts.access, which nothing can stretch.
SESSION_COOKIE_AGE = 30 * 60
SESSIONKIT_TOUCH_ON_REQUEST = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if HTTPS:
    # The prefix makes browsers refuse these names from a subdomain or from plain HTTP.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"

# --- Headers --------------------------------------------------------------------------------------

CONTENT_POLICY = {
    "default-src": ["'self'"],  # no inline script, no inline style, no foreign host
    "img-src": ["'self'", "data:"],  # Pico's icons are data: images inside its stylesheet
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
if HAS_NATIVE_CSP:
    SECURE_CSP = CONTENT_POLICY
else:
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": CONTENT_POLICY}

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0  # begin with an hour on a site that is new to HTTPS
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS

# Only where a proxy in front always sets this header itself, and drops the visitor's.
if env.flag("DJANGO_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The preload list concerns a whole domain and takes months to leave: its owner decides, not an example.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- Logs -----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "audit": {"format": "{asctime} AUDIT {message}", "style": "{"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain"},
        # A handler of its own, so that the trail can go elsewhere and be kept longer than the rest.
        "audit": {"class": "logging.StreamHandler", "formatter": "audit"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "newsroom.audit": {"handlers": ["audit"], "level": "INFO", "propagate": False},
        # One line for every decision at DEBUG: helpful for an afternoon, too much for every day.
        "django_sessionkit": {"level": "INFO"},
        # The audit trail has every denial and rejection already, through the signals.
        "django_sessionkit.security": {"level": "ERROR"},
        # The same for failed log-ins.
        "axes": {"level": "ERROR"},
    },
}
