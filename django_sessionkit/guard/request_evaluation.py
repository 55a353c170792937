"""What the guard decides about, and what it has found so far, for one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import urlconf_of, uses_language_prefix
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.policy.first_match import FirstMatch, PathLookup, first_matches
from django_sessionkit.policy.path_variants import PathVariant, VariantReader
from django_sessionkit.policy.rules import AMBIGUOUS, Rule, sole_rule
from django_sessionkit.requirements import Requirement
from django_sessionkit.session.context import LoadedSession, SessionContext
from django_sessionkit.urlconf import spelling as routes
from django_sessionkit.urlconf.spelling import CanonicalForms
from django_sessionkit.utils.sansio import Flow

from . import audit
from .evaluator import cached_decision, decide

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch

Decisions: TypeAlias = dict[tuple[str | None, object], tuple[object, object, Decision]]

_NOT_LOOKED_UP: Any = object()  # None is a project without ROOT_URLCONF


class AccessRequest(NamedTuple):
    """The path to decide about, and the view that it is routed to, if that is known.

    ``resolved``: routing is over, with or without a match, so rules that name a view can be decided.
    """

    path_info: str
    path: str
    method: str
    urlconf: Any = None
    match: ResolverMatch | None = None
    resolved: bool = False
    #: the canonical forms of the path under the matched URL patterns, if they are already known
    forms: CanonicalForms | None = None

    @classmethod
    def of(cls, request: HttpRequest, *, resolved: bool) -> AccessRequest:
        """The target of a real request."""
        return cls(
            request.path_info,
            request.path,
            request.method or "",
            urlconf_of(request),
            request.resolver_match if resolved else None,
            resolved,
        )

    @property
    def view_name(self) -> str | None:
        """The view name of the match, as Django builds it (``namespace:name`` or the dotted path)."""
        return self.match.view_name if self.match is not None else None


class RequestEvaluation:
    """The evaluation of one request: what the guard has found so far. After routing, it looks at changes only."""

    # Most requests change none of these, so they are attributes of the class: a new evaluation sets only two.
    #: whether Django has called ``process_view``
    is_routed = False
    #: the decisions of this request, by the label of the rule and the requirement
    decisions: Decisions | None = None
    #: the first rule found for the path; the debug header shows it
    rule: Rule | None = None
    #: the rule that alone decides about the path on entry, if it needs the session: it is loaded for it first
    sole_rule: Rule | None = None
    #: a denial was ignored because the path is a login page
    is_login_page = False
    #: a denial that a new login would lift was ignored because the path is the page where a user confirms the login
    is_reauth_page = False
    _lookup: PathLookup | None = None
    _path: Any = None
    _rules: tuple[Rule, ...] = ()
    _urlconf: Any = _NOT_LOOKED_UP
    _granted: tuple[Rule | None, LoadedSession | None] = (None, None)

    def __init__(self, context: SessionContext, settings: conf.Settings | None = None) -> None:
        self.context = context
        self.settings: conf.Settings = settings if settings is not None else conf.current()

    def needs_no_evaluation(self, request: HttpRequest) -> bool:
        """Return ``True`` if no rule can deny this request, without evaluating any requirement.

        This keeps unprotected pages fast. ``False`` does not mean a denial: call
        :func:`~django_sessionkit.guard.engine.authorize` to decide.
        """
        settings = self.settings
        if not settings.rules.rules:
            return not (self.is_routed and settings.global_protect)
        path: Any = request.path_info
        if path is not self._path:  # the first call, or other middleware has changed the path
            self._path, self._rules = path, settings.rules.by_path[path].sole_rules
        match = request.resolver_match if self.is_routed else None
        rule = self._rules[0] if self._rules else None
        if rule is not None and not rule.is_unconditional:
            rule = sole_rule(self._rules, request.method or "", match)
        if rule is AMBIGUOUS or request.path != path:
            return False
        if (urlconf := getattr(request, "urlconf", None)) is None:
            urlconf = settings.root_urlconf
        if urlconf is not self._urlconf:
            if uses_language_prefix(urlconf):
                return False
            self._urlconf = urlconf
        if match is not None and routes.has_other_spellings(urlconf, match):
            return False
        if rule is None:
            return not (self.is_routed and settings.global_protect)
        if rule.is_public:
            return not (settings.debug or settings.policy.overrides_check)
        if settings.debug:
            return False
        if urlconf is settings.root_urlconf:  # for another one, the request must be evaluated with reverse() switched
            self.sole_rule = rule
        return self.is_known_to_allow(rule)

    def is_known_to_allow(self, rule: Rule) -> bool:
        """Return ``True`` if the cached decision of ``rule``, which is not public, allows the request.

        It is that of the session of the request, not the current one: code inside the guard may have overridden that.
        """
        loaded = self.context.loaded
        if loaded is None:
            return False
        allowing, allowed = self._granted
        if allowed is loaded and allowing is rule:
            return loaded.current_value() is loaded.raw  # allowed before, and the session is still the same
        decision = cached_decision(rule.requirement, self.context)
        if decision is None or not decision.allowed:
            return False
        self._granted = rule, loaded
        return True

    @property
    def variant_reader(self) -> VariantReader:
        """The reader that lists the variants of a path under the current rules."""
        rules = conf.current().rules
        if self._lookup is None or self._lookup.rules is not rules:
            self._lookup = PathLookup(rules)
        return self._lookup.reader

    def first_matches(self, variants: Iterable[PathVariant], target: AccessRequest) -> Iterator[FirstMatch]:
        """Yield the rule for each path variant. :class:`django_sessionkit.explanation.trace.Trace` records them."""
        rules, view_name, lookup = conf.current().rules, target.view_name, self._lookup
        return first_matches(rules, variants, target.method, view_name, resolved=target.resolved, lookup=lookup)

    def decision_of(self, label: str) -> Decision | None:
        """Return the decision of the rule with this label, or ``None`` if the rule was not evaluated."""
        return next((known[2] for (name, _), known in (self.decisions or {}).items() if name == label), None)

    def evaluate(self, requirement: Requirement, obj: object = None) -> Flow[Decision]:
        """Evaluate a requirement for the session."""
        return decide(self.context, requirement, self.context.request, obj)

    def decide(self, label: str | None, requirement: Requirement, obj: object = None) -> Flow[Decision]:
        """Evaluate the requirement of a rule, or of the view if ``label`` is ``None``.

        The decision is reused as long as the session, the path and the method stay the same, unless it depends on the
        time. ``obj`` is either ``None`` or ``UNKNOWN_OBJECT``.
        """
        session = yield from self.context.flow()
        request = self.context.request
        asked = (request.path_info, request.path, request.method) if request is not None else None
        if self.decisions is None:
            self.decisions = {}
        earlier = self.decisions.get((label, requirement.cache_key))
        if earlier is not None and requirement.is_stable and earlier[0] is session and earlier[1] == asked:
            return earlier[2]
        decision = replace((yield from self.evaluate(requirement, obj)), rule=label)
        audit.decided(decision, request)
        self.decisions[label, requirement.cache_key] = (session, asked, decision)
        return decision
