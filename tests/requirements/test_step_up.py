from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from django_sessionkit import Authenticated, Factor, Impersonated, Recent, Role, validate_session
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.text import described

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def _fixed_clock():
    with time_machine.travel(NOW, tick=False):
        yield


def session(**more):
    return validate_session({"user_id": "1", "role": "editor", **more})


@pytest.mark.parametrize(
    ("auth_time", "allowed", "failed"),
    [
        (NOW, True, False),
        (NOW - 600, True, False),
        (NOW - 601, False, False),
        (0, False, False),
        (NOW + 60, True, False),
        (NOW + 61, False, True),
        (253_402_300_799, False, True),
        (None, False, True),
    ],
)
def test_how_long_ago_the_login_was(auth_time, allowed, failed):
    decision = Recent(600).check(session(auth_time=auth_time))
    assert (decision.allowed, decision.failed) == (allowed, failed)
    assert decision.reason == ("granted" if allowed else "stale_authentication")
    assert (~Recent(600)).check(session(auth_time=auth_time)).allowed is (not allowed and not failed)


def test_the_same_session_is_too_old_later():
    asked, given_session = Recent(600), session(auth_time=NOW)
    with time_machine.travel(NOW + 600, tick=False):
        assert asked.check(given_session)
    with time_machine.travel(NOW + 601, tick=False):
        assert not asked.check(given_session)
    with time_machine.travel(NOW - 61, tick=False):  # the clock was set back
        assert not asked.check(given_session)
        assert not (~asked).check(given_session)


@pytest.mark.parametrize("seconds", [0, -1, 600.0, True, "600", None, timedelta(minutes=10)])
def test_seconds_are_a_positive_integer(seconds):
    with pytest.raises(InvalidPolicy) as raised:
        Recent(seconds)
    hint = "int(delta.total_seconds())" if isinstance(seconds, timedelta) else "for example Recent(600)"
    fault = f"be an integer, not {described(seconds)}; write {hint}" if seconds not in (0, -1) else "be more than 0"
    assert str(raised.value) == f"Recent: the number of seconds must {fault}"


def test_one_second_is_a_limit_too():
    assert Recent(1).check(session(auth_time=NOW - 1))
    assert not Recent(1).check(session(auth_time=NOW - 2))


def test_a_factor_is_any_of_its_names():
    assert Factor("otp", "hwk").check(session(amr=["pwd", "hwk"]))
    for amr in ([], ["pwd"], None, ["OTP"]):
        decision = Factor("otp", "hwk").check(session(amr=amr))
        assert (decision.reason, decision.missing, decision.failed) == ("missing_factor", ("otp", "hwk"), False)
    with pytest.raises(InvalidPolicy, match="Factor: needs at least one name"):
        Factor()


def test_anonymous_callers_need_a_session_first():
    for asked in (Recent(600), Factor("otp"), Recent(600) & Factor("otp"), Recent(600) | Factor("otp"), Impersonated()):
        assert asked.check(None).reason == "not_authenticated"
        assert not (~asked).check(None)


def test_what_a_new_login_cannot_change_is_reported_first():
    old = session(auth_time=NOW - 1000)
    assert (Recent(600) & Role("admin")).check(old).reason == "missing_role"
    assert (Recent(600) & Role("editor")).check(old).reason == "stale_authentication"
    assert ((Recent(600) & Role("admin")) & Factor("otp")).check(old).reason == "missing_role"
    assert ((Recent(600) | Role("admin")) & Role("owner")).check(old).reason == "missing_role"
    assert (Recent(600) | Role("admin")).check(old).needs_step_up


def test_what_is_missing_together_is_reported_together():
    decision = (Recent(600) & Factor("otp")).check(session(auth_time=NOW - 1000))
    assert decision.reason == "missing_factor"
    assert decision.requirement == Recent(600) & Factor("otp")
    assert decision.missing == ("otp",)
    assert str(decision) == 'needs a login within the last 10 minutes and the factor "otp"'
    both = (Recent(600) & Recent(60)).check(session(auth_time=NOW - 1000))
    assert (both.reason, both.missing, both.requirement) == ("stale_authentication", (), Recent(600) & Recent(60))
    assert str(Recent(60).check(session(auth_time=0))) == "needs a login within the last minute"


def test_who_acts():
    acting = session(act={"user_id": "9", "act": {"user_id": "7"}})
    assert acting.actor == "9"
    assert Impersonated().check(acting)
    assert not (Authenticated() & ~Impersonated()).check(acting)
    assert Impersonated().check(session()).reason == "not_impersonated"
    assert str((~Impersonated()).check(acting)) == "impersonation is not allowed here"
    assert (Authenticated() & ~Impersonated()).check(session())


# Every tree of requirements without ~ around a login

leaves = st.sampled_from(
    [Recent(600), Recent(60), Factor("otp"), Factor("hwk", "mfa"), Role("editor"), Role("admin"), ~Role("admin")]
)
trees = st.recursive(
    leaves, lambda part: st.builds(lambda a, b, both: a & b if both else a | b, part, part, st.booleans())
)
times = st.sampled_from([None, NOW, NOW - 100, NOW - 1000, NOW + 1000])
factors = st.sampled_from([[], ["otp"], ["mfa"], ["otp", "hwk"]])


@examples(500)
@given(trees, times, factors)
def test_a_new_login_is_asked_for_exactly_if_it_helps(tree, auth_time, amr):
    decision = tree.check(session(auth_time=auth_time, amr=amr))
    confirmed = tree.check(session(auth_time=NOW, amr=["otp", "hwk", "mfa"]))
    assert decision.needs_step_up is (confirmed.allowed and not decision.allowed)


@examples(500)
@given(trees, trees, times, factors)
def test_de_morgan_and_double_negation(one, other, auth_time, amr):
    asked = session(auth_time=auth_time, amr=amr)

    def value(tree):
        decision = tree.check(asked)
        return decision.allowed, decision.failed

    assert value(~(one & other)) == value(~one | ~other)
    assert value(~(one | other)) == value(~one & ~other)
    assert value(~~one) == value(one)
    assert value(one & other) == value(other & one)
    assert value(one | other) == value(other | one)


@pytest.mark.parametrize("parts", [(Recent(600), Factor("otp")), (Factor("otp"), Recent(600))])
def test_two_missing_confirmations_grant_nothing(parts):
    first, second = parts
    old = session(auth_time=NOW - 601, amr=["pwd"])
    both = (first & second).check(old)
    assert (both.allowed, both.failed, both.reason, both.missing) == (False, False, "missing_factor", ("otp",))
    unknown = session(amr=["pwd"])
    either = (first | second).check(unknown)
    assert (either.allowed, either.failed, either.needs_step_up) == (False, True, True)
    assert not (~(first | second)).check(unknown)
    assert (~(first | second)).check(old)
