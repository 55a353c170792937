"""The production checklist: 32 items that a site with a login needs, and their status in a project.

The system checks of Django and SessionKit decide what can be detected. The rest becomes a question to the developer.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from textwrap import TextWrapper
from typing import Any, NamedTuple

from django.core.checks import INFO, CheckMessage

from django_sessionkit import conf
from django_sessionkit.conf import installed


class Status(Enum):
    """The status of an item."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    YOURS = "only you can check"


class Item(NamedTuple):
    """One item of the checklist.

    ``asvs`` names requirements, or a chapter, of the OWASP Application Security Verification Standard 5.0.0. ``ids``
    are the ids of the checks for this item. ``asks`` is what no check can see, for the developer to confirm; it may be
    a function of the unprotected routes that returns the text. It is empty if the checks cover the whole item.
    """

    number: int
    title: str
    asvs: str
    ids: tuple[str, ...]
    asks: str | Callable[[Sequence[str]], str] = ""


class Grade(NamedTuple):
    """The status of an item, the messages of its checks, and what the developer has to confirm."""

    item: Item
    status: Status
    messages: tuple[CheckMessage, ...]
    question: str


def _ours(*names: str) -> tuple[str, ...]:
    return tuple(f"sessionkit.{name}" for name in names)


def _django(*names: str) -> tuple[str, ...]:
    return tuple(f"security.{name}" for name in names)


_POLICY = (
    *(f"E{number:03}" for number in (1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 17, 20, 21, *range(26, 36))),
    *(f"W{number:03}" for number in (1, 2, 3, 4, 5, *range(16, 24), *range(28, 37), 38, 39, 40)),
    *("I001", "I003"),
)


def _known_login(routes: Sequence[str]) -> str:
    known = ("django.contrib.auth", "allauth", "mozilla_django_oidc", "social_django", "rest_framework_simplejwt")
    if installed.has_any(*known):
        return ""
    return "Neither Django's login nor that of an established package was found. Where does the session dict come from?"


def _shown_open(routes: Sequence[str]) -> str:
    if not routes:
        return ""
    shown = ", ".join(routes[:5]) + (", ..." if len(routes) > 5 else "")
    return f"Routes that are open to everyone without a public rule, an exclude or @public: {len(routes)} ({shown})"


def _renewal(routes: Sequence[str]) -> str:
    settings = conf.valid_or_none()
    touches = settings is not None and settings.touch_on_request
    if not touches and not conf.django_setting("SESSION_SAVE_EVERY_REQUEST"):
        return ""
    return "Each request renews the session, so a session in use does not expire. Your validator limits the total time."


def _trusted_headers(routes: Sequence[str]) -> str:
    settings = conf.valid_or_none()
    tenant = " SESSIONKIT_TENANT takes no tenant from there." if settings is not None and settings.tenant else ""
    return _trusted_users() + tenant


def _trusted_users() -> str:
    where = installed.middleware_index(installed.middleware(), "django.contrib.auth.middleware.RemoteUserMiddleware")
    if where is not None:
        return "RemoteUserMiddleware trusts a header. The proxy removes this header from the requests of clients."
    return "No view, source or predicate takes a role or a user from a header, a form field or the query string."


def _confirming(routes: Sequence[str]) -> str:
    settings = conf.valid_or_none()
    if settings is None or settings.reauth_url is None:
        return ""
    return "The page of SESSIONKIT_REAUTH_URL limits attempts too, and accepts only the user who is logged in."


