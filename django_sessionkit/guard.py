"""The URL guard: which rule decides about a request, and what it says.

A request passes only if every reading of its path is allowed. The guard is asked up to twice per request: on entry, on
the path alone, and once Django has routed it (or has given up), on everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.utils.translation import get_language

from . import audit, conf, routes, targets
from .context import Slot
from .decisions import FAILED, Decision
from .evaluation import decide, known
from .exceptions import UnreadableRoute
from .flows import Flow
from .options import DEFAULT_OPTIONS, DenialOptions
from .readings import Reading, climbs, is_plain, readings
from .requirements import Authenticated, Requirement
from .rules import UNFORESEEN, Rule

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch

GLOBAL_LABEL = "SESSIONKIT_GLOBAL_PROTECT"

_AUTHENTICATED = Authenticated()


class Target(NamedTuple):
    """What is asked for: a path, and the view it leads to as far as that is known.

    ``resolved``: the request was routed, or will not be any more; rules that ask for a view can be decided.
    """

    path_info: str
    path: str
    method: str
    urlconf: Any = None
    match: ResolverMatch | None = None
    resolved: bool = False

    @classmethod
    def of(cls, request: HttpRequest, *, resolved: bool) -> Target:
        """The target of a real request."""
        return cls(
            request.path_info,
            request.path,
            request.method or "",
            getattr(request, "urlconf", None),
            request.resolver_match if resolved else None,
            resolved,
        )

    @property
    def view_name(self) -> str | None:
        """The name Django knows the view by."""
        return self.match.view_name if self.match is not None else None


def has_nothing_to_ask(request: HttpRequest, *, resolved: bool) -> bool:
    """A quick look: whether :func:`inspect` would let the request pass without asking anything new.

    It keeps what nobody protects cheap, and what has been granted on entry; ``False`` says nothing.
    """
    settings = conf.latest or conf.current()
    if not settings.rules.rules:
        return not (resolved and settings.global_protect)
    path = request.path_info
    rule = settings.rules.foresee(path)
    if rule is UNFORESEEN or request.path != path:
        return False
    if rule is not None:
        answer = known(rule.requirement)
        if answer is None or not answer.allowed:
            return False
    elif resolved and settings.global_protect:
        return False
    urlconf = getattr(request, "urlconf", None) or settings.root_urlconf
    return _reads_one_way(urlconf, request.resolver_match if resolved else None)


def _reads_one_way(urlconf: Any, match: ResolverMatch | None) -> bool:
    """Whether the URLconf gives a plain path no other reading."""
    name = urlconf or conf.current().root_urlconf
    if is_language_prefix_patterns_used(name or "")[0]:
        return False
    return match is None or not routes.may_be_respelt(name, match)


def _sole_rule(target: Target) -> Rule | None:
    """The rule that decides in every reading, where that can be seen at once."""
    rule = conf.current().rules.foresee(target.path_info)
    if rule is UNFORESEEN or target.path != target.path_info:
        return None
    return rule if _reads_one_way(target.urlconf, target.match) else None


def uses_language_prefix(urlconf: Any) -> bool:
    """Whether the URLconf (``None``: the root one) has ``i18n_patterns``."""
    return is_language_prefix_patterns_used(urlconf or conf.current().root_urlconf or "")[0]


class Denial(NamedTuple):
    """A decision that is a no, and how it is to be answered."""

    decision: Decision
    options: DenialOptions = DEFAULT_OPTIONS


class Passage:
    """The way of one request past the guard: what was decided on entry is not decided again."""

    __slots__ = ("_decided", "slot")

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self._decided: dict[object, tuple[object, object, Decision]] | None = None

    def is_open_by(self, rule: Rule) -> Flow[bool]:
        """Whether one rule grants at once; where it does not, it is asked again, with all that is due to a denial."""
        if not rule.requirement.is_static or audit.is_verbose():
            return (yield from self.ask(rule.label, rule.requirement)).allowed
        return (yield from decide(self.slot, rule.requirement, self.slot.request, "acan_access")).allowed

    def ask(self, label: str, requirement: Requirement) -> Flow[Decision]:
        """What a rule says, asked once for one session value and one way to see the request.

        A denial carries the label; a permission does where it goes to the log.
        """
        session = yield from self.slot.flow("acan_access")
        request = self.slot.request
        asked = (request.path_info, request.path, request.method) if request is not None else None
        if self._decided is None:
            self._decided = {}
        earlier = self._decided.get(requirement.key)
        if earlier is not None and earlier[0] is session and earlier[1] == asked:
            return earlier[2] if earlier[2].allowed else replace(earlier[2], rule=label)
        decision = yield from decide(self.slot, requirement, request, "acan_access")
        self._decided[requirement.key] = (session, asked, decision)
        if decision.allowed and not audit.is_verbose():
            return decision
        decision = replace(decision, rule=label)
        audit.decided(decision, request)
        return decision


def inspect(target: Target, passage: Passage, *, with_default: bool) -> Flow[Denial | None]:
    """Decide about ``target``; ``None`` lets it pass.

    ``with_default``: what no rule matches is up to ``SESSIONKIT_GLOBAL_PROTECT``.
    """
    rule = _sole_rule(target)
    if rule is not None and (yield from passage.is_open_by(rule)):
        return None
    try:
        paths = _readings(target)
    except UnreadableRoute as error:
        audit.logger.error("%s: denied", error)
        return Denial(Decision(False, FAILED, failed=True))
    denial = yield from _inspect(paths, target, passage, with_default)
    if denial is not None and targets.is_login_page(target.path, target.path_info):
        return None
    return denial


def _inspect(paths: Iterable[Reading], target: Target, passage: Passage, with_default: bool) -> Flow[Denial | None]:
    """One first-match decision per reading; the first denial ends it. The strict readings come first."""
    lifts: dict[str, Rule | None] = {}  # which rule lifted a strict reading, and so counts in the other forms of it
    is_lifted = True
    for reading in paths:
        rule = conf.current().rules.find(
            reading,
            target.method,
            target.view_name,
            resolved=target.resolved,
            lifted_by=(lifts.get(reading.base),) if is_lifted else (),
        )
        denial = None
        if rule is not None:
            denial = yield from _apply(rule, passage)
        elif with_default and reading.strict:
            denial = yield from _default(reading, target, passage)
        if denial is not None:
            return denial
        if reading.strict:
            is_lifted &= rule is not None and rule.is_public
            lifts[reading.path] = rule
    return None


def _apply(rule: Rule, passage: Passage) -> Flow[Denial | None]:
    if rule.is_public and not conf.current().policy.overrides_check:
        return None  # without looking at the session
    decision = yield from passage.ask(rule.label, rule.requirement)
    return None if decision else Denial(decision, rule.options)


def _default(reading: Reading, target: Target, passage: Passage) -> Flow[Denial | None]:
    settings = conf.current()
    if not settings.global_protect or is_marked_public(target.match):
        return None
    if settings.rules.excludes(reading.path) or settings.rules.excludes_view(target.view_name):
        return None
    decision = yield from passage.ask(GLOBAL_LABEL, _AUTHENTICATED)
    return None if decision else Denial(decision)


def is_marked_public(match: ResolverMatch | None) -> bool:
    """Whether the view carries ``@public``."""
    if match is None:
        return False
    # The mark on a class is not inherited: a subclass has to say itself that it is public.
    marks = (
        getattr(match.func, "sessionkit_public", None),
        vars(getattr(match.func, "view_class", object)).get("sessionkit_public"),
    )
    return True in marks


def _readings(target: Target) -> Iterable[Reading]:
    languages: frozenset[str] = frozenset()
    if uses_language_prefix(target.urlconf):
        languages = conf.current().languages.union([get_language() or ""])
    if target.match is not None and (climbs(target.path_info) or routes.may_be_respelt(target.urlconf, target.match)):
        spelling = routes.spelling_of(target.path_info, target.urlconf, target.match)
        return readings(target.path_info, target.path, languages, *spelling)
    if languages or target.path != target.path_info or conf.current().rules.folds or not is_plain(target.path_info):
        return readings(target.path_info, target.path, languages)
    return (Reading(target.path_info, strict=True, base=target.path_info),)
