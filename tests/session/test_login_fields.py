"""When, and with which factors, the user logged in: who may say so, and who may not."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client, RequestFactory, override_settings
from support.loops import async_to_sync
from support.sessions import READER

from django_sessionkit import (
    InvalidSession,
    NotAuthenticated,
    SessionKitError,
    aconfirm_session,
    aset_session,
    aupdate_session,
    confirm_session,
    get_session,
    revoke_sessions,
    set_session,
    signals,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.session.login_fields import with_login_of, without_login
from django_sessionkit.versions import cached_version

NOW = 1_800_000_000
SET = pytest.mark.parametrize("set_it", [set_session, async_to_sync(aset_session)], ids=["sync", "async"])
UPDATE = pytest.mark.parametrize("update", [update_session, async_to_sync(aupdate_session)], ids=["sync", "async"])
CONFIRM = pytest.mark.parametrize("confirm", [confirm_session, async_to_sync(aconfirm_session)], ids=["sync", "async"])


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def request_():
    request = RequestFactory().get("/")
    request.session = Client().session
    return request


def login_of(request):
    data = request.session["__session__"]
    return data.get("auth_time"), data.get("amr")


@SET
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, (NOW, None)),
        ({"auth_time": None}, (NOW, None)),
        ({"auth_time": 0}, (0, None)),
        ({"auth_time": NOW - 5, "amr": ["pwd"]}, (NOW - 5, ["pwd"])),
    ],
)
def test_a_login_is_stamped_unless_it_says_when_it_was(request_, set_it, given, stored):
    session = set_it(request_, {**READER, **given})
    assert login_of(request_) == stored
    assert (session.auth_time, session.amr) == (stored[0], tuple(stored[1] or ()))


def test_each_login_has_its_own_time(request_, clock):
    set_session(request_, READER)
    clock.move_to(NOW + 100)
    set_session(request_, READER)
    assert login_of(request_) == (NOW + 100, None)


def test_the_validator_of_the_project_sees_the_stamp(request_):
    seen = []

    def validator(data):
        seen.append(data.get("auth_time"))
        return data

    with override_settings(SESSIONKIT_SESSION_VALIDATOR=validator):
        set_session(request_, READER)
    assert seen[-1] == NOW


def test_a_session_that_is_only_pretended_has_no_stamp():
    with use_session(READER) as session:
        assert session is not None
        assert session.auth_time is None


@UPDATE
@pytest.mark.parametrize("before", [{"auth_time": 5, "amr": ["pwd"]}, {"auth_time": 5}])
@pytest.mark.parametrize("change", [{"auth_time": NOW}, {"auth_time": None}, {"amr": ["otp"]}, {"amr": ["pwd", "otp"]}])
def test_an_update_changes_neither(request_, update, before, change):
    set_session(request_, {**READER, **before})
    was = dict(request_.session["__session__"])
    with pytest.raises(
        InvalidSession, match=r"^(auth_time|amr): cannot be changed by an update; use confirm_session\(\)$"
    ):
        update(request_, {**change, "plan": "x"})
    assert request_.session["__session__"] == was


@UPDATE
def test_an_update_may_repeat_both(request_, update, clock):
    session = set_session(request_, {**READER, "amr": ["pwd"]})
    clock.move_to(NOW + 100)
    update(request_, {**session, "plan": "x"})
    assert login_of(request_) == (NOW, ["pwd"])


def test_a_session_without_a_stamp_gets_none_from_an_update(request_):
    request_.session["__session__"] = dict(READER)
    update_session(request_, {"plan": "x"})
    assert login_of(request_) == (None, None)
    with pytest.raises(InvalidSession, match="auth_time: cannot be changed"):
        update_session(request_, {"auth_time": NOW})


@CONFIRM
@pytest.mark.parametrize(
    ("before", "amr", "after"),
    [
        (None, (), None),
        (None, ["otp"], ["otp"]),
        (["pwd"], [], ["pwd"]),
        (["pwd"], ["otp", "pwd", "otp"], ["pwd", "otp"]),
        (["hwk", "pwd"], ("mfa", "hwk"), ["hwk", "pwd", "mfa"]),
    ],
)
def test_a_confirmation_renews_the_time_and_adds_factors(request_, confirm, clock, before, amr, after):
    set_session(request_, {**READER, "amr": before})
    request_.session.save()
    clock.move_to(NOW + 100)
    session = confirm(request_, amr=amr)
    assert login_of(request_) == (NOW + 100, after)
    assert session == request_.session["__session__"]
    with use_session(session):
        assert get_session() == session


@CONFIRM
@pytest.mark.parametrize("amr", ["otp", None, 7, {"otp"}, ["otp", 7], [[]], [""], ["a\n"]])
def test_a_wrong_factor_changes_nothing(request_, confirm, clock, amr):
    set_session(request_, READER)
    clock.move_to(NOW + 100)
    key = request_.session.session_key
    with pytest.raises(InvalidSession, match=r"^amr: "):
        confirm(request_, amr=amr)
    assert (login_of(request_), request_.session.session_key) == ((NOW, None), key)


class Compared(str):
    """A name that counts how often it is compared with others."""

    count = 0

    def __eq__(self, other):
        Compared.count += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@CONFIRM
def test_too_many_factors_are_refused_before_they_are_compared(request_, confirm):
    set_session(request_, READER)
    Compared.count = 0
    with pytest.raises(InvalidSession, match=r"^amr: has more than 100 items"):
        confirm(request_, amr=[Compared(number) for number in range(1000)])
    assert Compared.count == 0
    assert confirm(request_, amr=["e\u0301", "\xe9", "otp"]).amr == ("\xe9", "otp")


@CONFIRM
def test_without_a_session_nothing_is_confirmed(request_, confirm):
    heard = []

    def hear(sender, decision, **kwargs):
        heard.append(decision.reason)

    signals.access_denied.connect(hear)
    try:
        with pytest.raises(NotAuthenticated):
            confirm(request_)
    finally:
        signals.access_denied.disconnect(hear)
    assert "__session__" not in request_.session
    assert heard == ["not_authenticated"]


@CONFIRM
def test_a_revoked_session_is_not_confirmed(request_, confirm):
    with override_settings(SESSIONKIT_VERSION=cached_version):
        set_session(request_, READER)
        revoke_sessions("1")
        later = RequestFactory().get("/")
        later.session = request_.session
        with pytest.raises(NotAuthenticated):
            confirm(later)


@CONFIRM
def test_a_confirmed_session_keeps_its_version(request_, confirm):
    with override_settings(SESSIONKIT_VERSION=cached_version):
        set_session(request_, READER)
        version = request_.session["__session__"]["__version__"]
        confirm(request_)
        assert request_.session["__session__"]["__version__"] == version


@pytest.mark.parametrize(
    "fresh",
    [READER, {**READER, "auth_time": NOW + 50, "amr": ["hwk"]}, {**READER, "auth_time": "soon", "amr": 7}],
)
@pytest.mark.parametrize("before", [{}, {"auth_time": 5}, {"auth_time": 5, "amr": ["pwd"]}])
def test_a_refresh_keeps_both_as_they_were(before, fresh):
    client = Client()
    with override_settings(SESSIONKIT_VERSION=cached_version, SESSIONKIT_REFRESH=lambda session, request: fresh):
        request = RequestFactory().get("/")
        request.session = client.session
        set_session(request, {**READER, **before})
        if not before:
            del request.session["__session__"]["auth_time"]
        revoke_sessions("1")
        later = RequestFactory().get("/")
        later.session = request.session
        update_session(later, {})
        assert login_of(later) == (before.get("auth_time"), before.get("amr"))


@pytest.mark.parametrize("before", [{}, {"act": {"user_id": "9"}}, {"auth_time": 5, "amr": ["pwd"]}])
def test_a_renewed_dict_gets_the_login_and_the_actor_of_the_session(before):
    fresh = {"user_id": "1", "plan": "x", "auth_time": 7, "amr": ["otp"], "act": {"user_id": "8"}}
    found = with_login_of(validate_session({"user_id": "1", **before}), fresh)
    assert found == {"user_id": "1", "plan": "x", **before}
    assert without_login(fresh) == {"user_id": "1", "plan": "x", "act": {"user_id": "8"}}


@pytest.mark.parametrize("data", ["x", None, ["auth_time"]])
def test_what_is_no_dict_is_left_as_it_is(data):
    assert without_login(data) is data
    assert with_login_of(validate_session({"user_id": "1"}), data) is data


def test_a_refresh_that_returns_no_dict_is_an_error(request_):
    with override_settings(SESSIONKIT_VERSION=cached_version, SESSIONKIT_REFRESH=lambda session, request: "x"):
        set_session(request_, READER)
        revoke_sessions("1")
        later = RequestFactory().get("/")
        later.session = request_.session
        with pytest.raises(SessionKitError):
            update_session(later, {})


def test_the_message_about_factors_says_what_to_write(request_):
    set_session(request_, READER)
    with pytest.raises(InvalidSession) as raised:
        confirm_session(request_, amr="otp")
    assert str(raised.value) == 'amr: must be a list of names, not str; write amr=["otp"]'
