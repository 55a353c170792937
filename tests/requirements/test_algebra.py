from __future__ import annotations

import asyncio
import logging
import pickle
from functools import partial
from time import time

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit import (
    Allow,
    AllowObject,
    AnyPermission,
    Authenticated,
    Factor,
    Impersonated,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
    validate_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import AsyncRequired, InvalidPolicy
from django_sessionkit.requirements import Leaf, Requirement
from django_sessionkit.requirements.algebra import Combination
from django_sessionkit.requirements.check_input import CheckInput
from django_sessionkit.requirements.names import role_names
from django_sessionkit.utils.sansio import run

EDITOR = validate_session(
    {"user_id": "1", "role": "editor", "roles": ["staff"], "permissions": ["posts:read", "posts:write"]}
)


def raises(session):
    raise ValueError("canary-7c1f")


def yes(session):
    return True


def takes_request(session, request):
    return request is not None


def nothing(session):
    return None


def three(a, b, c):
    return True


async def ayes(session):
    return True


def test_a_wildcard_is_not_the_name_of_a_role():
    message = (
        r'^Role: "\*" is not the name of a role; for any session, write Authenticated\(\), or "authenticated": True'
    )
    for make in (lambda: Role("*"), lambda: Role("editor", "*")):
        with pytest.raises(InvalidPolicy, match=message):
            make()


async def ano(session):
    return False


@pytest.mark.parametrize(
    ("requirement", "for_editor", "for_anonymous"),
    [
        (Role("editor"), True, False),
        (Role("staff"), True, False),
        (Role("admin", "staff"), True, False),
        (Role("admin"), False, False),
        (Permission("posts:read", "posts:write"), True, False),
        (Permission("posts:read", "users:manage"), False, False),
        (AnyPermission("users:manage", "posts:read"), True, False),
        (AnyPermission("users:manage", "users:see"), False, False),
        (Authenticated(), True, False),
        (Public(), True, True),
        (Nobody(), False, False),
        (~Role("admin"), True, False),
        (~Role("editor"), False, False),
        (~Nobody(), True, False),
        (~Public(), False, False),
        (~~Public(), True, False),
        (~Authenticated(), False, False),
        (Role("editor") & Permission("posts:write"), True, False),
        (Role("editor") & Permission("users:manage"), False, False),
        (Role("admin") | Permission("posts:write"), True, False),
        (Public() | Role("admin"), True, True),
        (Allow(lambda session: session is None), False, True),
        (~Allow(lambda session: False), True, False),
        (Allow(ayes), True, True),
        (Allow(ano), False, False),
    ],
    ids=repr,
)
def test_what_is_granted(requirement, for_editor, for_anonymous):
    for check in (requirement.check, async_to_sync(requirement.acheck)):
        assert check(EDITOR).allowed is for_editor
        assert check(None).allowed is for_anonymous


@pytest.mark.parametrize(
    "answer",
    [1, "yes", [True], object(), None, 0, "", EDITOR, lambda: True, iter([True])],
    ids=lambda answer: type(answer).__name__,
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_only_the_object_true_grants(answer, kind, caplog):
    async def later(session):
        return answer

    requirement = Allow(later if kind == "async" else lambda session: answer)
    for asked in (requirement, ~requirement, ~~requirement, requirement & Public()):
        for check in (asked.check, async_to_sync(asked.acheck)):
            decision = check(EDITOR)
            assert not decision
            assert decision.failed
    assert {record.levelno for record in caplog.records if record.name == "django_sessionkit"} == {logging.ERROR}


@pytest.mark.parametrize("predicate", [raises, "no.such.module", "math.pi", "os.path.exists"])
def test_what_raises_denies_also_when_negated(predicate, caplog):
    for asked in (Allow(predicate), ~Allow(predicate), ~(Role("editor") & Allow(predicate))):
        for check in (asked.check, async_to_sync(asked.acheck)):
            assert check(EDITOR).failed
            assert not check(EDITOR)
    assert "canary-7c1f" not in caplog.text
    assert "denied" in caplog.text


def test_the_log_says_where_a_predicate_failed(caplog):
    Allow(raises).check(EDITOR)
    (record,) = caplog.records
    assert record.getMessage().startswith("Allow(raises) raised ValueError at ")
    assert record.getMessage().endswith(". Access was denied.")
    assert "test_algebra.py:" in caplog.text


def test_a_failure_loses_against_a_certain_answer():
    failing = Allow(raises)
    assert (Role("editor") | failing).check(EDITOR)
    assert (failing | Role("editor")).check(EDITOR)
    assert not (failing & Role("admin")).check(EDITOR).failed
    assert (~(failing & Role("admin"))).check(EDITOR)
    assert not (failing & Role("editor")).check(EDITOR)


@pytest.mark.parametrize(
    ("requirement", "evaluated"),
    [
        (Role("editor") & Role("x") & Allow(raises), [True, False]),
        (Allow(raises) & Role("x") & Role("editor"), [False, False]),
        (Allow(raises) & Role("editor"), [False, True]),
        (Role("x") | Role("editor") | Allow(raises), [False, True]),
        (Allow(raises) | Role("x") | Role("editor"), [False, False, True]),
        (~Role("x"), [False]),
        (Role("editor"), []),
    ],
)
def test_a_record_has_the_parts_that_were_evaluated_with_their_decisions(requirement, evaluated):
    record = []
    decision = run(requirement.flow(CheckInput(EDITOR), record))
    assert decision == requirement.check(EDITOR)
    assert [one.decision.allowed for one in record] == evaluated
    assert [one.requirement for one in record] == [*requirement.children[: len(record)]]
    assert [one.decision for one in record] == [one.requirement.check(EDITOR) for one in record]


def test_a_record_has_the_parts_of_the_parts():
    record = []
    run((Role("x") | ~Role("y") & ~~Role("z")).flow(CheckInput(EDITOR), record))
    both = record[1]
    assert [one.requirement for one in both.parts] == [~Role("y"), ~~Role("z")]
    assert repr(both.parts[1].parts[0].parts[0].requirement) == "Role('z')"
    assert [bool(one.decision) for one in (both, both.parts[0], both.parts[0].parts[0])] == [False, True, False]


def test_a_coroutine_that_a_sync_function_returns_is_awaited():
    requirement = Allow(lambda session: ano(session))
    assert not requirement.check(EDITOR)
    assert not requirement.check(EDITOR).failed
    assert not async_to_sync(requirement.acheck)(EDITOR)
    assert Allow(partial(ayes)).check(EDITOR)


@pytest.mark.parametrize("predicate", [ayes, lambda session: ayes(session)])
def test_an_async_predicate_on_a_running_loop_names_the_twin(predicate):
    async def ask():
        return (Role("editor") & Allow(predicate)).check(EDITOR)

    with pytest.raises(AsyncRequired, match="aevaluate"):
        async_to_sync(ask)()


class Awaitable:
    """Awaitable, but without ``close()``."""

    def __await__(self):
        yield from ()
        return True


def test_any_awaitable_is_awaited_or_refused():
    requirement = Allow(lambda session: Awaitable())

    async def ask():
        return requirement.check(EDITOR)

    assert requirement.check(EDITOR)
    assert async_to_sync(requirement.acheck)(EDITOR)
    with pytest.raises(AsyncRequired):
        async_to_sync(ask)()


def test_a_requirement_of_ones_own_must_decide():
    class Silent(Leaf):
        pass

    with pytest.raises(NotImplementedError):
        Requirement(()).check(EDITOR)
    with pytest.raises(NotImplementedError):
        Combination((Role("editor"),)).check(EDITOR)
    assert Silent(()).check(EDITOR).failed


def test_a_sync_predicate_may_block_because_it_runs_in_a_thread():
    def in_a_thread(session):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return True

    assert async_to_sync(Allow(in_a_thread).acheck)(EDITOR)


def test_a_predicate_gets_the_request_if_it_asks():
    marker = object()

    def check(predicate):
        asked = Allow(predicate)
        answer = asked.check(EDITOR, AccessPolicy(), marker).allowed  # type: ignore[arg-type]
        assert async_to_sync(asked.acheck)(EDITOR, AccessPolicy(), marker).allowed is answer
        return answer

    assert check(lambda session, request: request is marker)
    assert check(lambda session, request=None: request is marker)
    assert check(lambda *arguments: arguments == (EDITOR, marker))
    assert check(lambda session, plan="premium": plan == "premium")
    assert check(lambda session: session is EDITOR)
    assert check(f"{__name__}.takes_request")


@pytest.mark.parametrize("predicate", [lambda: True, lambda a, b, c: True, lambda session, *, x: True, 7, "", "a b.c"])
def test_a_predicate_of_the_wrong_kind_is_an_error_at_once(predicate):
    with pytest.raises(ImproperlyConfigured, match=r"Allow|<lambda>"):
        Allow(predicate)


@pytest.mark.parametrize(("wrong", "shown"), [(7, "int"), ("a b.c", '"a b.c"'), ([], "list")])
def test_the_error_names_the_predicate(wrong, shown):
    with pytest.raises(InvalidPolicy) as raised:
        Allow(wrong)
    assert str(raised.value) == f"Allow: needs a callable or its dotted path, not {shown}"


def test_the_error_says_what_a_predicate_must_take():
    with pytest.raises(InvalidPolicy) as raised:
        Allow(three)
    assert str(raised.value) == "Allow: three must take (session) or (session, request)"
    with pytest.raises(InvalidPolicy) as raised:
        AllowObject(yes)
    assert str(raised.value) == "AllowObject: yes must take (session, obj) or (session, obj, request)"
    with pytest.raises(InvalidPolicy, match=r"^Allow: functools\.partial\(.*\) must take \(session\)"):
        Allow(partial(lambda: True))


def test_the_log_says_what_a_predicate_returned(caplog):
    Allow(lambda session: 1).check(EDITOR)
    Allow(lambda session: None).check(EDITOR)
    lines = [
        f"Allow(<lambda>) returned {what} instead of True or False. Access was denied." for what in ("int", "None")
    ]
    assert [
        one.replace("test_the_log_says_what_a_predicate_returned.<locals>.", "") for one in caplog.messages
    ] == lines


class WithoutSignature:
    __signature__ = "none"

    def __call__(self, *arguments):
        return arguments == (EDITOR,)


def test_a_builtin_without_a_signature_gets_the_session():
    assert Allow(WithoutSignature()).check(EDITOR)
    assert Allow(type).check(EDITOR).failed
    assert Allow(dict.fromkeys).check(EDITOR).failed


def test_a_dotted_path_is_imported_on_first_use(monkeypatch):
    with pytest.raises(InvalidPolicy, match=r"^Allow\('math\.pi'\): math\.pi is not callable$"):
        Allow("math.pi").resolve()
    requirement = Allow(f"{__name__}.yes")
    assert requirement.check(EDITOR)
    monkeypatch.setitem(yes.__globals__, "yes", lambda session: False)
    assert requirement.resolve()[0] is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda: Role(),
        lambda: Role(""),
        lambda: Role(" "),
        lambda: Role("a\n"),
        lambda: Role(["admin"]),  # type: ignore[arg-type]
        lambda: Role(None),  # type: ignore[arg-type]
        lambda: Permission(),
        lambda: Permission("posts:*"),
        lambda: Permission("*"),
        lambda: AnyPermission(),
        lambda: AnyPermission("a", "b:*"),
    ],
)
def test_a_requirement_that_cannot_be_is_an_error_at_definition(make):
    with pytest.raises(ImproperlyConfigured):
        make()


