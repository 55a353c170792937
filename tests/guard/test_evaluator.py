"""A decision is cached until something that it depends on changes."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore
from django.test import RequestFactory, override_settings

from django_sessionkit import (
    Allow,
    AllowObject,
    Authenticated,
    Nobody,
    Permission,
    Public,
    Role,
    evaluate,
    has_permission,
    has_role,
    set_session,
    use_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.guard.evaluator import _MOST_CACHED, cached_decision, decide, denial_of, public_text
from django_sessionkit.guard.request_evaluation import RequestEvaluation
from django_sessionkit.policy.decisions import REFUSED, Decision
from django_sessionkit.policy.rule_parser import parse_rule
from django_sessionkit.policy.rules import RuleSet
from django_sessionkit.requirements import Leaf
from django_sessionkit.requirements.algebra import Requirement
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext, activate
from django_sessionkit.session.loader import current_loader
from django_sessionkit.utils.sansio import run

EDITOR = {"user_id": "1", "role": "editor"}
READER = {"user_id": "2", "role": "reader"}
ASKED = Role("editor")
RULE = parse_rule({"pattern": "/a", "role": "editor"}, "a")


class Store(SessionStore):
    """A store with its own lookup."""

    def get(self, key, default=None):
        return super().get(key, default)


class Moody(AccessPolicy):
    mood = True

    def check(self, requirement, session, request):
        return Moody.mood


@pytest.fixture(autouse=True)
def quiet_log(caplog):
    """Set the log level, so that it does not depend on other tests."""
    caplog.set_level(logging.WARNING, "django_sessionkit")


@pytest.fixture(params=[SessionStore, Store])
def request_with_session(request):
    found = RequestFactory().get("/")
    found.session = request.param()
    found.session["__session__"] = EDITOR
    found.sessionkit = SessionContext(current_loader(), found)
    with activate(found.sessionkit):
        yield found


def test_an_answer_is_known_once_it_has_been_given(request_with_session):
    assert cached_decision(ASKED) is None
    assert evaluate(ASKED).allowed
    assert cached_decision(ASKED).allowed
    assert evaluate(Role("admin")).allowed is False


class Named(AccessPolicy):
    def get_roles(self, session):
        return ["editor"]


@pytest.mark.parametrize("policy", [AccessPolicy, Named])
def test_it_is_known_with_a_policy_that_gives_roles_too(request_with_session, policy):
    with override_settings(SESSIONKIT_ACCESS_POLICY=policy):
        assert evaluate(ASKED).allowed
        assert cached_decision(ASKED).allowed
        assert cached_decision(ASKED) is cached_decision(ASKED) is evaluate(ASKED)


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.session.flush(),
        lambda request: request.session.__setitem__("__session__", READER),
        lambda request: request.session.pop("__session__"),
        lambda request: set_session(request, READER),
    ],
)
def test_a_change_of_the_session_ends_it(request_with_session, change):
    assert has_role("editor")
    change(request_with_session)
    assert not cached_decision(ASKED)
    assert not has_role("editor")
    assert not evaluate(ASKED)


def test_a_store_that_forgot_what_it_had_loaded_is_asked(request_with_session):
    assert has_role("editor")
    del request_with_session.session._session_cache
    assert not has_role("editor")


def test_a_change_of_the_settings_ends_it():
    with use_session(EDITOR):
        assert not has_role("admin")
        with override_settings(SESSIONKIT_ROLES={"editor": {"inherits": ["admin"]}, "admin": {}}):
            assert has_role("admin")
            assert has_role("admin")
        assert not has_role("admin")


def test_nothing_is_known_outside_and_for_another_session():
    with use_session(EDITOR):
        assert has_role("editor")
        with use_session(READER):
            assert not cached_decision(ASKED)
            assert not has_role("editor")
        with use_session(None):
            assert not has_role("editor")
            assert not has_role("editor")
    assert cached_decision(ASKED) is None
    assert not has_role("editor")


def test_what_the_project_decides_is_asked_every_time():
    moods = iter([True, False, True])
    asked = Allow(lambda session: next(moods))
    with use_session(EDITOR):
        assert [evaluate(asked).allowed for _ in range(3)] == [True, False, True]
    with override_settings(SESSIONKIT_ACCESS_POLICY=Moody), use_session(EDITOR):
        assert has_role("admin")
        Moody.mood = False
        assert not has_role("admin")
        Moody.mood = True


class Premium(Leaf):
    """A requirement of a project that reads more than roles and permissions."""

    def __init__(self):
        super().__init__(())

    def _judge(self, asked):
        yield from ()
        return self._verdict(asked.session["plan"] == "premium", "plan", "Premium")


def test_sessions_with_the_same_rights_share_only_answers_that_depend_on_these():
    asked = Premium()
    for plan, expected in (("premium", True), ("free", False)):
        with use_session({**EDITOR, "plan": plan}):
            assert evaluate(asked).allowed is expected
            assert evaluate(asked & Role("editor")).allowed is expected
            assert evaluate(Role("editor")).allowed
    with use_session({"user_id": "3", "role": "editor"}):
        evaluate(ASKED)
    with use_session({"user_id": "4", "roles": ["editor"], "permissions": ["a"]}):
        assert has_permission("a")
        assert not has_permission("b")


def test_a_verbose_log_has_a_line_for_every_decision(caplog):
    with use_session(EDITOR):
        assert has_role("editor")  # before a receiver is connected
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    with use_session(EDITOR):
        for _ in range(3):
            assert has_role("editor")
    assert len([one for one in caplog.records if "requirement=Role('editor')" in one.getMessage()]) == 3


def test_answers_to_questions_made_anew_each_time_do_not_pile_up():
    with use_session(EDITOR):
        for number in range(3 * _MOST_CACHED):
            assert not evaluate(Role(f"role{number}"))
        shared_grants = current_loader().settings.policy._shared
    assert all(len(grants.decisions) <= _MOST_CACHED for grants in shared_grants.values())


def test_so_do_sets_of_rights():
    policy = AccessPolicy()
    for number in range(600):
        Role("a").check(current_loader().validate({"user_id": "1", "role": f"role{number}"}), policy)
    assert 0 < len(policy._shared) <= 256


def test_every_requirement_has_a_key_of_its_own():
    requirements = [Role("a"), Role("a"), ~Role("a"), Authenticated()]
    assert len({one.cache_key for one in requirements}) == 4
    assert isinstance(requirements[0], Requirement)
    assert requirements[0] == requirements[1]


def test_a_guard_that_has_granted_grants_again_and_one_that_has_not_asks_again(request_with_session):
    async def aview(request):
        return "seen"

    plain = require_role("editor")(lambda request: "seen")
    native = require_role("editor")(aview)

    async def twice():
        return [await native(request_with_session), await native(request_with_session)]

    assert [plain(request_with_session), plain(request_with_session)] == ["seen", "seen"]
    assert async_to_sync(twice)() == ["seen", "seen"]
    request_with_session.session["__session__"] = READER
    assert plain(request_with_session).status_code == 403
    assert [one.status_code for one in async_to_sync(twice)()] == [403, 403]


def test_the_guard_remembers_whom_it_has_allowed_and_by_which_rule(request_with_session):
    editors, readers = RuleSet([RULE, parse_rule({"pattern": "/b", "role": "reader"}, "b")]).rules
    evaluation = RequestEvaluation(request_with_session.sessionkit)
    assert not evaluation.is_known_to_allow(editors)
    assert evaluate(editors.requirement)
    assert evaluation.is_known_to_allow(editors)
    assert evaluation.is_known_to_allow(editors)
    assert not evaluation.is_known_to_allow(readers)
    with use_session(READER):  # the session of the request counts, not the current one
        assert evaluate(readers.requirement)
        assert not evaluation.is_known_to_allow(readers)
    set_session(request_with_session, READER)
    assert not evaluation.is_known_to_allow(editors)
    assert not evaluate(editors.requirement)
    assert not evaluation.is_known_to_allow(editors)
    assert evaluate(readers.requirement)
    assert evaluation.is_known_to_allow(readers)


def test_nothing_is_kept_of_a_session_that_nobody_can_read_any_more():
    context = SessionContext(None, None, LoadedSession(current_loader().validate(EDITOR), EDITOR, lambda: READER))
    with activate(context):
        assert not evaluate(ASKED)
    assert context.loaded.decisions is None


class Generous(AccessPolicy):
    """Grants everything to everybody, also to anonymous callers."""

    def check(self, requirement, session, request):
        return True


REFUSED_LOGIN = Fault(REFUSED, "roles: must be a list")


def decided_without_session(requirement, policy=None):
    """Return the decision for a caller whose stored session was refused."""
    context = SessionContext(None, None, LoadedSession(None, fault=REFUSED_LOGIN))
    with override_settings(**({"SESSIONKIT_ACCESS_POLICY": policy} if policy else {})):
        return run(decide(context, requirement, None))


@pytest.mark.parametrize("policy", [None, Generous])
def test_a_refused_session_is_granted_nothing_but_what_everybody_has(policy):
    for requirement in (Role("a"), Authenticated(), ~Role("a"), Role("a") | Permission("b")):
        decision = decided_without_session(requirement, policy)
        assert (decision.allowed, decision.reason, decision.missing) == (False, "refused", ())
        assert (decision.detail, decision.failed) == ("roles: must be a list", False)
    assert decided_without_session(Public(), policy)
    assert decided_without_session(Allow(lambda session: session is None), policy)
    assert decided_without_session(Nobody(), policy).reason == "nobody"


class Closing(AccessPolicy):
    """Denies everything to everybody."""

    def check(self, requirement, session, request):
        return False


class Listing(Leaf):
    """A requirement that names what is missing, for an anonymous caller too."""

    def __init__(self):
        super().__init__(())

    def _judge(self, asked):
        yield from ()
        return self._denied("missing_role", ("a",))


def test_what_the_policy_denies_a_refused_session_stays_denied():
    assert decided_without_session(Public(), Closing).reason == "refused"
    assert decided_without_session(Listing()) == Decision(
        False, "refused", requirement=Listing(), detail="roles: must be a list"
    )


def test_a_failed_check_and_a_missing_role_of_a_refused_session(caplog):
    failing = decided_without_session(Allow(lambda session: 1))
    assert (failing.reason, failing.failed, failing.detail) == ("failed", True, "")
    refused = decided_without_session(Allow(lambda session: False))
    assert (refused.reason, refused.failed) == ("refused", False)


def test_the_exception_says_why_there_is_no_session():
    refused = SessionContext(None, RequestFactory().get("/"), LoadedSession(None, fault=REFUSED_LOGIN))
    error = denial_of(refused)
    assert isinstance(error, AccessDenied)
    assert (error.decision.allowed, error.decision.reason, error.decision.detail) == (False, *REFUSED_LOGIN)
    assert str(error) == str(public_text(REFUSED_LOGIN))
    assert denial_of(refused, Decision(False, "nobody")).decision.reason == "nobody"
    assert isinstance(denial_of(SessionContext.fixed(None)), NotAuthenticated)
    asked = Decision(False, "nobody")
    assert denial_of(None, asked).decision is denial_of(SessionContext.fixed(None), asked).decision is asked
    present = SessionContext.fixed(current_loader().validate(EDITOR))
    assert str(denial_of(present, Role("a").check(None))) == str(denial_of(present))
    stale = denial_of(present, Decision(False, "stale_authentication"))
    assert str(stale) != str(denial_of(present))


def test_heavy_requirements_are_not_kept_and_light_ones_are():
    light, heavy = Role("a" * 980), Role("a" * 981)
    assert (light.weight, heavy.weight) == (1000, 1001)
    with use_session(EDITOR):
        for asked, is_kept in ((light, True), (heavy, False)):
            evaluate(asked)
            assert (cached_decision(asked) is not None) is is_kept


def test_a_decision_is_shared_by_sessions_with_equal_grants():
    asked = Role("reader")
    with use_session(READER):
        assert evaluate(asked)
    with use_session({**READER, "user_id": "3"}):
        evaluate(Authenticated())
        assert cached_decision(asked)


def test_an_object_is_noted_for_the_request_only_if_there_is_one(request_with_session):
    asked = AllowObject(lambda session, obj: True)
    assert not evaluate(asked)
    assert "_sessionkit_object_asked" not in vars(request_with_session)
    assert evaluate(asked, obj=7)
    assert vars(request_with_session)["_sessionkit_object_asked"] is True


def test_a_function_gets_the_request_with_a_context_and_without(request_with_session):
    asked = Allow(lambda session, request: request is request_with_session)
    assert evaluate(asked)
    assert run(decide(None, asked, request_with_session))
    assert not run(decide(None, asked, None))


def test_outside_a_request_an_object_is_looked_at_too():
    asked = AllowObject(lambda session, obj: session is None and obj == 7)
    assert evaluate(asked, obj=7)
    assert not evaluate(asked, obj=8)


def test_a_question_in_a_view_is_logged_with_its_request(request_with_session, caplog):
    request_with_session.resolver_match = SimpleNamespace(route="orders/<int:pk>/")
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    evaluate(ASKED)
    line = "allowed: rule=None reason=granted requirement=Role('editor') method=GET route=orders/<int:pk>/"
    assert caplog.messages == [line]
