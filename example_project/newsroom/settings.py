"""Settings of the Newsroom. The access rules are in policy.py. env.py reads the environment.

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

# Turn it off only to try the production settings on one machine without TLS.
HTTPS = env.flag("DJANGO_HTTPS", default=not DEBUG)

# --- Parts ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # articles.desk is the only site, so nothing is looked for
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "axes",
    "hijack",  # an admin acts as somebody else: see accounts.acting. The bridge below puts the admin into the session
    "django_sessionkit",
    "accounts.bridge.NewsroomBridge",  # django_sessionkit.contrib.auth, with a custom session dict
    "accounts",
    "articles",
    "bureaus",
    "tour",  # explains each page to visitors of the demo; it does nothing without DEBUG
]

# Django has built-in CSP since 6.0. Older versions use django-csp, with the same policy.
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
    # After the session and authentication middleware. The middleware above it also adds its headers to a denial, and
    # the 403 page can use a CSRF token and messages.
    "django_sessionkit.middleware.SessionKitMiddleware",
    # Answers a locked-out login with 429. The documentation of django-axes asks to put it last.
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
            # Only the admin uses the processor of contrib.auth. The templates use the session of SessionKit.
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
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

# A session in the database can be revoked, survives a restart and is shared by all processes.
# With REDIS_URL, this is also true for "cached_db" and "cache", which are faster.
SESSION_ENGINE = os.environ.get("SESSION_ENGINE", "django.contrib.sessions.backends.db")

# Messages are in a signed cookie, so that public pages can show them without reading the session.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- Access (SessionKit) --------------------------------------------------------------------------

SESSIONKIT_GLOBAL_PROTECT = True  # a page without a rule needs a session
SESSIONKIT_PROTECT = policy.PROTECT
SESSIONKIT_EXCLUDE = policy.PUBLIC_PAGES
SESSIONKIT_ROLES = policy.ROLES
SESSIONKIT_WILDCARD_PERMISSIONS = True  # "articles:*" of the admins grants articles:publish and all others like it
SESSIONKIT_SESSION_VALIDATOR = "accounts.access.check_session"
SESSIONKIT_TENANT = "bureaus.tenants.bureau_of"  # the bureau that a page is about
SESSIONKIT_LOGIN_URL = "accounts:login"
SESSIONKIT_REAUTH_URL = "accounts:confirm"  # for pages that need a recent login
# Changed permissions take effect immediately on every server: each request that reads the session gets the version of
# its user from the cache. The bridge renews a session that is out of date. With an interval, a request checks the
# version only if the last check is so many seconds old.
SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
SESSIONKIT_VERSION_INTERVAL = env.seconds("NEWSROOM_VERSION_INTERVAL", default=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["django_sessionkit.contrib.drf.SessionKitAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

# --- Login ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "home"

AUTHENTICATION_BACKENDS = [
    # First, so that a locked-out login is refused before the password is checked.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    # Last. It logs nobody in: it answers user.has_perm() from the session, with the roles of policy.py.
    "django_sessionkit.contrib.auth.SessionPermissions",
]

# Argon2 for new passwords. An old hash still works, and is replaced at the next login.
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

# Five wrong passwords lock one name at one address for 15 minutes. With the name alone, anyone could lock out anyone
# else. With the address alone, a whole office would share one counter. Every attempt during the lock starts the
# 15 minutes again, so the Retry-After of accounts.lockout is exact.
# Behind a proxy, set AXES_CLIENT_IP_CALLABLE, or let the server set REMOTE_ADDR to the address of the client.
# Otherwise all clients have the address of the proxy.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)  # without it, django-axes locks forever
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
# All processes must share the counters. Redis does this atomically. Without Redis, the database is used.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler" if REDIS_URL else "axes.handlers.database.AxesDatabaseHandler"
AXES_DISABLE_ACCESS_LOG = True  # accounts.audit logs logins
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]

# Whom an admin may act as. The middleware of django-hijack is not needed: templates/includes/acting.html is the banner.
HIJACK_PERMISSION_CHECK = "accounts.acting.may_act_as"

# --- Cookies and expiry ---------------------------------------------------------------------------

# Idle timeout: half an hour without a request that reads the session. The price is that each such request writes the
# session. Absolute timeout: SIGNED_IN_SECONDS in accounts.access, which no request can extend.
SESSION_COOKIE_AGE = 30 * 60
SESSIONKIT_TOUCH_ON_REQUEST = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if HTTPS:
    # Browsers do not accept names with this prefix from a subdomain or over plain HTTP.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"

# --- Headers --------------------------------------------------------------------------------------

CONTENT_POLICY = {
    "default-src": ["'self'"],  # no inline scripts, no inline styles, no other hosts
    "img-src": ["'self'", "data:"],  # the icons of Pico are data: images in its stylesheet
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
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0  # start with one hour on a site that is new to HTTPS
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS

# Only if a proxy in front always sets this header and removes the one of the client.
if env.flag("DJANGO_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The preload list applies to a whole domain, and removal takes months. Only the owner of a domain can decide this.
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
        # A separate handler, so that the audit trail can go elsewhere and be kept longer than other logs.
        "audit": {"class": "logging.StreamHandler", "formatter": "audit"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "newsroom.audit": {"handlers": ["audit"], "level": "INFO", "propagate": False},
        # At DEBUG, it logs one line for every decision. This helps during debugging and is too much in production.
        "django_sessionkit": {"level": "INFO"},
        # The audit trail already contains every denial and rejection, through the signals.
        "django_sessionkit.security": {"level": "ERROR"},
        # The same for failed logins.
        "axes": {"level": "ERROR"},
    },
}
