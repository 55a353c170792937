"""The costs of step-up, tenants, objects, impersonation and ``user.has_perm()``.

A site that does not use them pays nothing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import time
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from django_sessionkit import (
    AllowObject,
    Authenticated,
    Factor,
    Impersonated,
    Recent,
    Role,
    Within,
    conf,
    evaluate,
    use_session,
    validate_session,
)
from django_sessionkit.contrib.auth import SessionPermissions
from django_sessionkit.requirements import Requirement

from . import site
from .pages import OURS, Stack, asgi, check_page, check_pinned, hops, queries, reads, with_settings, wsgi
from .report import Bound, Case, Fact, Pair, Scale, expect
from .timing import statement

_FIELDS = {"tenants": {"acme": {"roles": ["reader"], "permissions": site.READER["permissions"]}}, "amr": ["pwd", "otp"]}

# Rules for pages that nobody requests here.
_ELSEWHERE: list[dict[str, Any]] = [
    {"pattern": "/stale/**", "role": "editor", "recent": 600, "factor": ["otp"]},
    {"pattern": "/tenant/**", "role": "editor", "within": True},
    {"pattern": "/person/**", "require": Role("editor") & ~Impersonated()},
]


def _tenant_of(request: HttpRequest) -> str:
    return "acme"


async def _atenant_of(request: HttpRequest) -> str:
    return "acme"


_TENANT = {"WSGI": _tenant_of, "ASGI": _atenant_of}
_USED: dict[str, Requirement] = {
    "`Recent` and `Factor`": Role("reader") & Recent(86400) & Factor("otp"),
    "`SESSIONKIT_TENANT` and `Within`": Within(Role("reader")),
    "`~Impersonated()`": Role("reader") & ~Impersonated(),
}
_LOADED = """
import sys
from benchmarks import site
site.configure()
from benchmarks.pages import OURS, check_page, wsgi
with site.using(SESSIONKIT_PROTECT=site.rules(10)):
    check_page(wsgi(OURS, "/team/", site.stored_session({"__session__": site.READER})))
