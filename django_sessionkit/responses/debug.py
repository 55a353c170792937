"""Output for developers while ``DEBUG`` is on: a response header, and an error page that explains a denial."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from django.template import Context, Engine

from django_sessionkit import conf
from django_sessionkit.explanation import text
from django_sessionkit.explanation.builder import explain_request
from django_sessionkit.guard.engine import GLOBAL_LABEL, exempted_from_default
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.guard.shown_session import shown_grants
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.session.context import SessionContext
from django_sessionkit.utils.sansio import Flow

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from django_sessionkit.policy.decisions import Decision

__all__ = ["HEADER", "PAGE_HEADERS", "annotate", "denied", "page", "page_context"]

#: a kind of name, the names with their origin, and a note that follows them
_Names: TypeAlias = tuple[str, list[tuple[str, str]], str]

HEADER = "X-SessionKit-Decision"

# The CSP middleware of Django and that of django-csp do not change a header that exists. This one allows the inline
# style of the page, and a debug toolbar. The page is for developers, so it is not translated.
PAGE_HEADERS = {
    "Content-Language": "en",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}

_TEMPLATES = Path(__file__).parents[1] / "templates"
_MOST_CHARACTERS = 200
_MOST_NAMES = 50
_UNSAFE_IN_HEADER = re.compile(r"[^\x20-\x3a\x3c-\x7e]")


def denied(decision: Decision) -> str:
    """Return the value of the debug header for a denial."""
    return _header("denied", decision.rule or "view", decision.reason)


def annotate(request: Any, response: HttpResponseBase) -> None:
    """Add the debug header to a response that was allowed. This does not load the session."""
    if not response.has_header(HEADER):
        evaluation: RequestEvaluation = request._sessionkit_evaluation
        response[HEADER] = _header("allowed", *_what_allowed(request, evaluation))


def _header(*parts: str) -> str:
    """Join the parts. Characters that are not printable ASCII, and semicolons inside a part, become ``?``."""
    outcome, rule, reason = (_UNSAFE_IN_HEADER.sub("?", part)[:_MOST_CHARACTERS] for part in parts)
    return f"{outcome}; rule={rule}; reason={reason}"


def _what_allowed(request: HttpRequest, evaluation: RequestEvaluation) -> tuple[str, str]:
    rule, reason = _what_denied(request, evaluation)
    match = request.resolver_match
    if match is None or not requirements_of(match.func, request.method or ""):
        return rule, reason
    return ("view" if rule == "none" else f"{rule}+view"), "granted"


def _what_denied(request: HttpRequest, evaluation: RequestEvaluation) -> tuple[str, str]:
    rule = evaluation.rule
    label = rule.label if rule is not None else GLOBAL_LABEL
    decision = evaluation.decision_of(label)
    if decision is not None:
        ignored = "reauth_page" if evaluation.is_reauth_page else "login_page"
        return label, "granted" if decision else ignored
    if rule is not None and rule.is_public:
        return label, "public"
    return "none", _why_open(request, evaluation)


def _why_open(request: HttpRequest, evaluation: RequestEvaluation) -> str:
    if not conf.current().global_protect:
        return "unprotected"
    if not evaluation.is_routed:
        return "not_routed"
    return exempted_from_default(request.path_info, AccessRequest.of(request, resolved=True)) or "unknown"


@cache
def _engine() -> Engine:
    """Return a separate engine, because the engine of the project may not load templates from apps."""
    return Engine(dirs=[str(_TEMPLATES)])


def page_context(request: HttpRequest, decision: Decision, context: SessionContext) -> Flow[dict[str, Any]]:
    """Collect what the debug page shows. ``decision`` is the one that denied; it may come from code inside the view."""
    explanation = yield from explain_request(request)
    rights = yield from _rights(context)
    return {
        "decision": decision,
        "is_by_code": explanation.allowed,
        "title": text.visible(f"{explanation.method} {explanation.path}"),
        "explanation": explanation.as_dict(),
        "rights": rights,
        "has_every_permission": _has_every_permission(context),
    }


def page(status: int, context: dict[str, Any]) -> str:
    """Render the debug page."""
    return _engine().get_template("django_sessionkit/denied.html").render(Context({"status": status, **context}))


def _rights(context: SessionContext) -> Flow[list[_Names]]:
    """Return the effective roles and permissions of the session, or an empty list if there is no session."""
    session = context.peek()
    if session is None:
        return []
    roles, permissions = yield from shown_grants(session)
    own_role, own_roles, own_permissions = session.grants_key
    return [_named("Roles", roles, {own_role, *own_roles}), _named("Permissions", permissions, own_permissions)]


def _has_every_permission(context: SessionContext) -> bool:
    session = context.peek()
    grants = conf.current().policy.cached_grants(session) if session is not None else None
    return grants is not None and grants.has_every_permission


def _named(kind: str, names: list[str], own: Collection[str | None]) -> _Names:
    """Return names with the origin of those that are not in the session itself, and a note about names left out."""
    origin = "added by the access policy" if conf.current().policy.overrides_grants else "by SESSIONKIT_ROLES"
    shown = [(name, "" if name in own else origin) for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return kind, shown, f" and {more} more" if more else "" if shown else "none"
