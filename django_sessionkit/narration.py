"""An explanation in words: plain lines, aligned, with a hook for colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from . import rules
from .guard import GLOBAL_LABEL

if TYPE_CHECKING:
    from .explanation import Explanation, Read, Tried, Weighed

Tone = Literal["title", "good", "bad", "faint"]
Paint: TypeAlias = "Callable[[Tone, str], str]"

_TRIED = {
    "decides": "decides",
    rules.OTHER_METHOD: "passed over: it lists other methods",
    rules.OTHER_VIEW: "passed over: it asks for another view",
    rules.WITH_LANGUAGE: "passed over: it does not look behind a language prefix (i18n: False)",
    rules.OPENS_NOTHING: "passed over: public, and this spelling opens nothing",
    rules.WAITS: "waits until Django has routed the request, and so does what follows",
}
_DEFAULTS = {
    "off": "no rule decides, and SESSIONKIT_GLOBAL_PROTECT is off",
    "@public": "no rule decides, and the view is lifted from SESSIONKIT_GLOBAL_PROTECT by @public",
    "SESSIONKIT_EXCLUDE": "no rule decides, and SESSIONKIT_EXCLUDE lifts it from SESSIONKIT_GLOBAL_PROTECT",
    "asks": "no rule decides: SESSIONKIT_GLOBAL_PROTECT asks",
}
_VISIBLE = str.maketrans({code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))})


def plain(tone: Tone, text: str) -> str:
    """No colour."""
    return text


def lines(explanation: Explanation, paint: Paint = plain) -> Iterator[str]:
    """The explanation, line by line."""
    yield paint("title", f"{explanation.method} {visible(explanation.path)}")
    yield from _facts(explanation)
    for reading in explanation.readings:
        yield ""
        yield from _reading(reading, paint)
    for asked in explanation.asked_by_view:
        yield ""
        yield paint("title", "The view itself asks")
        yield from _tree(asked.requirement, paint, 1)
    yield ""
    yield f"Decision  {paint(_tone(explanation), summary(explanation))}"
    yield f"Response  {response(explanation)}"


def visible(text: str) -> str:
    """``text`` with control characters written as escapes: a path may have any."""
    return text.translate(_VISIBLE).encode("utf-8", "backslashreplace").decode()


def summary(explanation: Explanation) -> str:
    """The decision in one sentence."""
    decision = explanation.decision
    if explanation.outcome == "nowhere":
        return "not found: the path leads nowhere, and no rule denies it"
    if explanation.is_login_page:
        return "allowed: the log-in page is always reachable"
    if decision is None:
        return "allowed: nothing was asked"
    by = {None: "the view itself", GLOBAL_LABEL: GLOBAL_LABEL}.get(decision.rule, f"the rule {decision.rule}")
    return f"allowed by {by}" if decision else f"denied by {by}: {decision}"


def response(explanation: Explanation) -> str:
    """What would be sent."""
    answer = explanation.answer
    if answer is None:
        return "whatever the view answers"
    to = f" to {answer.location}" if answer.location is not None else ""
    return f"{answer.status}{to}, as for {_CALLERS[answer.caller]}"


_CALLERS = {"page": "a page", "htmx": "HTMX", "api": "an API"}


def _tone(explanation: Explanation) -> Tone:
    return {"allowed": "good", "denied": "bad", "nowhere": "faint"}[explanation.outcome]  # type: ignore[return-value]


def _facts(explanation: Explanation) -> Iterator[str]:
    if explanation.route is None:
        yield "Route     none: the path leads nowhere"
    else:
        name = f" ({explanation.view_name})" if explanation.view_name != explanation.view else ""
        yield f"Route     {explanation.route}"
        yield f"View      {explanation.view}{name}"
    yield f"Session   {explanation.session}"
    if explanation.is_early:
        yield "Decided   on the path alone, before it is routed"


def _reading(reading: Read, paint: Paint) -> Iterator[str]:
    yield f"{paint('title', reading.kind)}  {visible(reading.path)}"
    width = max((len(one.rule) for one in reading.tried), default=0)
    for one in reading.tried:
        yield f"  {one.rule:<{width}}  {why(one) if one.outcome == 'decides' else paint('faint', why(one))}"
    if reading.passed:
        yield paint("faint", f"  {passed(reading)}")
    if reading.rule is None or reading.asked is None:
        yield f"  {conclusion(reading)}"
    if reading.asked is not None:
        yield from _tree(reading.asked.requirement, paint, 2)


def why(tried: Tried) -> str:
    """What became of a rule whose pattern covers the path."""
    return _TRIED[tried.outcome]


def passed(reading: Read) -> str:
    """The rules whose pattern does not cover the path; empty if there are none."""
    names = ", ".join(reading.passed_names)
    more = reading.passed - len(reading.passed_names)
    return f"not covered by {names}{f' and {more} more' if more else ''}" if names else ""


def conclusion(reading: Read) -> str:
    """What the search led to, in one sentence."""
    if reading.rule is not None:
        return f"{reading.rule} decides" if reading.asked is not None else f"{reading.rule} is public: nobody is asked"
    return _DEFAULTS[reading.default] if reading.default is not None else "no rule decides"


def _tree(node: Weighed, paint: Paint, depth: int) -> Iterator[str]:
    tone: Tone = {"granted": "good", "not asked": "faint"}.get(node.outcome, "bad")  # type: ignore[assignment]
    because = node.sentence and f": {node.sentence}"
    yield f"{'  ' * depth}{paint(tone, f'{node.outcome:<9}')} {node.requirement!r}{because}"
    for part in node.parts:
        yield from _tree(part, paint, depth + 1)