print(*(name for name in sys.modules if name.startswith(("django_sessionkit.contrib.", "django_sessionkit.openapi"))))
"""


def reader() -> dict[str, Any]:
    """Return a dict with all fields, after a login just now."""
    return {**site.READER, **_FIELDS, "auth_time": int(time())}


def rows(scale: Scale) -> Iterator[Case | Fact]:
    """Yield the rows for a site that uses none, then those for sites that do."""
    yield Fact("modules for other libraries that a site without them loads", "–", "0", _loaded, is_answer=True)
    loop = asyncio.new_event_loop()
    for name, make in (("WSGI", wsgi), ("ASGI", partial(asgi, loop))):
        yield from _unused(scale, name, make)
        yield from _used(scale, name, make)
    loop.close()
    yield from _questions()
    yield from _permissions()


def _loaded() -> tuple[str, bool]:
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", _LOADED], cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    names = done.stdout.split()
    return " ".join([str(len(names)), *names]), not names


def _stack(make: Callable[..., Stack], data: dict[str, Any], **settings: Any) -> tuple[Stack, conf.Settings, Stack]:
    """Return a page of a site with these settings, the settings, and the same page with its settings in use."""
    with site.using(**settings):
        cookie = site.stored_session({"__session__": data})
        stack, snapshot = make(OURS, "/team/", cookie), conf.current()
    return stack, snapshot, Stack(partial(_asked, snapshot, stack), with_settings(snapshot, stack.timed))


def _asked(snapshot: conf.Settings, stack: Stack) -> Any:
    return with_settings(snapshot, lambda times: stack.ask())(1)


def _unused(scale: Scale, name: str, make: Callable[..., Stack]) -> Iterator[Case | Fact]:
    plain = [{"pattern": one["pattern"], "role": "editor"} for one in _ELSEWHERE]
    rules = site.rules(10)
    *_, ours = _stack(make, site.READER, SESSIONKIT_PROTECT=[*_ELSEWHERE, *rules], SESSIONKIT_TENANT=None)
    *_, theirs = _stack(make, site.READER, SESSIONKIT_PROTECT=[*plain, *rules])
    what = f"{name}: protected page, rules of other pages ask for a recent login, a tenant, no impersonation"
    yield _compared(scale, what, "the other rules ask for a role", Bound(1.05), ours, theirs)
    yield from _counts(what, ours, theirs)


def _used(scale: Scale, name: str, make: Callable[..., Stack]) -> Iterator[Case | Fact]:
    *_, theirs = _stack(make, reader(), SESSIONKIT_PROTECT=site.rules(10))
    for label, requirement in _USED.items():
        settings = {"SESSIONKIT_TENANT": _TENANT[name]} if isinstance(requirement, Within) else {}
        rules = [*site.rules(10)[:-1], {"pattern": "/team/**", "require": requirement}]
        stack, snapshot, ours = _stack(make, reader(), SESSIONKIT_PROTECT=rules, **settings)
        check_pinned(snapshot, stack)
        what = f"{name}: protected page with {label}"
        yield _compared(scale, what, "the same session, a role", Bound(), ours, theirs)
        yield from _counts(what, ours, theirs)


def _compared(scale: Scale, what: str, against: str, bound: Bound, ours: Stack, theirs: Stack) -> Case:
    check = partial(check_page, ours, theirs)
    return Case(what, against, bound, [Pair("", ours.timed, theirs.timed)], check, scale.pages)


def _counts(what: str, ours: Stack, theirs: Stack) -> Iterator[Fact]:
    def more(counter: Callable[[Stack], int]) -> tuple[str, bool]:
        mine, other = counter(ours), counter(theirs)
        return f"{mine - other} more ({mine})", mine == other

    for label, counter in (("queries", queries), ("session reads", reads), ("thread hops", hops)):
        yield Fact(f"{what}: {label}", "the same", "0 more", partial(more, counter), is_answer=True)


def _is_reader(session: Any, obj: object) -> bool:
    return session is not None and session.role == "reader"


def _questions() -> Iterator[Case]:
    """The time of a question in code, with the session already loaded."""
    asked: dict[str, tuple[Requirement, object]] = {
        "`evaluate(Role(...) & Recent(600))`": (Role("reader") & Recent(86400), None),
        '`evaluate(Within(Role("reader")))`': (Within(Role("reader")), None),
        "`evaluate(Role(...) & ~Impersonated())`": (Role("reader") & ~Impersonated(), None),
        "`evaluate(AllowObject(f), obj=...)`": (Authenticated() & AllowObject(_is_reader), object()),
    }
    with use_session(reader(), tenant="acme"):
        plain = statement("evaluate(one)", evaluate=evaluate, one=Role("reader"))
        for what, (requirement, obj) in asked.items():
            ours = statement("evaluate(one, obj=obj)", evaluate=evaluate, one=requirement, obj=obj)
            check = partial(_check_answers, requirement, obj)
            yield Case(what, '`evaluate(Role("reader"))`', Bound(), [Pair("", ours, plain)], check)
    ours = statement("validate(data)", validate=validate_session, data=reader())
    plain = statement("validate(data)", validate=validate_session, data=site.READER)
    pair = Pair("", ours, plain)
    yield Case(
        "`validate_session`, a dict with `auth_time`, `amr`, `tenants`", "without them", Bound(), [pair], _nothing
    )


def _nothing() -> None:
    """There is nothing to check."""


def _check_answers(requirement: Requirement, obj: object) -> None:
    expect(f"the answer of {requirement!r}", evaluate(requirement, obj=obj).allowed, True)
    with use_session({"user_id": "7", "role": "guest", "act": {"user_id": "1"}}):
        expect(f"the answer of {requirement!r} to a guest", evaluate(requirement, obj=obj).allowed, False)


def _permissions() -> Iterator[Case]:
    """``user.has_perm()``, answered by the session, and by the database with its cache filled."""
    name, granted = "auth.view_user", {"user_id": "1", "permissions": ["auth.view_user"]}
    user = User(pk=1, username="reader", is_active=True)
    user._perm_cache = user._user_perm_cache = user._group_perm_cache = {name}  # type: ignore[attr-defined]
    with use_session(granted):
        ours, theirs = (
            statement("backend.has_perm(user, name)", backend=one(), user=user, name=name)
            for one in (SessionPermissions, ModelBackend)
        )
        check = partial(_check_permission, user, name)
        yield Case(
            "`has_perm()` of `SessionPermissions`", "`ModelBackend`, loaded", Bound(), [Pair("", ours, theirs)], check
        )


def _check_permission(user: User, name: str) -> None:
    expect("the permission of the session", SessionPermissions().has_perm(user, name), True)
    expect("another permission", SessionPermissions().has_perm(user, "auth.delete_user"), False)
