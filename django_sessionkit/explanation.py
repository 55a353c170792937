"""Why a request is let in or not, as a value: what was read, tried, asked and answered.

Names of rules, roles, permissions and views are in it, never a value of a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from . import narration
from .answers import Answer
from .decisions import Decision
from .requirements import Requirement

Outcome = Literal["allowed", "denied", "nowhere"]
SessionState = Literal["present", "none", "refused", "unknown for now", "not read"]


@dataclass(frozen=True)
class Weighed:
    """One requirement and what it said; ``decision`` is ``None`` for one that did not have to be asked."""

    requirement: Requirement
    decision: Decision | None
    parts: tuple[Weighed, ...] = ()

    @property
    def outcome(self) -> Literal["granted", "denied", "failed", "not asked"]:
        """The decision in one word."""
        if self.decision is None:
            return "not asked"
        return "granted" if self.decision else "failed" if self.decision.failed else "denied"

    @property
    def sentence(self) -> str:
        """What a requirement without parts has missed; else empty."""
        return "" if self.decision is None or self.decision or self.parts else str(self.decision)

    def as_dict(self) -> dict[str, Any]:
        """The requirement and its parts, for JSON."""
        return {
            "requirement": repr(self.requirement),
            "outcome": self.outcome,
            "reason": self.decision.reason if self.decision is not None else None,
            "missing": list(self.decision.missing) if self.decision is not None else [],
            "sentence": self.sentence,
            "parts": [part.as_dict() for part in self.parts],
        }


@dataclass(frozen=True)
class Asked:
    """A requirement that was asked, and by whom: the name of a rule, the global default, or ``None`` for the view."""

    rule: str | None
    requirement: Weighed
    decision: Decision

    def as_dict(self) -> dict[str, Any]:
        """The rule and the tree of its requirement, for JSON."""
        return {"rule": self.rule, **self.requirement.as_dict()}


@dataclass(frozen=True)
class Tried:
    """A rule whose pattern covers a path. ``outcome`` is ``decides``, or why it was passed over:

    ``method`` (not one of its methods), ``view`` (another view), ``waits`` (for the route), ``public`` (a looser
    spelling opens nothing), ``i18n`` (it does not look behind a language prefix).
    """

    rule: str
    outcome: str


@dataclass(frozen=True)
class Read:
    """One way to read the path, and the search for a rule about it.

    - ``kind``: what kind of reading, in words.
    - ``tried``: the rules whose pattern covers this reading, as far as the search went.
    - ``passed``: how many more the search passed, because their pattern does not cover it; ``passed_names``: the first.
    - ``default``: for what no rule decides about, ``asks`` (the global default), ``off``, or what lifted it
      (``SESSIONKIT_EXCLUDE``, ``@public``); ``None`` where the default is not asked.
    """

    kind: str
    path: str
    tried: tuple[Tried, ...] = ()
    passed: int = 0
    passed_names: tuple[str, ...] = ()
    default: str | None = None
    asked: Asked | None = None

    @property
    def rule(self) -> str | None:
        """The rule that decides about this reading."""
        return next((one.rule for one in self.tried if one.outcome == "decides"), None)

    def as_dict(self) -> dict[str, Any]:
        """The reading, for JSON."""
        return {
            "kind": self.kind,
            "path": self.path,
            "rule": self.rule,
            "tried": [{"rule": one.rule, "outcome": one.outcome, "why": narration.why(one)} for one in self.tried],
            "passed": self.passed,
            "passed_names": list(self.passed_names),
            "conclusion": narration.conclusion(self),
            "default": self.default,
            "asked": self.asked.as_dict() if self.asked is not None else None,
        }


@dataclass(frozen=True)
class Explanation:
    """What SessionKit makes of one request. ``str()`` is for people, :meth:`as_dict` for JSON.

    - ``route``, ``view_name``, ``view``: where Django leads the path; ``None`` if that is nowhere.
    - ``session``: ``present``, ``none``, ``refused``, ``unknown for now``, or ``not read`` where nothing asked for it.
    - ``readings``: each way to read the path, with the rules that were tried. A denial ends the search.
    - ``asked_by_view``: what decorators and mixins of the view asked.
    - ``is_early``: it was decided on the path alone, before Django routed it.
    - ``is_login_page``: a rule or the default says no, but the log-in page is always reachable.
    - ``outcome``: ``allowed``, ``denied``, or ``nowhere`` for a path that leads nowhere and is not guarded.
    - ``decision``: ``None`` if nothing was asked.
    - ``answer``: status, kind of caller and location of the response; ``None`` if the view answers.
    """

    method: str
    path: str
    route: str | None
    view_name: str | None
    view: str | None
    session: SessionState
    readings: tuple[Read, ...]
    asked_by_view: tuple[Asked, ...]
    is_early: bool
    is_login_page: bool
    outcome: Outcome
    decision: Decision | None
    answer: Answer | None

    @property
    def allowed(self) -> bool:
        """Whether the view would run: the same as ``can_access()``."""
        return self.outcome == "allowed"

    @property
    def summary(self) -> str:
        """The decision in one sentence."""
        return narration.summary(self)

    def __str__(self) -> str:
        return "\n".join(narration.lines(self))

    def as_dict(self) -> dict[str, Any]:
        """Everything, made of dicts, lists, strings, numbers, booleans and ``None``."""
        decision = self.decision
        return {
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "view_name": self.view_name,
            "view": self.view,
            "session": self.session,
            "readings": [one.as_dict() for one in self.readings],
            "asked_by_view": [one.as_dict() for one in self.asked_by_view],
            "is_early": self.is_early,
            "is_login_page": self.is_login_page,
            "outcome": self.outcome,
            "rule": decision.rule if decision is not None else None,
            "reason": decision.reason if decision is not None else None,
            "missing": list(decision.missing) if decision is not None else [],
            "summary": self.summary,
            "response": self.answer._asdict() if self.answer is not None else None,
        }
