"""``has_role`` and the other questions with a yes or no, sync and async."""

from __future__ import annotations

import asyncio
import logging

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore
from django.test import RequestFactory
from support.sessions import ADMIN, EDITOR, READER

import django_sessionkit
from django_sessionkit import (
    AccessDenied,
    NotAuthenticated,
    aenforce,
    aevaluate,
    ahas_role,
    can_access,
    enforce,
    evaluate,
    get_session,
    has_any_role,
    has_permission,
    has_role,
    is_authenticated,
    require_session,
    use_session,
)
from django_sessionkit.exceptions import AsyncRequired, InvalidPolicy
from django_sessionkit.guard.questions import (
    all_permissions,
    cached_requirement,
    imported_requirement,
    is_met,
    meets,
    role_and_permission,
)
from django_sessionkit.requirements import AllowObject, Authenticated, Permission, Role
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.session.loader import current_loader

QUESTIONS = [
    ("is_authenticated", ()),
    ("has_role", ("admin", "editor")),
    ("has_role", ()),
    ("has_any_role", ("admin", "editor")),
    ("has_permission", ("posts:read", "posts:write")),
    ("has_permission", ()),
    ("has_all_permissions", ("posts:read", "posts:write")),
    ("has_all_permissions", ()),
    ("has_any_permission", ("users:manage", "posts:write")),
    ("has_role_permission", ("editor", "posts:write")),
    ("has_role_permission", ("editor", "")),
]
#: who is answered with yes: a reader, an editor, an admin
YES = ["rea", "ea", "", "ea", "ea", "", "ea", "rea", "ea", "e", ""]


@pytest.fixture(autouse=True)
def quiet_log(caplog):
    """Set the log level, so that it does not depend on other tests."""
    caplog.set_level(logging.WARNING, "django_sessionkit")