@pytest.mark.parametrize("kind", [Permission, AnyPermission])
def test_a_required_permission_has_no_wildcard(kind):
    with pytest.raises(InvalidPolicy) as raised:
        kind("posts:read", "posts:*")
    fault = '"posts:*": a required permission cannot have a wildcard; name each permission'
    assert str(raised.value) == f"{kind.__name__}: {fault}"


@pytest.mark.parametrize("kind", [Role, Permission, AnyPermission, Factor])
def test_the_error_names_the_requirement(kind):
    with pytest.raises(InvalidPolicy, match=f"^{kind.__name__}: names must not be blank$"):
        kind("a", " ")


def test_the_names_of_roles_in_a_requirement():
    assert list(role_names(Role("a", "b") & ~Role("c") | Permission("d"))) == ["a", "b", "c"]


def test_the_error_names_what_to_write():
    with pytest.raises(ImproperlyConfigured, match=r"Role: names must be strings, not list; unpack it: \(\*names\)"):
        Role(["admin"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (Role("a", "b"), "Role('a', 'b')"),
        (Role("a") & Permission("p") & Authenticated(), "Role('a') & Permission('p') & Authenticated()"),
        ((Role("a") | Role("b")) & ~Nobody(), "(Role('a') | Role('b')) & ~Nobody()"),
        (Role("a") | Role("b") & Public(), "Role('a') | Role('b') & Public()"),
        (~(Role("a") | AnyPermission("p")), "~(Role('a') | AnyPermission('p'))"),
        (~~Role("a"), "~~Role('a')"),
        (Allow("shop.access.is_premium"), "Allow('shop.access.is_premium')"),
        (Allow(yes), "Allow(yes)"),
        (Allow(partial(yes)), "Allow(partial)"),
    ],
)
def test_a_requirement_can_be_read(requirement, text):
    assert repr(requirement) == text


