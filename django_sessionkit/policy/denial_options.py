"""Parse the options that choose the response to a denial: keys of a rule, keyword arguments of a decorator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypedDict

from django.utils.functional import Promise

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.text import UNPRINTABLE, described

OnDeny = Literal["auto", "forbidden", "not_found"]

MAX_TARGET_LENGTH = 500

_ON_DENY = ("auto", "forbidden", "not_found")
_NO_OTHER_SITES = 'other sites, schemes, "//", backslashes, spaces, control characters, lone surrogates are not allowed'
_RELATIVE = re.compile(r"[\w-]+(?:/[\w-]*)+")
_URL_NAME = re.compile(r"[\w.-]+(?::[\w.-]+)*")
# Namespaces that a browser would treat as the scheme of an absolute URL.
_SCHEMES = frozenset({"blob", "data", "file", "ftp", "http", "https", "javascript", "mailto", "vbscript", "ws", "wss"})


class Options(TypedDict, total=False):
    """The options for the response to a denial: keywords of a decorator, and keys of a rule."""

    redirect_to: str | Promise | None
    login_url: str | Promise | None
    on_deny: OnDeny
    api: bool | None


@dataclass(frozen=True)
class DenialOptions:
    """How to answer a denial.

    - ``redirect_to``, ``login_url``: a site-relative path or a URL name.
    - ``on_deny``: ``"auto"``, ``"forbidden"`` or ``"not_found"``.
    - ``api``: whether the client is a program; ``None`` to detect it from the request.
    """

    redirect_to: str | Promise | None = None
    login_url: str | Promise | None = None
    on_deny: OnDeny = "auto"
    api: bool | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, object], place: str) -> DenialOptions:
        """Return the options in ``raw``. Other keys are ignored.

        Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` with ``place`` if a value is wrong.
        """
        for key in ("redirect_to", "login_url"):
            if raw.get(key) is not None:
                check_target(raw[key], f"{place}[{key!r}]")
        if raw.get("on_deny", "auto") not in _ON_DENY:
            hint = 'write "forbidden" for a 403 response, or "not_found" for a 404 response'
            raise InvalidPolicy(place, '"on_deny" must be one of "auto", "forbidden", "not_found"', hint)
        if raw.get("api") is not None and type(raw["api"]) is not bool:
            raise InvalidPolicy(place, '"api" must be True or False', 'write "api": True, or remove the key')
        options: dict[str, Any] = {key: raw[key] for key in OPTION_KEYS if key in raw}
        return cls(**options)

    @property
    def may_lead_to_login(self) -> bool:
        """Whether an anonymous caller may be redirected to the login page of the settings."""
        return self.login_url is None and self.sends_to_login

    @property
    def sends_to_login(self) -> bool:
        """Whether an anonymous caller may be redirected to any login page."""
        return self.on_deny != "not_found" and self.api is not True


OPTION_KEYS = tuple(field.name for field in fields(DenialOptions))
DEFAULT_OPTIONS = DenialOptions()


def check_target(target: object, place: str) -> str | Promise:
    """Return ``target`` if it is a site-relative path or a URL name of at most 500 characters.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if not. Browsers treat ``//host``, ``/\\host`` and
    targets that contain tabs or newlines as other sites (WHATWG URL Standard, basic URL parser). A lazy string, such as
    the result of ``reverse_lazy()``, is checked when it is used.
    """
    if isinstance(target, Promise):
        return target
    if not isinstance(target, str) or not target:
        what = described(target) if target != "" else "an empty string"
        raise InvalidPolicy(place, f"must be a site-relative path or a URL name, not {what}")
    if len(target) > MAX_TARGET_LENGTH:
        raise InvalidPolicy(place, f"must have at most {MAX_TARGET_LENGTH} characters")
    if not is_local_path(target) and not _is_url_name(target):
        raise InvalidPolicy(
            place,
            "must be a site-relative path or a URL name",
            with_slash(target) or _NO_OTHER_SITES,
        )
    return target


def with_slash(target: object) -> str:
    """Return the hint for a path without its first slash, or ``""``."""
    is_relative = isinstance(target, str) and _RELATIVE.fullmatch(target) is not None
    return f'write "/{target}"' if is_relative else ""


def _is_url_name(target: str) -> bool:
    return _URL_NAME.fullmatch(target) is not None and target.partition(":")[0].lower() not in _SCHEMES


def is_local_path(target: str) -> bool:
    """Return ``True`` if ``target`` is a path that every browser treats as a path of this site."""
    is_of_this_site = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return is_of_this_site and " " not in target and not UNPRINTABLE.search(target)
