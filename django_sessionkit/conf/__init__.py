"""The ``SESSIONKIT_*`` settings as one frozen, validated snapshot. No other module reads ``django.conf``.

The complete snapshot is built on first use, and it is discarded when any setting changes (``override_settings``). If a
setting is wrong, :func:`current` raises an exception. So a server with an invalid policy does not start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.signals import setting_changed
from django.utils.functional import Promise

from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.roles import RoleHierarchy, parse_roles
from django_sessionkit.policy.rule_parser import parse_exclude, parse_rule
from django_sessionkit.policy.rules import RuleSet, ViewNamePattern

from . import parsers as types
from .limits import Limits, Validator
from .misspelled import misspelled

DEFAULT_SOURCE = "django_sessionkit.sources.DjangoSessionSource"

DEFAULTS: dict[str, Any] = {
    "SESSIONKIT_PROTECT": [],
    "SESSIONKIT_GLOBAL_PROTECT": False,
    "SESSIONKIT_EXCLUDE": [],
    "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED": False,
    "SESSIONKIT_LOGIN_URL": None,
    "SESSIONKIT_REAUTH_URL": None,
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
    "SESSIONKIT_TENANT": None,
}


@dataclass(frozen=True)
class Settings:
    """All settings, validated and parsed."""

    rules: RuleSet
    global_protect: bool
    honor_login_not_required: bool
    #: ``None`` if Django's ``LOGIN_URL`` cannot be used and no rule needs it; then ``login_fault`` is the reason
    login_url: str | Promise | None
    login_fault: InvalidPolicy | None
    #: ``login_url`` and the login URLs of the rules
    login_urls: tuple[str | Promise, ...]
    reauth_url: str | Promise | None
    session_key: str
    source: Any
    validator: Validator | None
    limits: Limits
    policy: AccessPolicy
    roles: RoleHierarchy
    wildcards: bool
    session_ttl: int | float | None
    touch_on_request: bool
    version: Callable[[str], object] | None
    version_interval: int | float
    refresh: Callable[..., object] | None
    tenant: Callable[..., object] | None
    debug: bool
    append_slash: bool
    root_urlconf: str | None
    language_code: str
    languages: frozenset[str]


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
    roles = _roles(reader)
    wildcards = reader.read("SESSIONKIT_WILDCARD_PERMISSIONS", types.flag)
    rules = _rule_set(reader)
    global_protect = reader.read("SESSIONKIT_GLOBAL_PROTECT", types.flag)
    login_url, login_fault = _login_url(reader)
    if login_fault is not None and (global_protect or any(rule.may_lead_to_login for rule in rules.rules)):
        reader.problems.append(SettingError("SESSIONKIT_LOGIN_URL", login_fault))
    snapshot = Settings(
        rules=rules,
        global_protect=global_protect,
        honor_login_not_required=reader.read("SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED", types.flag),
        login_url=login_url,
        login_fault=login_fault,
        login_urls=(*([login_url] if login_url is not None else []), *rules.login_urls),
        reauth_url=reader.read("SESSIONKIT_REAUTH_URL", types.optional_target),
        session_key=reader.read("SESSIONKIT_SESSION_KEY", types.session_key),
        source=_brought(reader, "SESSIONKIT_SOURCE", "sessionkit_source", types.source),
        validator=reader.read("SESSIONKIT_SESSION_VALIDATOR", types.validator),
        limits=reader.read("SESSIONKIT_LIMITS", types.limits),
        policy=reader.read("SESSIONKIT_ACCESS_POLICY", partial(types.policy, roles=roles, wildcards=wildcards)),
        roles=roles,
        wildcards=wildcards,
        session_ttl=reader.read("SESSIONKIT_SESSION_TTL", types.ttl),
        touch_on_request=reader.read("SESSIONKIT_TOUCH_ON_REQUEST", types.flag),
        version=reader.read("SESSIONKIT_VERSION", types.version),
        version_interval=reader.read("SESSIONKIT_VERSION_INTERVAL", types.interval),
        refresh=_brought(reader, "SESSIONKIT_REFRESH", "sessionkit_refresh", types.refresh),
        tenant=reader.read("SESSIONKIT_TENANT", types.tenant),
        **_of_django(),
    )
    unknown = [SettingError(error.place, error) for error in misspelled(settings, DEFAULTS)]
    return snapshot, reader.problems + unknown


def _of_django() -> dict[str, Any]:
    return {
        "debug": settings.DEBUG,
        "append_slash": settings.APPEND_SLASH,
        "root_urlconf": getattr(settings, "ROOT_URLCONF", None),
        "language_code": settings.LANGUAGE_CODE,
        "languages": frozenset([settings.LANGUAGE_CODE, *(code for code, _ in settings.LANGUAGES)]),
    }


class _Reader:
    """Read settings one by one and collect the errors. A wrong value is replaced by the default, to go on."""

    def __init__(self) -> None:
        self.problems: list[SettingError] = []

    def read(self, name: str, parse: Callable[[Any, str], Any], default: object = None) -> Any:
        try:
            return parse(getattr(settings, name, DEFAULTS[name] if default is None else default), name)
        except InvalidPolicy as error:
            self.problems.append(SettingError(name, error))
            return parse(DEFAULTS[name], name)

    def read_list(self, name: str, parse: Callable[[Any, str], Any]) -> list[Any]:
        """Parse each entry of a list setting separately, to report an error for each wrong entry."""
        parsed = []
        for number, item in enumerate(self.read(name, types.sequence)):
            try:
                parsed.append(parse(item, f"{name}[{number}]"))
            except InvalidPolicy as error:
                self.problems.append(SettingError(name, error))
        return parsed


def _brought(reader: _Reader, name: str, attribute: str, parse: Callable[[Any, str], Any]) -> Any:
    """Read a setting that an installed app may provide as a default, such as ``contrib.auth``."""
    return reader.read(name, parse, of_apps(attribute))


def of_apps(attribute: str) -> Any:
    """Return the attribute of the first installed app that has it, such as the bridge; else ``None``."""
    installed = apps.get_app_configs() if apps.apps_ready else ()
    return next((getattr(app, attribute) for app in installed if hasattr(app, attribute)), None)


def _roles(reader: _Reader) -> RoleHierarchy:
    """Read the roles, and those that an installed app adds for its users."""
    name, brought = "SESSIONKIT_ROLES", None
    try:
        brought = of_apps("sessionkit_roles")
    except InvalidPolicy as error:
        reader.problems.append(SettingError(name, error))
    roles: RoleHierarchy = reader.read(name, partial(parse_roles, brought=brought))
    return roles


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


def _login_url(reader: _Reader) -> tuple[str | Promise | None, InvalidPolicy | None]:
    """Return the login URL, and the error if it cannot be used.

    ``SESSIONKIT_LOGIN_URL`` takes precedence over Django's ``LOGIN_URL``. That may be on another site as long as no
    denial redirects to it, so its error is returned and not recorded.
    """
    name = "SESSIONKIT_LOGIN_URL"
    if getattr(settings, name, None) is not None:
        return reader.read(name, types.optional_target), None
    try:
        return types.target(
            settings.LOGIN_URL, "LOGIN_URL", f"set {name} to a page of this site that leads there"
        ), None
    except InvalidPolicy as error:
        return None, error