def test_a_requirement_is_an_immutable_value():
    assert Role("a", "b") == Role("a", "b", "a")
    assert Role("a") != Permission("a")
    assert len({Role("a") & Role("b"), Role("a") & Role("b")}) == 1
    assert pickle.loads(pickle.dumps(~Role("a") | Public())) == ~Role("a") | Public()  # noqa: S301
    assert (Role("a") & Role("b")).children == (Role("a"), Role("b"))
    assert (~Role("a")).children == (Role("a"),)
    for change in (lambda one: setattr(one, "_parts", ("admin",)), lambda one: delattr(one, "_parts")):
        with pytest.raises(AttributeError, match=r"^Role is immutable$"):
            change(Role("a"))


@pytest.mark.parametrize(
    ("make", "is_static", "is_stable"),
    [
        (lambda: Role("a"), True, True),
        (lambda: Permission("a"), True, True),
        (lambda: AnyPermission("a"), True, True),
        (Authenticated, True, True),
        (Public, True, True),
        (Nobody, True, True),
        (Impersonated, False, True),
        (lambda: Allow(yes), False, True),
        (lambda: Recent(600), False, False),
        (lambda: Factor("otp"), False, False),
        (lambda: Requirement(()), False, True),
    ],
)
def test_what_may_be_reused_for_equal_grants_and_within_a_request(make, is_static, is_stable):
    requirement = make()
    for one in (requirement, ~requirement, requirement & Role("b"), Role("b") | requirement):
        assert (one.is_static, one.is_stable) == (is_static, is_stable)