def context_of(session):
    """The context of a new request whose session is not loaded yet."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session["__session__"] = session
    return request, SessionContext(current_loader(), request)


@pytest.mark.parametrize(("question", "yes"), list(zip(QUESTIONS, YES, strict=True)), ids=str)
def test_sync_and_async_questions_have_the_same_answers(question, yes):
    name, names = question
    ask, aask = getattr(django_sessionkit, name), getattr(django_sessionkit, f"a{name}")
    for letter, session in zip("rea", (READER, EDITOR, ADMIN), strict=True):
        with use_session(session):
            assert [ask(*names), async_to_sync(aask)(*names)] == [letter in yes] * 2, letter
    with use_session(None):
        assert [ask(*names), async_to_sync(aask)(*names)] == [False, False]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_only_the_async_question_loads_the_session_on_an_event_loop(question):
    name, names = question
    ask, aask = getattr(django_sessionkit, name), getattr(django_sessionkit, f"a{name}")

    async def both():
        request, context = context_of(EDITOR)
        with activate(context):
            try:
                ask(*names)
                message = ""
            except AsyncRequired as error:
                message = str(error)
            return await aask(*names), ask(*names), message, request

    answer, again, message, _ = asyncio.run(both())
    assert answer is again
    assert message == "" or f"Use `await a{name}(...)`." in message


def test_the_answer_of_a_loaded_session_needs_no_switch_to_a_thread_or_task():
    with use_session(EDITOR):
        for expected in (True, False):
            for _ in range(2):  # the second answer is cached
                asked = ahas_role("editor" if expected else "unheard-of")
                with pytest.raises(StopIteration) as end:
                    asked.send(None)
                assert end.value.value is expected


@pytest.mark.parametrize("names", [["editor"], ("editor",), {"editor"}, frozenset({"editor"})])
@pytest.mark.parametrize("name", sorted({name for name, _ in QUESTIONS} - {"is_authenticated", "has_role_permission"}))
def test_a_list_where_a_name_belongs_has_to_be_unpacked(name, names):
    wanted = (
        rf"{name}\(\) got a {type(names).__name__} where a name belongs. Unpack it: a?{name}\(\*names\)\. In a tag, "
    )
    ask, aask = getattr(django_sessionkit, name), getattr(django_sessionkit, f"a{name}")
    with use_session(EDITOR):
        for call in (ask, async_to_sync(aask)):
            with pytest.raises(TypeError, match=wanted):
                call("editor", names)


@pytest.mark.parametrize("name", [None, 7, "", " ", {"editor": 1}, iter(["editor"]), b"editor", "a\x00"])
def test_any_other_odd_name_is_held_by_nobody(name, caplog):
    with use_session(EDITOR):
        assert has_any_role(name) is False
        assert async_to_sync(ahas_role)("editor", name) is False
    assert "has_any_role() returns False: names must" in caplog.text
    assert "ahas_role() returns False: names must" in caplog.text


def test_the_log_says_what_a_blank_name_in_a_template_may_be(caplog):
    with use_session(EDITOR):
        assert has_role("editor", "") is False
        assert has_role("editor", " ") is False
    fault = "has_role() returns False: names must not be blank."
    assert caplog.messages == [f"{fault} In a template, a name without quotes is a variable.", fault]


def test_a_wildcard_is_held_by_nobody(caplog):
    with use_session({**EDITOR, "permissions": ["posts:*"]}):
        assert has_permission("posts:*") is False
    assert "has_permission() returns False" in caplog.text


ASKED_OUTSIDE = {
    "has_role": lambda: has_role("editor"),
    "ahas_role": lambda: async_to_sync(ahas_role)("editor"),
    "is_authenticated": is_authenticated,
    "evaluate": lambda: evaluate(Role("editor")),
    "aevaluate": lambda: async_to_sync(aevaluate)(Role("editor")),
    "can_access": lambda: can_access("/nowhere/"),
    "if_meets": lambda: meets(Role("editor")),
}


@pytest.mark.parametrize("name", ASKED_OUTSIDE)
def test_with_debug_the_log_says_why_there_is_no_session(name, settings, caplog):
    for settings.DEBUG in (False, True):
        caplog.clear()
        assert not ASKED_OUTSIDE[name]()
        assert not caplog.messages or settings.DEBUG
    (line,) = caplog.messages
    assert line.startswith(f"{name}() found no session. The code runs outside a request.")
    assert "use_session(" in line
    assert "SessionKitMiddleware" in line


def test_so_it_does_after_the_end_of_a_request_whose_session_was_never_loaded(settings, caplog):
    """As in a task that a view has started."""
    settings.DEBUG = True
    request, context = context_of(EDITOR)
    del request
    with activate(context):
        assert not has_role("editor")
        with pytest.raises(NotAuthenticated, match=r"outside a request.*use_session\(data\)"):
            enforce(Role("editor"))
    assert [line.partition(".")[0] for line in caplog.messages[:2]] == [
        "has_role() found no session",
        "enforce() found no session",
    ]


def test_an_anonymous_caller_is_not_taken_for_a_missing_context(settings, caplog):
    settings.DEBUG = True
    with use_session(None):
        assert not has_role("editor")
        assert not can_access("/nowhere/")
    assert get_session() is None
    assert caplog.messages == []


@pytest.mark.parametrize("call", [require_session, lambda: enforce(Role("editor"))])
def test_a_denial_outside_a_request_names_use_session(call):
    with pytest.raises(NotAuthenticated, match=r"outside a request.*use_session\(data\).*MIDDLEWARE"):
        call()
    for session, error in ((None, NotAuthenticated), (READER, AccessDenied)):
        with use_session(session) as current, pytest.raises(error) as caught:
            enforce(Role("editor") if current else Role("reader"))
        assert "use_session" not in str(caught.value)


CHECKS = {
    "evaluate": evaluate,
    "aevaluate": async_to_sync(aevaluate),
    "enforce": enforce,
    "aenforce": async_to_sync(aenforce),
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    ("wrong", "what"), [("admin", "str"), (None, "None"), (Role, "the class Role"), (len, "builtin_function_or_method")]
)
def test_what_is_no_requirement_is_named_with_the_function_that_got_it(name, wrong, what):
    with pytest.raises(InvalidPolicy, match=rf'^{name}\(\): needs a requirement, not {what}; write Role\("editor"\)'):
        CHECKS[name](wrong)


def test_a_question_is_cached_unless_its_names_are_many_or_long():
    def is_cached(*names):
        return cached_requirement(Role, *names) is cached_requirement(Role, *names)

    assert is_cached(*"abcdefgh")
    assert not is_cached(*"abcdefghi")
    assert is_cached("a" * 300)
    assert not is_cached("a" * 301)
    assert cached_requirement(Role, "a", "b") == Role("a", "b")
    assert cached_requirement(Permission, "a") == Permission("a")


@pytest.mark.parametrize(("wrong", "what"), [("a.path", "str"), (None, "None"), (7, "int")])
def test_a_template_shows_nothing_without_a_requirement_or_an_object(wrong, what, caplog):
    open_to_all = AllowObject(lambda session, obj: True)
    with use_session(EDITOR):
        assert (meets(wrong), meets(wrong, 7)) == (False, False)
        assert meets(open_to_all, None) is False
        assert (meets(open_to_all, 7), meets(open_to_all, 0), meets(Role("editor"))) == (True, True, True)
    needs = (
        f"if_meets shows nothing: it needs a requirement, not {what}. Write its dotted path in quotes, or pass it to"
    )
    about = f"if_meets shows nothing: the object for {open_to_all!r} is None or undefined in the template."
    assert caplog.messages == [f"{needs} the template."] * 2 + [about]


READY = Role("editor")


def is_ready(session, obj):
    return True


WHERE = 'write the path of a module and a name, such as "shop.access.MAY_REFUND"'


@pytest.mark.parametrize(
    ("where", "fault", "hint"),
    [
        ("own", '"own" cannot be imported: own doesn\'t look like a module path', WHERE),
        (f"{__name__}.WHERE", f'"{__name__}.WHERE" is not a requirement, but str', WHERE),
        (
            f"{__name__}.is_ready",
            f'"{__name__}.is_ready" is not a requirement, but function',
            "name a requirement that calls it, such as MAY = AllowObject(is_ready)",
        ),
    ],
)
def test_what_is_no_requirement_at_a_dotted_path(where, fault, hint):
    assert imported_requirement(f"{__name__}.READY") is READY
    with pytest.raises(InvalidPolicy) as caught:
        imported_requirement(where)
    assert str(caught.value) == f"if_meets: {fault}; {hint}"


@pytest.mark.parametrize(
    ("ask", "twin"),
    [
        (lambda: meets(Role("editor")), "aget_session"),
        (lambda: is_met(Role("editor"), "asked"), "aasked"),
        (lambda: is_met(Role("editor"), "asked", "other"), "other"),
    ],
)
def test_on_an_event_loop_the_error_names_the_async_twin(ask, twin):
    async def asked():
        request, context = context_of(EDITOR)
        with activate(context), pytest.raises(AsyncRequired) as caught:
            ask()
        return request, str(caught.value)

    assert f"Use `await {twin}(...)`." in asyncio.run(asked())[1]


def test_a_list_of_names_is_an_error_that_says_how_to_unpack_it():
    with use_session(EDITOR), pytest.raises(TypeError) as caught:
        has_role("editor", ["a"])
    assert str(caught.value) == (
        "has_role() got a list where a name belongs. Unpack it: has_role(*names). In a tag, write each name."
    )


def test_what_two_questions_are_made_of():
    assert all_permissions("a", "b") == Permission("a", "b")
    assert all_permissions() == Authenticated()
    assert role_and_permission("a", "b") == Role("a") & Permission("b")
