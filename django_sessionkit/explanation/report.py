"""The explanation of an access decision: the path variants, the rules tried, the requirements, and the response.

It contains names of rules, roles, permissions and views, and never a value of a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django_sessionkit.guard.denial_choice import DenialResponse
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.requirements import Requirement

from . import text

Outcome = Literal["allowed", "denied", "nowhere"]
SessionState = Literal["present", "none", "refused", "unknown for now", "not read"]


@dataclass(frozen=True)
class RequirementResult:
    """A requirement with its decision, and the same for its parts. ``decision`` is ``None`` if it was not evaluated."""

    requirement: Requirement
    decision: Decision | None
    parts: tuple[RequirementResult, ...] = ()

    @property
    def outcome(self) -> Literal["granted", "denied", "failed", "not asked"]:
        """The decision in one word."""
        if self.decision is None:
            return "not asked"
        return "granted" if self.decision else "failed" if self.decision.failed else "denied"

    @property
    def sentence(self) -> str:
        """Why a requirement without parts was not met, or an empty string."""
        return "" if self.decision is None or self.decision or self.parts else str(self.decision)

    def as_dict(self) -> dict[str, Any]:
        """Return the requirement and its parts as a dict for JSON."""
        return {
            "requirement": repr(self.requirement),
            "outcome": self.outcome,
            "reason": self.decision.reason if self.decision is not None else None,
            "missing": list(self.decision.missing) if self.decision is not None else [],
            "sentence": self.sentence,
            "parts": [part.as_dict() for part in self.parts],
        }


@dataclass(frozen=True)
class RequirementCheck:
    """An evaluated requirement. ``rule`` is the name of a rule or of the global default, or ``None`` for the view."""

    rule: str | None
    requirement: RequirementResult
    decision: Decision

    def as_dict(self) -> dict[str, Any]:
        """Return the rule and the tree of its requirement as a dict for JSON."""
        return {"rule": self.rule, **self.requirement.as_dict()}


@dataclass(frozen=True)
class RuleResult:
    """A rule whose pattern matches a path. ``outcome`` is ``decides``, or the reason why the rule was skipped:

    ``method`` (the rule lists other methods), ``view`` (it names another view), ``waits`` (it needs the route),
    ``public`` (a public rule does not apply to this variant of the path), ``i18n`` (it does not apply behind a language
    prefix).

    ``pattern`` is what the rule applies to, as written in the settings: its patterns, or the names of its views.
    """

    rule: str
    outcome: str
    pattern: str = ""


@dataclass(frozen=True)
class PathCheck:
    """One variant of the path, with the search for the rule that decides about it.

    - ``kind``: the kind of variant, in words.
    - ``tried``: the rules whose pattern matches this variant, up to the rule that decides.
    - ``passed``: the number of other rules, whose pattern does not match.
    - ``passed_names``: the names of the first of them.
    - ``default``: if no rule decides, ``asks`` (the global default applies), ``off``, or the exemption from it
      (``SESSIONKIT_EXCLUDE``, ``@public``, ``@login_not_required``). ``None`` if a rule decides or the default does not
      matter.
    - ``not_opened_by``: the public rules and excludes that would open the path if their ``*`` matched more than one
      segment, each with the pattern.
    - ``asked``: the requirement that was evaluated, if any.
    """

    kind: str
    path: str
    tried: tuple[RuleResult, ...] = ()
    passed: int = 0
    passed_names: tuple[str, ...] = ()
    default: str | None = None
    not_opened_by: tuple[str, ...] = ()
    asked: RequirementCheck | None = None

    @property
    def rule(self) -> str | None:
        """The rule that decides about this variant, or ``None``."""
        return next((one.rule for one in self.tried if one.outcome == "decides"), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the variant as a dict for JSON."""
        return {
            "kind": self.kind,
            "path": self.path,
            "rule": self.rule,
            "tried": [
                {"rule": one.rule, "pattern": one.pattern, "outcome": one.outcome, "why": text.why(one)}
                for one in self.tried
            ],
            "passed": self.passed,
            "passed_names": list(self.passed_names),
            "conclusion": text.conclusion(self),
            "default": self.default,
            "not_opened_by": list(self.not_opened_by),
            "asked": self.asked.as_dict() if self.asked is not None else None,
        }


@dataclass(frozen=True)
class Explanation:
    """Why SessionKit allows or denies one request. ``str()`` gives text for people, :meth:`as_dict` a dict for JSON.

    - ``route``, ``view_name``, ``view``: the match that Django finds for the path; ``None`` if no URL pattern matches.
    - ``session``: ``present``, ``none``, ``refused``, ``unknown for now``, or ``not read`` if it was not needed.
    - ``tenant``: the current tenant of the session; ``None`` if there is no session or no tenant.
    - ``readings``: the variants of the path, with the rules that were tried. The search ends at the first denial.
    - ``view_requirements``: the requirements of the decorators and mixins of the view.
    - ``is_early``: the denial was decided from the path alone, before Django looked for the view.
    - ``is_login_page``: a rule or the default denies the request, but a login page is always reachable.
    - ``is_reauth_page``: the login is too old or lacks a factor, but the page where a user confirms it is reachable.
    - ``outcome``: ``allowed``, ``denied``, or ``nowhere`` if no URL pattern matches and no rule denies.
    - ``decision``: the decision that counts, or ``None`` if no requirement was evaluated.
    - ``answer``: status, kind of client and redirect of the response; ``None`` if the view responds.
    """

    method: str
    path: str
    route: str | None
    view_name: str | None
    view: str | None
    session: SessionState
    tenant: str | None
    readings: tuple[PathCheck, ...]
    view_requirements: tuple[RequirementCheck, ...]
    is_early: bool
    is_login_page: bool
    is_reauth_page: bool
    outcome: Outcome
    decision: Decision | None
    answer: DenialResponse | None

    @property
    def allowed(self) -> bool:
        """``True`` if the view would run. ``can_access()`` returns the same value."""
        return self.outcome == "allowed"

    @property
    def summary(self) -> str:
        """The decision in one sentence."""
        return text.summary(self)

    @property
    def moment(self) -> str:
        """When the decision was made, in words, such as "from the path alone, before Django looked for the view"."""
        return text.moment(self)

    @property
    def pattern(self) -> str:
        """What the rule of the decision applies to, as written in the settings, or an empty string."""
        rule = self.decision.rule if self.decision is not None else None
        tried = (one for reading in self.readings for one in reading.tried)
        return next((one.pattern for one in tried if one.rule == rule and one.outcome == "decides"), "")

    def __str__(self) -> str:
        return "\n".join(text.lines(self))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings, numbers, booleans and ``None``."""
        decision = self.decision
        return {
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "view_name": self.view_name,
            "view": self.view,
            "session": self.session,
            "tenant": self.tenant,
            "readings": [one.as_dict() for one in self.readings],
            "asked_by_view": [one.as_dict() for one in self.view_requirements],
            "is_early": self.is_early,
            "moment": self.moment,
            "is_login_page": self.is_login_page,
            "is_reauth_page": self.is_reauth_page,
            "outcome": self.outcome,
            "rule": decision.rule if decision is not None else None,
            "pattern": self.pattern,
            "reason": decision.reason if decision is not None else None,
            "missing": list(decision.missing) if decision is not None else [],
            "summary": self.summary,
            "response": self.answer._asdict() if self.answer is not None else None,
        }