def test_equal_requirements_have_equal_hashes_and_others_do_not():
    assert hash(Role("a") & Role("b")) == hash(Role("a") & Role("b"))
    assert len({hash(one) for one in (Role("a"), Role("b"), Permission("a"), ~Role("a"))}) == 4


def test_a_requirement_has_no_truth_value():
    with pytest.raises(TypeError) as raised:
        bool(Role("a"))
    text = "A requirement has no truth value. Combine with & | ~, check with evaluate() or enforce()."
    assert str(raised.value) == text
    for operation in (lambda: Role("a") & True, lambda: Role("a") | "b"):
        with pytest.raises(TypeError):
            operation()


def test_a_decision_says_what_was_missing():
    decision = (Role("editor") & Permission("posts:read", "users:see", "users:manage")).check(EDITOR)
    assert (decision.reason, decision.missing) == ("missing_permission", ("users:see", "users:manage"))
    assert decision.requirement == Permission("posts:read", "users:see", "users:manage")
    assert str(decision) == 'needs the permission "users:see" and "users:manage"'
    assert str(Role("a", "b").check(EDITOR)) == 'needs the role "a" or "b"'
    assert Role("a").check(None).reason == Authenticated().check(None).reason == "not_authenticated"
    assert str(Role("a").check(None)) == "needs a session"