ITEMS = (
    Item(1, "A login library authenticates users", "V6", (), "Your login calls set_session() after authentication."),
    Item(2, "Sessions are stored on the server", "7.2.1", _ours("E016", "E018", "W007")),
    Item(3, "Sessions expire", "7.3.1, 7.3.2", _ours("W008")),
    Item(4, "Requests that change something are safe from CSRF", "3.5.1", (*_django("W003"), *_ours("W024"))),
    Item(
        5,
        "Sessions are registered, cleared and revoked",
        "7.4.1",
        _ours("E022", "E023", "E024", "E025", "W025", "W026", "W027"),
        "Your logout calls clear_session() or Django's logout().",
    ),
    Item(6, "The dict of a session is validated", "", _ours("E007")),
    Item(7, "Dicts and patterns have limits", "", _ours("E008")),
    Item(8, "Sessions are read in their own request only", "", (), "No global variable of yours keeps a session."),
    Item(9, "Settings, rules and middleware protect the routes", "8.2.1", _ours(*_POLICY)),
    Item(10, "No rights in plain cookies", "7.2.1", _ours("W006"), "No set_cookie() carries a role or a user."),
    Item(11, "Session cookies are random, or signed and safe to load", "7.2.2, 7.2.3", _ours("E019")),
    Item(
        12,
        "Cookies have their flags",
        "3.3.1 – 3.3.4",
        (*_django("W010", "W011", "W012", "W013", "W014", "W015", "W016", "W017"), *_ours("W009", "I002")),
    ),
    Item(13, "The login library is an established one", "", (), _known_login),
    Item(14, "No custom expiry code", "7.3.1", (), "No code of yours ends sessions by time. The settings do that."),
    Item(15, "A login starts a new session id", "7.2.4", (), "No code stores the dict without set_session()."),
    Item(16, "Login attempts are limited", "6.3.1", _ours("W010"), _confirming),
    Item(
        17,
        "Output is escaped, HTML sanitised",
        "1.2.1, 1.3.1",
        _ours("W015"),
        "HTML that is passed to |safe or mark_safe() is sanitised.",
    ),
    Item(18, "Rights are checked on the server", "8.3.1", (), _shown_open),
    Item(19, "HTTPS everywhere", "V12", _django("W001", "W008")),
    Item(20, "HSTS for a year, with subdomains", "3.4.1", _django("W001", "W004", "W005", "W021")),
    Item(21, "nosniff", "3.4.4", _django("W001", "W006")),
    Item(22, "No framing", "3.4.6", _django("W002", "W019")),
    Item(23, "X-XSS-Protection is not sent", "", (), "No middleware and no proxy sends this header."),
    Item(24, "Content-Security-Policy", "3.4.3", (*_django("W022", "E023", "E024", "E026", "W027"), *_ours("W011"))),
    Item(25, "Passwords are strong, and hashed slowly", "11.4.2", _ours("W012", "W013")),
    Item(
        26, "Audit log", "16.3.1, 16.3.2", _ours("W014", "W037"), "Someone reads the log, and it is kept long enough."
    ),
    Item(27, "Dependencies are up to date", "V15", (), "pip-audit runs automatically and reports nothing."),
    Item(28, "Nothing from the client is trusted", "8.3.1", _django("W020"), _trusted_headers),
    Item(29, "No session lasts forever", "7.3.2", (), _renewal),
    Item(30, "Secrets are strong, and DEBUG is off", "V13", _django("W009", "W018", "W025", "E100", "E101", "E102")),
    Item(31, "The code has been audited", "", (), "Someone who did not write the code has audited it."),
    Item(32, "Vulnerabilities can be reported in private", "", (), "A SECURITY.md or security.txt explains how."),
)


def grade(messages: Iterable[CheckMessage], routes: Sequence[str]) -> list[Grade]:
    """Return the status of every item, given the messages of the system checks and the unprotected routes.

    Information and silenced messages do not make an item fail.
    """
    found = sorted((one for one in messages if one.id), key=lambda one: one.id or "")  # checks run in no fixed order
    shown: dict[object, int] = {}
    return [_graded(item, tuple(_once(item, found, shown)), routes) for item in ITEMS]


