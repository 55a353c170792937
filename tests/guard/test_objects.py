"""What is said about a view that should ask about an object, and does not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from django_sessionkit import AllowObject, Role
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.objects import (
    is_about_object,
    is_undecided,
    note_question,
    refuse_unasked,
    refuse_without_object,
)
from django_sessionkit.policy.decisions import Decision


def is_owner(session, obj):
    return True


def marked(request):
    """A view that says that it asks about an object."""


marked.requires_object = True


def plain(request):
    """A view that says nothing."""


HINT = (
    "call enforce(requirement, obj=...) in the view; a class-based view has self.get_object() with RequireObjectMixin, "
    "and a view of Django REST framework with Requires(...)"
)


def request_of(view, method="get"):
    request = getattr(RequestFactory(), method)("/")
    request.resolver_match = view and SimpleNamespace(func=view)
    return request


@pytest.mark.parametrize("status", [200, 204, 299])
@pytest.mark.parametrize(
    ("view", "place", "named"),
    [(marked, "", f"{__name__}.marked"), (marked, "Orders", "Orders"), (plain, "Orders", "Orders"), (None, "A", "A")],
)
def test_an_answer_without_a_question_names_the_view(view, place, named, status):
    with pytest.raises(InvalidPolicy) as caught:
        refuse_unasked(request_of(view), HttpResponse(status=status), place)
    fault = f"sent the status {status} without checking a requirement for an object"
    assert str(caught.value) == f"{named}: {fault}; {HINT}"


def is_refused(request, response, place=""):
    try:
        refuse_unasked(request, response, place)
    except InvalidPolicy:
        return True
    return False


@pytest.mark.parametrize(("status", "refused"), [(199, False), (200, True), (299, True), (300, False), (404, False)])
def test_only_a_successful_answer_shows_an_object(status, refused):
    assert is_refused(request_of(marked), HttpResponse(status=status), "Orders") is refused
    assert not is_refused(request_of(marked), object(), "Orders")  # no response of Django


def test_a_view_without_a_mark_and_options_need_no_question():
    assert is_refused(request_of(marked), HttpResponse())
    assert not is_refused(request_of(plain), HttpResponse())
    assert not is_refused(request_of(None), HttpResponse())
    assert not is_refused(request_of(marked, "options"), HttpResponse(), "Orders")


def test_a_question_is_enough():
    request = request_of(marked)
    assert is_refused(request, HttpResponse(), "Orders")
    note_question(request)
    assert not is_refused(request, HttpResponse(), "Orders")


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision(True, "granted"), False),
        (Decision(False, "missing_role"), False),
        (Decision(False, "missing_role", failed=True), True),
        (Decision(False, "no_object"), True),
        (Decision(False, "failed"), True),
    ],
)
def test_a_decision_may_change_with_the_object_if_it_failed(decision, expected):
    assert is_undecided(decision) is expected


def test_only_what_is_about_an_object_is_refused_without_one():
    about = Role("a") | AllowObject(is_owner)
    assert (is_about_object(Role("a")), is_about_object(about)) == (False, True)
    assert refuse_without_object(Role("a"), "Orders", "a rule", "use a view") == Role("a")
    with pytest.raises(InvalidPolicy) as caught:
        refuse_without_object(about, "Orders", "a rule", "use a view")
    assert str(caught.value) == "Orders: AllowObject(is_owner) needs an object, and a rule has none; use a view"