@pytest.mark.parametrize(
    ("requirement", "reason", "sentence"),
    [
        (Role("a") | Permission("p"), "none_of", 'needs the role "a" or the permission "p"'),
        (AnyPermission("a", "b"), "none_of", 'needs the permission "a" or "b"'),
        (AnyPermission("a"), "missing_permission", 'needs the permission "a"'),
        (~Role("editor"), "excluded", 'the role "editor" is not allowed here'),
        (Nobody(), "nobody", "nobody may do this"),
        (~(Role("editor") | Role("a")), "excluded", 'the role "editor" or the role "a" is not allowed here'),
        (Allow(ano), "predicate", "needs approval by ano"),
        (Allow(raises), "failed", "could not be decided, because a check failed (the log says which)"),
        (Allow(raises) | Role("a"), "failed", "could not be decided, because a check failed (the log says which)"),
    ],
)
def test_every_reason_has_a_sentence(requirement, reason, sentence):
    decision = requirement.check(EDITOR)
    assert (decision.reason, str(decision)) == (reason, sentence)


def test_a_grant_says_so():
    assert str(Role("editor").check(EDITOR)) == "granted"
    for asked in (Role("a") | Role("editor"), Role("editor") & Role("staff"), ~Role("a")):
        assert asked.check(EDITOR).reason == "granted"
        assert asked.check(EDITOR).requirement == asked
    assert (Role("a") | Role("editor")).check(EDITOR).requirement == Role("a") | Role("editor")
    assert (Role("a") | Permission("p")).check(EDITOR).missing == ("a", "p")


MEMBER = validate_session({"user_id": "9", "tenants": {"acme": {"roles": ["editor"]}}, "act": {"user_id": "3"}})
MEMBER = MEMBER.in_tenant("acme")
CONFIRMED = validate_session({"user_id": "9", "role": "admin", "auth_time": int(time()), "amr": ["otp"]})
leaves = st.sampled_from(
    [
        Role("editor"),
        Role("admin"),
        Permission("posts:read"),
        AnyPermission("none"),
        Authenticated(),
        Public(),
        Nobody(),
        Allow(yes),
        Allow(lambda session: False),
        Allow(raises),
        Allow(lambda session: "odd"),
        Within(Role("editor")),
        Within(~Role("admin")),
        Impersonated(),
        Recent(600),
        Factor("otp"),
        AllowObject(lambda session, obj: True),
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a: ~a, inner)
    ),
    max_leaves=6,
)
sessions = st.sampled_from([EDITOR, None, MEMBER, CONFIRMED])


@pytest.mark.filterwarnings("ignore")
@given(trees, trees, trees, sessions)
def test_the_laws_of_the_algebra(a, b, c, session):
    def same(left: Requirement, right: Requirement) -> bool:
        return left.check(session).allowed is right.check(session).allowed

    logging.disable(logging.CRITICAL)
    try:
        assert same(~(a & b), ~a | ~b)
        assert same(~(a | b), ~a & ~b)
        assert same(a & (a | b), a)
        assert same(a | (a & b), a)
        assert same(a & b, b & a)
        assert same(a | b, b | a)
        assert same(a & (b | c), (a & b) | (a & c))
        assert not (a.check(session).allowed and (~a).check(session).allowed)
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("session", [EDITOR, None])
def test_each_denial_of_an_alternative_names_it(session):
    for asked, reason, failed in (
        (Nobody() | ~Public() & Nobody(), "nobody", False),
        (Nobody() | Nobody(), "nobody", False),
        (Nobody() | Allow(raises), "failed", True),
        (Nobody() | Role("a"), "none_of" if session else "not_authenticated", False),
    ):
        decision = asked.check(session)
        assert (decision.allowed, decision.reason, decision.failed) == (False, reason, failed)
        assert decision.requirement == asked


def test_parts_of_one_kind_are_one_list():
    a, b, c = Role("a"), Role("b"), Role("c")
    assert (a & b & c).children == (a & (b & c)).children == (a, b, c)
    assert (a | b | c).children == (a | (b | c)).children == (a, b, c)
    assert (a & (b | c)).children == (a, b | c)


def test_an_anonymous_caller_of_an_exclusion_needs_a_session():
    assert (~Role("a")).check(None).reason == "not_authenticated"


class Giving(AccessPolicy):
    def get_roles(self, session):
        return ["given"]


def test_the_roles_that_a_policy_gives_count():
    assert Role("given").check(EDITOR, Giving())
    assert not Role("editor").check(EDITOR, Giving())