def _once(item: Item, found: Iterable[CheckMessage], shown: dict[object, int]) -> Iterator[CheckMessage]:
    """Yield the messages of an item. One that an earlier item has shown is replaced by the number of that item."""
    for one in {(one.id, one.msg): one for one in found if one.id in item.ids}.values():
        number = shown.setdefault((one.id, one.msg), item.number)
        yield one if number == item.number else CheckMessage(one.level, f"See item {number}.", id=one.id)


def _graded(item: Item, messages: tuple[CheckMessage, ...], routes: Sequence[str]) -> Grade:
    question = item.asks if isinstance(item.asks, str) else item.asks(routes)
    if any(one.level > INFO and not one.is_silenced() for one in messages):
        return Grade(item, Status.FAIL, messages, question)
    return Grade(item, Status.YOURS if question else Status.PASS, messages, question)


Styler = Callable[[Status, str], str]

_WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.YOURS: "you"}
_INDENT = " " * 10
#: the width of a report that is not written to a terminal
WIDTH = 100
# A hint that is a setting can be copied, so it stays on one line.
_SETTING = re.compile(r"[A-Z_]+ = ")


def summary(grades: Sequence[Grade]) -> str:
    """Return the last line of a report: the number of items for each status."""
    counts = Counter(one.status for one in grades)
    return ", ".join(f"{counts[status]} {status.value}" for status in Status) + "."


def as_text(grades: Sequence[Grade], styler: Styler, width: int = WIDTH) -> str:
    """Return the report as lines of at most ``width`` characters. A setting stays on one line, to be copied.

    ``styler`` takes a status and a text, and returns the text with colours. It is called for the first word of an item.
    """
    lines = [line for one in grades for line in _lines(one, styler, width)]
    return "\n".join([*lines, "", summary(grades)])


def _lines(one: Grade, styler: Styler, width: int) -> Iterator[str]:
    yield f"{styler(one.status, _WORDS[one.status].ljust(5))}{one.item.number:>3}  {one.item.title}"
    for message in one.messages:
        yield from _paragraph(f"{message.id}{_silenced(message)}: {message.msg}", width)
        if message.hint and not message.is_silenced():
            yield from (
                [f"{_INDENT}-> {hint}"] if _SETTING.match(hint := message.hint) else _paragraph(hint, width, "-> ")
            )
    if one.question:
        yield from _paragraph(one.question, width)


def _paragraph(text: str, width: int, mark: str = "") -> list[str]:
    """Wrap a text, with ``mark`` before the first line and the others aligned to it."""
    further = _INDENT + " " * len(mark)
    wrapper = TextWrapper(width, _INDENT + mark, further, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def _silenced(message: CheckMessage) -> str:
    return " (silenced)" if message.is_silenced() else ""


def as_markdown(grades: Sequence[Grade]) -> str:
    """Return a Markdown table of all items, and a task list of what is left to do."""
    rows = [f"| {one.item.number} | {one.item.title} | {one.item.asvs} | {one.status.value} |" for one in grades]
    boxes = [f"- [ ] {one.item.number}. {text}" for one in grades for text in _left_to_do(one)]
    head = ["| # | item | ASVS 5.0 | status |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", summary(grades), "", *boxes]).rstrip()


def _left_to_do(one: Grade) -> Iterator[str]:
    for message in one.messages:
        if not message.is_silenced():
            yield f"{message.id}: {message.msg} {message.hint or ''}".rstrip()
    if one.question:
        yield one.question


def as_json(grades: Sequence[Grade]) -> str:
    """Return a JSON list with one object per item."""
    return json.dumps([_record(one) for one in grades], indent=2, ensure_ascii=False)


def _record(one: Grade) -> dict[str, Any]:
    return {
        "number": one.item.number,
        "title": one.item.title,
        "asvs": one.item.asvs,
        "status": _WORDS[one.status].lower(),
        "messages": [
            {"id": message.id, "text": message.msg, "fix": message.hint, "silenced": message.is_silenced()}
            for message in one.messages
        ],
        "question": one.question,
    }
