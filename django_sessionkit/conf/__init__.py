"""The ``SESSIONKIT_*`` settings as one frozen, validated snapshot. No other module reads ``django.conf``.

The complete snapshot is built on first use, and it is discarded when any setting changes (``override_settings``). If a
setting is wrong, :func:`current` raises an exception. So a server with an invalid policy does not start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.signals import setting_changed
from django.utils.functional import Promise

from django_sessionkit.access import AccessPolicy, RoleHierarchy, parse_roles
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.rule_parser import parse_exclude, parse_rule
from django_sessionkit.policy.rules import RuleSet, ViewNamePattern
from django_sessionkit.utils.text import did_you_mean

from . import parsers as types
from .limits import DEFAULT_LIMITS, Limits, Validator

DEFAULT_SOURCE = "django_sessionkit.sources.DjangoSessionSource"

DEFAULTS: dict[str, Any] = {
    "SESSIONKIT_PROTECT": [],
    "SESSIONKIT_GLOBAL_PROTECT": False,
    "SESSIONKIT_EXCLUDE": [],
    "SESSIONKIT_LOGIN_URL": None,
    "SESSIONKIT_SESSION_KEY": "__session__",
    "SESSIONKIT_SOURCE": DEFAULT_SOURCE,
    "SESSIONKIT_SESSION_VALIDATOR": None,
    "SESSIONKIT_LIMITS": {},
    "SESSIONKIT_ACCESS_POLICY": AccessPolicy,
    "SESSIONKIT_ROLES": {},
    "SESSIONKIT_WILDCARD_PERMISSIONS": False,
    "SESSIONKIT_SESSION_TTL": None,
    "SESSIONKIT_TOUCH_ON_REQUEST": False,
    "SESSIONKIT_VERSION": None,
    "SESSIONKIT_VERSION_INTERVAL": 0,
    "SESSIONKIT_REFRESH": None,
}


@dataclass(frozen=True)
class Settings:
    """All settings, validated and parsed."""

    rules: RuleSet = field(default_factory=RuleSet)
    global_protect: bool = False
    #: ``None`` if Django's ``LOGIN_URL`` cannot be used and no rule needs it; then ``login_fault`` is the reason
    login_url: str | Promise | None = "/accounts/login/"
    login_fault: InvalidPolicy | None = None
    #: ``login_url`` and the login URLs of the rules
    login_urls: tuple[str | Promise, ...] = ()
    session_key: str = "__session__"
    source: Any = None
    validator: Validator | None = None
    limits: Limits = DEFAULT_LIMITS
    policy: AccessPolicy = field(default_factory=AccessPolicy)
    roles: RoleHierarchy = field(default_factory=RoleHierarchy)
    wildcards: bool = False
    session_ttl: int | float | None = None
    touch_on_request: bool = False
    version: Callable[[str], object] | None = None
    version_interval: int | float = 0
    refresh: Callable[..., object] | None = None
    debug: bool = False
    append_slash: bool = True
    root_urlconf: str | None = None
    language_code: str = ""
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SettingError:
    """An error in one setting."""

    setting: str
    error: InvalidPolicy


#: the current snapshot; ``None`` before the first use, and after a setting has changed
latest: Settings | None = None


def current() -> Settings:
    """Return the snapshot. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` that lists all errors."""
    global latest
    if latest is None:
        snapshot, problems = _build()
        if problems:
            raise _joined(problems)
        latest = snapshot
    return latest


def valid_or_none() -> Settings | None:
    """Return the snapshot, or ``None`` if a setting is wrong. For checks that do not report errors in settings."""
    try:
        return current()
    except InvalidPolicy:
        return None


def problems() -> list[SettingError]:
    """Return all errors in the settings, for the system checks."""
    return _build()[1]


def middleware_paths() -> list[str]:
    """Return ``MIDDLEWARE``, for the system checks."""
    return list(settings.MIDDLEWARE)


def django_setting(name: str, default: Any = None) -> Any:
    """Return a setting of Django or of another app, for the system checks."""
    return getattr(settings, name, default)


def _joined(problems: list[SettingError]) -> InvalidPolicy:
    if len(problems) == 1:
        return problems[0].error
    return InvalidPolicy("", "\n".join(["SessionKit's settings are invalid:", *(f"  {one.error}" for one in problems)]))


def reset() -> None:
    """Read the settings again when they are next asked for."""
    global latest
    latest = None


def _on_setting_changed(*, setting: str, **kwargs: object) -> None:
    """Discard the snapshot on any change: other settings matter too (``LANGUAGES``, ``DEBUG``), and only tests change
    settings."""
    reset()


setting_changed.connect(_on_setting_changed, dispatch_uid="django_sessionkit.conf")


def _build() -> tuple[Settings, list[SettingError]]:
    reader = _Reader()
    roles = reader.read("SESSIONKIT_ROLES", parse_roles, RoleHierarchy())
    wildcards = reader.read("SESSIONKIT_WILDCARD_PERMISSIONS", types.flag, False)
    rules = _rule_set(reader)
    global_protect = reader.read("SESSIONKIT_GLOBAL_PROTECT", types.flag, False)
    login_url, login_fault = _login_url(reader)
    if login_fault is not None and (global_protect or any(rule.may_lead_to_login for rule in rules.rules)):
        reader.problems.append(SettingError("SESSIONKIT_LOGIN_URL", login_fault))
    snapshot = Settings(
        rules=rules,
        global_protect=global_protect,
        login_url=login_url,
        login_fault=login_fault,
        login_urls=(*([login_url] if login_url is not None else []), *rules.login_urls),
        session_key=reader.read("SESSIONKIT_SESSION_KEY", types.session_key, "__session__"),
        source=_brought(reader, "SESSIONKIT_SOURCE", "sessionkit_source", types.source),
        validator=reader.read("SESSIONKIT_SESSION_VALIDATOR", types.validator, None),
        limits=reader.read("SESSIONKIT_LIMITS", types.limits, DEFAULT_LIMITS),
        policy=reader.read(
            "SESSIONKIT_ACCESS_POLICY", lambda raw, place: types.policy(raw, place, roles, wildcards), AccessPolicy()
        ),
        roles=roles,
        wildcards=wildcards,
        session_ttl=reader.read("SESSIONKIT_SESSION_TTL", types.ttl, None),
        touch_on_request=reader.read("SESSIONKIT_TOUCH_ON_REQUEST", types.flag, False),
        version=reader.read("SESSIONKIT_VERSION", types.version, None),
        version_interval=reader.read("SESSIONKIT_VERSION_INTERVAL", types.interval, 0),
        refresh=_brought(reader, "SESSIONKIT_REFRESH", "sessionkit_refresh", types.refresh),
        debug=settings.DEBUG,
        append_slash=settings.APPEND_SLASH,
        root_urlconf=getattr(settings, "ROOT_URLCONF", None),
        language_code=settings.LANGUAGE_CODE,
        languages=frozenset([settings.LANGUAGE_CODE, *(code for code, _ in settings.LANGUAGES)]),
    )
    return snapshot, reader.problems + _misspelled()


class _Reader:
    """Read settings one by one and collect the errors."""

    def __init__(self) -> None:
        self.problems: list[SettingError] = []

    def read(self, name: str, parse: Callable[[Any, str], Any], fallback: Any) -> Any:
        return self.parse(name, name, getattr(settings, name, DEFAULTS[name]), parse, fallback)

    def read_list(self, name: str, parse: Callable[[Any, str], Any]) -> list[Any]:
        """Parse each entry of a list setting separately, to report an error for each wrong entry."""
        items = self.read(name, types.sequence, ())
        parsed = [self.parse(name, f"{name}[{number}]", item, parse, None) for number, item in enumerate(items)]
        return [item for item in parsed if item is not None]

    def parse(self, name: str, place: str, raw: Any, parse: Callable[[Any, str], Any], fallback: Any) -> Any:
        try:
            return parse(raw, place)
        except InvalidPolicy as error:
            self.problems.append(SettingError(name, error))
            return fallback


def _brought(reader: _Reader, name: str, attribute: str, parse: Callable[[Any, str], Any]) -> Any:
    """Read a setting that an installed app may provide as a default, such as ``contrib.auth``."""
    installed = apps.get_app_configs() if apps.apps_ready else ()
    brought = [getattr(app, attribute) for app in installed if hasattr(app, attribute)]
    raw = getattr(settings, name, brought[0] if brought else DEFAULTS[name])
    return reader.parse(name, name, raw, parse, None)


def _rule_set(reader: _Reader) -> RuleSet:
    excludes = reader.read_list("SESSIONKIT_EXCLUDE", parse_exclude)
    return RuleSet(
        reader.read_list("SESSIONKIT_PROTECT", _importable_rule),
        [one for one in excludes if isinstance(one, Pattern)],
        [one for one in excludes if isinstance(one, ViewNamePattern)],
    )


def _importable_rule(raw: object, place: str) -> Any:
    rule = parse_rule(raw, place)
    types.check_predicates(rule.requirement, place)
    return rule


def _misspelled() -> list[SettingError]:
    names = [name for name in dir(settings) if name.startswith("SESSIONKIT_") and name not in DEFAULTS]
    return [SettingError(name, InvalidPolicy(name, "unknown setting", did_you_mean(name, DEFAULTS))) for name in names]


def _login_url(reader: _Reader) -> tuple[str | Promise | None, InvalidPolicy | None]:
    """Return the login URL, and the error if it cannot be used.

    ``SESSIONKIT_LOGIN_URL`` takes precedence over Django's ``LOGIN_URL``. That may be on another site as long as no
    denial redirects to it, so its error is returned and not recorded.
    """
    name = "SESSIONKIT_LOGIN_URL"
    if getattr(settings, name, None) is not None:
        return reader.read(name, types.target, "/"), None
    try:
        return types.target(
            settings.LOGIN_URL, "LOGIN_URL", f"set {name} to a page of this site that leads there"
        ), None
    except InvalidPolicy as error:
        return None, error
