"""Settings with a fault each, and what their error says; and values that are fine."""

from __future__ import annotations

from django_sessionkit.access import AccessPolicy
from django_sessionkit.sources import SessionSource


def predicate(session):
    return True


def three(session, request, more):
    return True


async def async_validator(data):
    return data


class AsyncRoles(AccessPolicy):
    async def get_roles(self, session):  # type: ignore[override]
        return []


class ShortCheck(AccessPolicy):
    def check(self, requirement):  # type: ignore[override]
        return None


class Unbuildable(AccessPolicy):
    def __init__(self):
        pass


class NoSource:
    def __call__(self):
        pass


class HalfSource:
    def read(self, request):
        return None

    async def aread(self, request):
        return None


class OwnSource(SessionSource):
    def read(self, request):
        return None


class OddChallenge(OwnSource):
    challenge = "Bearer\r\nX: y"


def odd_challenge(request):
    return None


odd_challenge.challenge = 7  # type: ignore[attr-defined]


BAD = [
    ("SESSIONKIT_PROTECT", {"pattern": "/a"}, "SESSIONKIT_PROTECT: must be a list, not dict"),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "rol": "x"}], 'SESSIONKIT_PROTECT[0]: unknown key "rol"'),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "allow": "no.such.thing"}], "cannot be imported"),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "allow": "math.pi"}], "is not callable"),
    (
        "SESSIONKIT_PROTECT",
        [{"pattern": "/a", "allow": "support.bad_settings.three"}],
        "SESSIONKIT_PROTECT[0]: three must take",
    ),
    ("SESSIONKIT_GLOBAL_PROTECT", "yes", "must be True or False, not str"),
    ("SESSIONKIT_GLOBAL_PROTECT", 1, "must be True or False, not int"),
    ("SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED", "yes", "must be True or False, not str"),
    ("SESSIONKIT_EXCLUDE", "/static/**", "SESSIONKIT_EXCLUDE: must be a list, not str"),
    ("SESSIONKIT_EXCLUDE", ["/ok", "/a*"], "SESSIONKIT_EXCLUDE[1]: "),
    ("SESSIONKIT_LOGIN_URL", "https://sso.example", "SESSIONKIT_LOGIN_URL: must be a site-relative path"),
    *(
        ("SESSIONKIT_PROTECT", [{"pattern": "/a", "role": "a", key: target}], f"[0][{key!r}]: must be a site-relative")
        for key in ("login_url", "redirect_to")
        for target in ("/up\ud800grade/", "/\udfff", "up\udc80", "https://sso.example/")
    ),
    ("SESSIONKIT_LOGIN_URL", "/log\ud800in/", "SESSIONKIT_LOGIN_URL: must be a site-relative path"),
    ("SESSIONKIT_SESSION_KEY", "", "non-blank string"),
    ("SESSIONKIT_SESSION_KEY", 7, "non-blank string"),
    ("SESSIONKIT_SESSION_KEY", "_auth_user_id", "a key of Django itself"),
    ("SESSIONKIT_SOURCE", "no.such.Source", "cannot be imported"),
    ("SESSIONKIT_SOURCE", OddChallenge, "has a challenge that is no header; write challenge ="),
    ("SESSIONKIT_SOURCE", odd_challenge, "has a challenge that is no header; write challenge ="),
    (
        "SESSIONKIT_SOURCE",
        "support.bad_settings.HalfSource",
        "is not a SessionSource; subclass django_sessionkit.sources",
    ),
    ("SESSIONKIT_SOURCE", HalfSource(), "is not a SessionSource"),
    ("SESSIONKIT_SOURCE", NoSource(), "must be a SessionSource or a callable"),
    ("SESSIONKIT_SOURCE", 7, "must be a SessionSource or a callable"),
    ("SESSIONKIT_SOURCE", lambda: None, "must be a SessionSource or a callable"),
    ("SESSIONKIT_SESSION_VALIDATOR", "no.such.validator", "cannot be imported"),
    ("SESSIONKIT_SESSION_VALIDATOR", "nodots", "cannot be imported"),
    ("SESSIONKIT_SESSION_VALIDATOR", lambda: None, "must be a callable that takes the dict"),
    ("SESSIONKIT_SESSION_VALIDATOR", 7, "must be a callable that takes the dict"),
    ("SESSIONKIT_SESSION_VALIDATOR", "support.bad_settings.async_validator", "must not be async"),
    ("SESSIONKIT_LIMITS", [], "must be a dict of limit name"),
    ("SESSIONKIT_LIMITS", {"role_count": 5}, 'unknown limit; did you mean "roles_count"'),
    ("SESSIONKIT_LIMITS", {"roles_count": "5"}, "must be an integer"),
    ("SESSIONKIT_LIMITS", {"roles_count": 0}, "must be an integer"),
    ("SESSIONKIT_LIMITS", {"roles_count": True}, "must be an integer"),
    ("SESSIONKIT_ACCESS_POLICY", "no.such.Policy", "cannot be imported"),
    ("SESSIONKIT_ACCESS_POLICY", "support.bad_settings.NoSource", "must be a subclass of"),
    ("SESSIONKIT_ACCESS_POLICY", AccessPolicy(), "must be a subclass of"),
    ("SESSIONKIT_ACCESS_POLICY", AsyncRoles, "get_roles() must not be async"),
    ("SESSIONKIT_ACCESS_POLICY", ShortCheck, "check() does not take the arguments"),
    ("SESSIONKIT_ACCESS_POLICY", Unbuildable, "Unbuildable() raised TypeError"),
    ("SESSIONKIT_ROLES", {"a": {"inherits": ["b"]}}, "SESSIONKIT_ROLES['a']: inherits the unknown role"),
    ("SESSIONKIT_WILDCARD_PERMISSIONS", None, "must be True or False"),
    ("SESSIONKIT_SESSION_TTL", 0, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", -1, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", "60", "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", True, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", float("nan"), "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", float("inf"), "positive number of seconds"),
    ("SESSIONKIT_TOUCH_ON_REQUEST", "yes", "must be True or False"),
    ("SESSIONKIT_PROTEKT", [], 'SESSIONKIT_PROTEKT: unknown setting; did you mean "SESSIONKIT_PROTECT"?'),
    ("SESSIONKIT_VERSION", "django_sessionkit.versions.nothing", "cannot be imported"),
    (
        "SESSIONKIT_VERSION",
        "django_sessionkit.versions.CacheVersions",
        "SESSIONKIT_VERSION: must not be a class; name an instance, such as CacheVersions()",
    ),
    (
        "SESSIONKIT_VERSION",
        "support.bad_settings.three",
        "SESSIONKIT_VERSION: must be a callable that takes the user id",
    ),
    ("SESSIONKIT_VERSION", 5, "SESSIONKIT_VERSION: must be a callable that takes the user id"),
    ("SESSIONKIT_REFRESH", "no.such.thing", "cannot be imported"),
    ("SESSIONKIT_REFRESH", len, "SESSIONKIT_REFRESH: must be a callable that takes (session, request)"),
    *(
        ("SESSIONKIT_VERSION_INTERVAL", wrong, "SESSIONKIT_VERSION_INTERVAL: must be a number of seconds, 0 or more")
        for wrong in (-1, True, "5", None, float("inf"))
    ),
]
