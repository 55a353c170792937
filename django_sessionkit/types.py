"""Types for the annotations in a project. Type checkers and editors read them. Nothing needs them at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from django.http import HttpRequest

from .policy.denial_options import OnDeny, Options
from .policy.view_marks import GuardedView
from .requirements import Requirement
from .session.context import SessionContext

if TYPE_CHECKING:
    from .requirements.functions import Predicate

__all__ = ["GuardedView", "OnDeny", "Options", "Rule", "SessionKitRequest"]

_Verb = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


class Rule(Options, total=False):
    """One entry of ``SESSIONKIT_PROTECT``: ``SESSIONKIT_PROTECT: list[Rule] = [...]``.

    An editor then completes the keys, and a type checker reports an unknown key and a value of the wrong type. That a
    rule needs a ``pattern`` or a ``view``, and a requirement, is checked when the server starts.
    """

    pattern: str | list[str] | tuple[str, ...]
    view: str | list[str] | tuple[str, ...]
    methods: list[_Verb] | tuple[_Verb, ...] | Literal["unsafe"]
    authenticated: Literal[True]
    role: str
    roles: list[str] | tuple[str, ...]
    permission: str
    permissions: list[str] | tuple[str, ...]
    any_permission: list[str] | tuple[str, ...]
    allow: str | Predicate
    require: Requirement
    recent: int
    factor: str | list[str] | tuple[str, ...]
    within: Literal[True]
    public: Literal[True]
    deny: Literal[True]
    name: str
    i18n: bool


class SessionKitRequest(HttpRequest):
    """A request that has passed ``SessionKitMiddleware``. It is only for annotations; no object has this class.

    ``request.sessionkit`` holds the session of the request: ``get()`` returns it or ``None``, ``await aget()`` is its
    async variant, and ``peek()`` returns it if it is already loaded.
    """

    sessionkit: SessionContext
