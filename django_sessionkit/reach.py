"""Whether a page can be opened, asked without opening it: URL rules, then what the view itself asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, get_script_prefix, resolve, reverse

from . import conf
from .context import Slot, current_slot
from .declared import declared
from .flows import Flow
from .guard import Denial, Passage, Target, inspect


def can_reach(where: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], method: str) -> Flow[bool]:
    """The flow of :func:`django_sessionkit.can_access`."""
    if not isinstance(where, str):
        raise TypeError(f"can_access() takes a path or a URL name, not {type(where).__name__}")
    slot = current_slot() or Slot.fixed(None)
    urlconf = getattr(slot.request, "urlconf", None)
    url = where if where.startswith("/") else reverse(where, urlconf, args, dict(kwargs))
    path = unquote(urlsplit(url).path) if not url.startswith("//") else url
    target = target_of(path, method, urlconf)
    if target is None:
        return False
    return (yield from foresee(target, slot)) is None


def target_of(path: str, method: str, urlconf: Any) -> Target | None:
    """The target of a path (with or without the mount prefix), or ``None`` if it leads nowhere."""
    prefix = get_script_prefix()
    path_info = "/" + path[len(prefix) :] if path.startswith(prefix) else path
    try:
        match = resolve(path_info, urlconf)
    except Resolver404:
        return None
    mounted = prefix.rstrip("/") + path_info
    return Target(path_info, mounted, method.upper(), urlconf, match, resolved=True)


def foresee(target: Target, slot: Slot) -> Flow[Denial | None]:
    """The denial that a routed request would meet, by rule or by its view."""
    denial = yield from inspect(target, Passage(slot), with_default=True)
    if denial is not None or target.match is None:
        return denial
    session = yield from slot.flow("acan_access")
    for mark in declared(target.match.func, target.method):
        decision = yield from mark.requirement.flow(session, conf.current().policy, slot.request)
        if not decision:
            return Denial(decision, mark.options)
    return None
