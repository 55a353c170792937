"""Evaluate requirements for the session of a context, and reuse a decision as long as nothing changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from django_sessionkit import conf
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.policy.decisions import (
    MISSING_FACTOR,
    NOBODY,
    REFUSED,
    STALE_AUTHENTICATION,
    UNKNOWN_FOR_NOW,
    Decision,
)
from django_sessionkit.requirements.algebra import Requirement
from django_sessionkit.requirements.check_input import DEFAULT_POLICY, CheckInput
from django_sessionkit.session.audit import logger
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext, current_context
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.bounded_cache import keep
from django_sessionkit.utils.sansio import Flow
from django_sessionkit.utils.text import described

from . import audit as guard_audit
from .objects import note_question

if TYPE_CHECKING:
    from django.http import HttpRequest

# Code may build a new requirement for every call, so the number of cached decisions is limited.
_MOST_CACHED = 256
_HEAVIEST_CACHED = 1000
#: what a client is told about a denial, by its reason; other reasons have no sentence of their own
PUBLIC_TEXTS: dict[str, Promise] = {
    REFUSED: client_texts.NO_VALID_SESSION,
    UNKNOWN_FOR_NOW: client_texts.UNKNOWN_FOR_NOW,
    STALE_AUTHENTICATION: client_texts.NEEDS_RECENT_LOGIN,
    MISSING_FACTOR: client_texts.NEEDS_FACTOR,
}
_OUTSIDE = (
    'The code runs outside a request. In a command, task or thread, run it in "with use_session(data):". '
    "In a view, add django_sessionkit.middleware.SessionKitMiddleware to MIDDLEWARE."
)


def cached_decision(requirement: Requirement, context: SessionContext | None = None) -> Decision | None:
    """Return the cached decision for the session of ``context`` (by default the current context), or ``None``.

    ``None`` means that :func:`decide` has to be called. A cached decision is valid as long as the loaded session, the
    stored value that it was loaded from, and the settings are the same objects.
    """
    context = context or current_context()
    if context is None:
        return None
    loaded = context.loaded
    settings = conf.latest
    if loaded is None or settings is None or loaded.current_value() is not loaded.raw:
        return None
    return prepare_decisions(loaded, settings).get(requirement.cache_key)


def decide(
    context: SessionContext | None, requirement: Requirement, request: HttpRequest | None, obj: object = None
) -> Flow[Decision]:
    """Evaluate ``requirement``, and load the session first if necessary."""
    if context is None:
        return (yield from requirement.flow(CheckInput(None, conf.current().policy, request, obj)))
    session = (yield from context.flow()) if context.loaded is None else context.peek()
    settings, loaded = conf.current(), context.loaded
    asked = CheckInput(session, settings.policy, request, obj)
    if loaded is None or loaded.session is not session:
        return (yield from requirement.flow(asked))
    decisions = prepare_decisions(loaded, settings)
    decision = decisions.get(requirement.cache_key)
    if decision is None:
        decision = yield from requirement.flow(asked)
        if loaded.fault is not None:
            decision = yield from without_session(requirement, decision, loaded.fault, asked)
        if _can_be_kept(requirement, decision, settings):
            keep(decisions, requirement.cache_key, decision, _MOST_CACHED)
    return decision


def without_session(requirement: Requirement, decision: Decision, fault: Fault, asked: CheckInput) -> Flow[Decision]:
    """Turn ``decision``, made for an anonymous caller, into the one for a caller with a refused or unknown session.

    Only ``Public()`` and ``Allow`` grant anything to such a caller. What the access policy grants to anonymous callers
    does not apply.
    """
    if decision.allowed and conf.current().policy.overrides_check:
        decision = yield from requirement.flow(asked._replace(policy=DEFAULT_POLICY))
    if decision.allowed or decision.failed or decision.reason == NOBODY:
        return decision
    return replace(decision, reason=fault.reason, missing=(), detail=fault.detail)


def public_text(fault: Fault) -> Promise:
    """Return the sentence that may be sent to the client. It is translated when it is used."""
    return PUBLIC_TEXTS[fault.reason]


def denial_of(context: SessionContext | None, decision: Decision | None = None) -> NotAuthenticated | AccessDenied:
    """Return the exception to raise for the session of ``context``.

    It is :class:`NotAuthenticated` only if a login would help, or outside a request.
    """
    if context is None or _has_ended(context):
        return NotAuthenticated(decision, f"There is no session. {_OUTSIDE}")
    session, fault = context.peek(), context.fault
    if fault is not None:
        found = decision if decision is not None else Decision(False, fault.reason, detail=fault.detail)
        return AccessDenied(found, public_text(fault))
    if session is None:
        return NotAuthenticated(decision)
    return AccessDenied(decision, PUBLIC_TEXTS.get(decision.reason, "") if decision is not None else "")


def prepare_decisions(loaded: LoadedSession, settings: conf.Settings) -> dict[object, Decision]:
    """Attach to ``loaded`` the decisions that all sessions with the same grants share, and return them."""
    if loaded.decisions is not None and loaded.settings_used is settings:
        return loaded.decisions
    if (session := loaded.session) is None or settings.policy.overrides_grants or guard_audit.is_verbose():
        decisions: dict[object, Decision] = {}
    else:
        decisions = settings.policy.grants(session).decisions
    loaded.decisions, loaded.settings_used = decisions, settings
    return decisions


def _can_be_kept(requirement: Requirement, decision: Decision, settings: conf.Settings) -> bool:
    """Return ``False`` if project code may decide differently the next time, or if the log must show every decision."""
    if not requirement.is_static or requirement.weight > _HEAVIEST_CACHED:
        return False
    return not (decision.failed or settings.policy.overrides_check or guard_audit.is_verbose())


def as_requirement(found: object, place: str) -> Requirement:
    """Return ``found`` if it is a requirement. Raises ``InvalidPolicy`` if not."""
    if isinstance(found, Requirement):
        return found
    hint = 'write Role("editor"), Permission("posts:write") or Allow(function)'
    raise InvalidPolicy(place, f"needs a requirement, not {described(found)}", hint)


def evaluate_current(requirement: Requirement, caller: str, obj: object = None) -> Flow[Decision]:
    """Evaluate ``requirement`` for the current session, and log the decision. ``caller`` is the name of a function."""
    as_requirement(requirement, f"{caller}()")
    context = current_context()
    warn_outside(context, caller)
    request = context.request if context is not None else None
    decision = yield from decide(context, requirement, request, obj)
    guard_audit.decided(decision, request)
    return decision


def evaluate_about(requirement: Requirement, caller: str, obj: object) -> Flow[Decision]:
    """Do the same as :func:`evaluate_current`, and note that code of a view has asked about an object, if there is one.

    Code in a template hides a part of a page, so it does not count.
    """
    context = current_context()
    if obj is not None and context is not None:
        note_question(context.request)
    return (yield from evaluate_current(requirement, caller, obj))


def warn_outside(context: SessionContext | None, caller: str) -> None:
    """Log, with ``DEBUG``, that the function ``caller`` finds no session, because it runs outside a request."""
    if (context is None or _has_ended(context)) and conf.current().debug:
        logger.warning("%s() found no session. %s", caller, _OUTSIDE)


def _has_ended(context: SessionContext) -> bool:
    """Return ``True`` if the session was never loaded and cannot be loaded any more, because the request has ended."""
    return context.loaded is None and context.request is None
