"""What guards a page, and what that means for each visitor. All of it comes from ``explain()``.

``explain()`` runs no view. Therefore it can look at a page as somebody else, with ``use_session``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from bureaus.tenants import bureau_in
from django.http import HttpRequest
from django.urls import resolve, reverse

from django_sessionkit import Decision, explain, get_session, use_session
from django_sessionkit.explanation import Explanation

from . import code
from .code import Excerpt
from .people import ANONYMOUS, Visitor

DEFAULTS = {
    "asks": ("Global default", "SESSIONKIT_GLOBAL_PROTECT", "No rule matches, so any session may open it."),
    "@public": ("Public view", "@public", "The decorator exempts the view from the global default."),
    "SESSIONKIT_EXCLUDE": ("Public page", "SESSIONKIT_EXCLUDE", "It exempts the page from the global default."),
}


class Guard(NamedTuple):
    """One rule, default, decorator or mixin that applies to a page."""

    kind: str
    name: str
    text: str
    code: tuple[Excerpt, ...] = ()


class Verdict(NamedTuple):
    """What happens to one visitor."""

    visitor: Visitor
    opens: bool
    word: str
    why: str
    is_you: bool = False


class Look(NamedTuple):
    """A page with its guards, and what happens to each visitor."""

    guards: tuple[Guard, ...]
    verdicts: tuple[Verdict, ...]


def look_at(path: str, visitors: Sequence[Visitor], caller: str = "page") -> Look:
    """Look at a page that may be another one than the current one."""
    explanations = [_explain_as(visitor, path, "GET", caller) for visitor in visitors]
    verdicts = map(_verdict, visitors, explanations)
    return Look(_guards(explanations), tuple(verdicts))


def look_at_request(request: HttpRequest, people: Sequence[Visitor], denied_by: Decision | None = None) -> Look:
    """Look at the page of a request, as its own session first. ``denied_by`` is the decision of a denial, if any."""
    session = get_session()
    user_id = session.user_id if session is not None else None
    all_of_them = [ANONYMOUS, *people]
    you = next((one for one in all_of_them if (one.data or {}).get("user_id") == user_id), Visitor("-", "Your account"))
    if session is not None and session.actor is not None:
        you = Visitor("-", f"acting as {you.name}")
    others = [one for one in all_of_them if one is not you]
    explanations = [explain(request)]
    explanations += [_explain_as(other, request.path_info, request.method or "GET", "page") for other in others]
    mine = _verdict(you, explanations[0])._replace(is_you=True)
    if denied_by is not None and mine.opens:  # explain() runs no view, so it cannot know about enforce() in its code
        mine = mine._replace(opens=False, word="403", why=f"denied by code inside the view: {denied_by}")
    return Look(_guards(explanations), (mine, *map(_verdict, others, explanations[1:])))


def look_without_session(request: HttpRequest) -> Look:
    """Look at a public page that must not read the session."""
    explanation = explain(request)
    return Look(_guards([explanation]), (_verdict(Visitor("", "Everybody"), explanation),))


def _explain_as(visitor: Visitor, path: str, method: str, caller: str) -> Explanation:
    with use_session(visitor.data, tenant=bureau_in(path)):
        return explain(path, method=method, caller=caller)


def _verdict(visitor: Visitor, explanation: Explanation) -> Verdict:
    return Verdict(visitor, explanation.allowed, _word(explanation), explanation.summary)


def _word(explanation: Explanation) -> str:
    answer = explanation.answer
    if answer is None:
        return "opens"
    if answer.location is None:
        return str(answer.status)
    return "log in first" if answer.location.startswith(reverse("accounts:login")) else f"sent to {answer.location}"


def _guards(explanations: Sequence[Explanation]) -> tuple[Guard, ...]:
    """Return every guard once. One explanation is not enough: for a denied visitor, the search ends at the denial."""
    return tuple(dict.fromkeys(guard for explanation in explanations for guard in _guards_of(explanation)))


def _guards_of(explanation: Explanation) -> Iterator[Guard]:
    view = resolve(explanation.path).func if explanation.route is not None else None
    for reading in explanation.readings:
        if reading.rule is not None:
            pattern = next(one.pattern for one in reading.tried if one.outcome == "decides")
            yield Guard("URL rule", reading.rule, f"It applies to {pattern}.", code.of_rule(reading.rule))
        elif explanation.is_login_page:
            yield Guard("Login page", "always open", "Otherwise nobody could log in.")
        elif reading.default in DEFAULTS:
            kind, name, text = DEFAULTS[cast("str", reading.default)]
            excerpts = code.of_view(view) if reading.default == "@public" else code.of_setting(name)
            yield Guard(kind, name, text, excerpts)
    for asked in explanation.view_requirements:
        requirement = str(asked.requirement.requirement)
        yield Guard("View", requirement, "A decorator or mixin requires it.", code.of_view(view))
