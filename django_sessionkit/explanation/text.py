"""Write an explanation as aligned lines of text, with an optional function that adds colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from django_sessionkit.guard.engine import GLOBAL_LABEL
from django_sessionkit.policy import first_match
from django_sessionkit.policy.view_marks import DJANGO_LABEL, PUBLIC_LABEL
from django_sessionkit.utils.text import CONTROLS

if TYPE_CHECKING:
    from .report import Explanation, PathCheck, RequirementResult, RuleResult

Tone = Literal["title", "good", "bad", "faint"]
Styler: TypeAlias = "Callable[[Tone, str], str]"

_TRIED = {
    "decides": "decides",
    first_match.OTHER_METHOD: "skipped: it lists other methods",
    first_match.OTHER_VIEW: "skipped: it names another view",
    first_match.WITH_LANGUAGE: "skipped: it does not apply behind a language prefix (i18n: False)",
    first_match.NOT_EXEMPTED: "skipped: a public rule does not apply to this variant of the path",
    first_match.NEEDS_ROUTE: "waits until Django has routed the request, and so do the rules after it",
}
_DEFAULTS = {
    "off": "no rule decides, and SESSIONKIT_GLOBAL_PROTECT is off",
    PUBLIC_LABEL: "no rule decides, and @public exempts the view from SESSIONKIT_GLOBAL_PROTECT",
    DJANGO_LABEL: "no rule decides, and @login_not_required exempts the view from SESSIONKIT_GLOBAL_PROTECT",
    "SESSIONKIT_EXCLUDE": "no rule decides, and SESSIONKIT_EXCLUDE exempts the path or view from "
    "SESSIONKIT_GLOBAL_PROTECT",
    "asks": "no rule decides, so SESSIONKIT_GLOBAL_PROTECT applies",
}
NARROW = 'in a public rule and an exclude, "*" is exactly one segment. "**" opens all pages below'
_VISIBLE = str.maketrans({code: f"\\x{code:02x}" for code in map(ord, CONTROLS)})


def plain(tone: Tone, text: str) -> str:
    """Return ``text`` without colour."""
    return text


def lines(explanation: Explanation, paint: Styler = plain) -> Iterator[str]:
    """Yield the lines of the explanation. ``paint`` adds colour to a text for one of the tones."""
    yield paint("title", f"{explanation.method} {visible(explanation.path)}")
    yield from _facts(explanation)
    for reading in explanation.readings:
        yield ""
        yield from _reading(reading, paint)
    for asked in explanation.view_requirements:
        yield ""
        yield paint("title", "Required by the view")
        yield from _tree(asked.requirement, paint, 1)
    yield ""
    yield f"Decision  {paint(_tone(explanation), summary(explanation))}"
    yield f"Response  {response(explanation)}"


def visible(text: str) -> str:
    """Return ``text`` with control characters written as escapes, because a path may contain any of them."""
    return text.translate(_VISIBLE).encode("utf-8", "backslashreplace").decode()


def summary(explanation: Explanation) -> str:
    """Return the decision as one sentence without a full stop."""
    decision = explanation.decision
    if explanation.outcome == "nowhere":
        return "not found: no URL pattern matches the path, and no rule denies it"
    if explanation.is_login_page:
        return "allowed: the login page is always reachable"
    if explanation.is_reauth_page:
        return "allowed: a user with a session can always reach the page where the login is confirmed"
    if decision is None:
        return "allowed: no session is needed"
    if explanation.outcome == "allowed" and not decision:
        return "depends on the object, about which the view asks"
    by = {None: "the view", GLOBAL_LABEL: GLOBAL_LABEL}.get(decision.rule, f"the rule {decision.rule}")
    return f"allowed by {by}" if decision else f"denied by {by}: {decision}"


def moment(explanation: Explanation) -> str:
    """Return when the decision was made, in words."""
    if explanation.is_early:
        return "from the path alone, before Django looked for the view"
    if explanation.route is None:
        return "after Django had looked for a view and found none"
    if explanation.decision is not None and explanation.decision.rule is None:
        return "by a decorator or mixin of the view, before the code of the view ran"
    return "after Django had found the view, before the view ran"


def response(explanation: Explanation) -> str:
    """Return the response as text: status, redirect target and kind of client."""
    answer = explanation.answer
    if answer is None:
        return "from the view"
    to = f" to {answer.location}" if answer.location is not None else ""
    return f"{answer.status}{to}, for {_CALLERS[answer.caller]}"


_TONES: dict[str, Tone] = {
    "allowed": "good",
    "denied": "bad",
    "nowhere": "faint",
    "granted": "good",
    "not asked": "faint",
}
_CALLERS = {"page": "a page", "htmx": "HTMX", "api": "an API client"}


def _tone(explanation: Explanation) -> Tone:
    return _TONES[explanation.outcome]


def _facts(explanation: Explanation) -> Iterator[str]:
    if explanation.route is None:
        yield "Route     none: no URL pattern matches the path"
    else:
        name = f" ({explanation.view_name})" if explanation.view_name != explanation.view else ""
        yield f"Route     {explanation.route}"
        yield f"View      {explanation.view}{name}"
    where = f", in the tenant {visible(explanation.tenant)}" if explanation.tenant is not None else ""
    yield f"Session   {explanation.session}{where}"
    if explanation.is_early:
        yield f"Decided   {moment(explanation)}"


def _reading(reading: PathCheck, paint: Styler) -> Iterator[str]:
    yield f"{paint('title', reading.kind)}  {visible(reading.path)}"
    width = max((len(one.rule) for one in reading.tried), default=0)
    for one in reading.tried:
        yield f"  {one.rule:<{width}}  {why(one) if one.outcome == 'decides' else paint('faint', why(one))}"
    if reading.passed:
        yield paint("faint", f"  {passed_over(reading)}")
    yield from (f"  not opened by {one}: {NARROW}" for one in reading.not_opened_by)
    if reading.rule is None or reading.asked is None:
        yield f"  {conclusion(reading)}"
    if reading.asked is not None:
        yield from _tree(reading.asked.requirement, paint, 2)


def why(tried: RuleResult) -> str:
    """Return the result for a rule whose pattern matches the path."""
    return _TRIED[tried.outcome]


def passed_over(reading: PathCheck) -> str:
    """Return the rules whose pattern does not match the path as text, or an empty string if there are none."""
    names = ", ".join(reading.passed_names)
    more = reading.passed - len(reading.passed_names)
    return f"not matched by {names}{f' and {more} more' if more else ''}" if names else ""


def conclusion(reading: PathCheck) -> str:
    """Return the result of the search as one sentence without a full stop."""
    if reading.rule is not None:
        return f"{reading.rule} {'decides' if reading.asked is not None else 'is public: no session is needed'}"
    return _DEFAULTS[reading.default] if reading.default is not None else "no rule decides"


def _tree(node: RequirementResult, paint: Styler, depth: int) -> Iterator[str]:
    tone = _TONES.get(node.outcome, "bad")
    because = node.sentence and f": {node.sentence}"
    yield f"{'  ' * depth}{paint(tone, f'{node.outcome:<9}')} {node.requirement!r}{because}"
    for part in node.parts:
        yield from _tree(part, paint, depth + 1)
