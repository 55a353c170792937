"""How a denial is to be answered: the response keys of a rule, the keyword options of a decorator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from django.utils.functional import Promise

from .exceptions import InvalidPolicy

OnDeny = Literal["auto", "forbidden", "not_found"]

MAX_TARGET_LENGTH = 500

_ON_DENY = ("auto", "forbidden", "not_found")
_URL_NAME = re.compile(r"[\w.-]+(?::[\w.-]+)*")
# What a browser would take the first part of a "URL name" for.
_SCHEMES = frozenset({"blob", "data", "file", "ftp", "http", "https", "javascript", "mailto", "vbscript", "ws", "wss"})
# A lone surrogate cannot be sent: it has no UTF-8.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")


@dataclass(frozen=True)
class DenialOptions:
    """``redirect_to`` and ``login_url`` are site-relative paths or URL names; ``api``: the caller is a program."""

    redirect_to: str | Promise | None = None
    login_url: str | Promise | None = None
    on_deny: OnDeny = "auto"
    api: bool | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, object], place: str) -> DenialOptions:
        """Check the values, or raise :class:`~django_sessionkit.exceptions.InvalidPolicy` naming ``place``."""
        for key in ("redirect_to", "login_url"):
            if raw.get(key) is not None:
                check_target(raw[key], f"{place}[{key!r}]" if place else key)
        if raw.get("on_deny", "auto") not in _ON_DENY:
            raise InvalidPolicy(place, '"on_deny" must be one of "auto", "forbidden", "not_found"')
        if raw.get("api") is not None and type(raw["api"]) is not bool:
            raise InvalidPolicy(place, '"api" must be True or False')
        return cls(**{key: raw[key] for key in OPTION_KEYS if key in raw})  # type: ignore[arg-type]

    @property
    def may_lead_to_login(self) -> bool:
        """Whether an anonymous caller may be sent to the login page of the settings."""
        return self.login_url is None and self.on_deny != "not_found" and self.api is not True


OPTION_KEYS = tuple(field.name for field in fields(DenialOptions))
DEFAULT_OPTIONS = DenialOptions()


def check_target(target: object, place: str) -> None:
    """Refuse what is not a site-relative path or a URL name of at most 500 characters.

    Browsers take ``//host``, ``/\\host`` and targets with tabs or newlines inside for other sites (WHATWG URL standard,
    basic URL parser). A lazy string, such as ``reverse_lazy()`` gives, is checked when it is used.
    """
    if isinstance(target, Promise):
        return
    if not isinstance(target, str) or not target:
        raise InvalidPolicy(place, "must be a site-relative path or a URL name")
    if len(target) > MAX_TARGET_LENGTH:
        raise InvalidPolicy(place, f"may have {MAX_TARGET_LENGTH} characters at most")
    if not is_site_path(target) and not _is_url_name(target):
        raise InvalidPolicy(
            place,
            "must be a site-relative path or a URL name",
            'other sites, schemes, "//", backslashes, spaces, control characters and lone surrogates are refused',
        )


def _is_url_name(target: str) -> bool:
    return _URL_NAME.fullmatch(target) is not None and target.partition(":")[0].lower() not in _SCHEMES


def is_site_path(target: str) -> bool:
    """Whether ``target`` is a path of this site that no browser takes for anything else."""
    return target.startswith("/") and not target.startswith("//") and not _UNSAFE.search(target)
