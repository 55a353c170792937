"""The matrix as a table, in terminals of several widths."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import call_command

from django_sessionkit.management.commands.sessionkit_routes import Command
from django_sessionkit.matrix.lines import ALLOWED, DELEGATED, DENIED, DEPENDS, Line, Matrix, Square
from django_sessionkit.matrix.table import as_table

CALLERS = ("anonymous", "any session", "editor", "admin")


def line(route, methods, deciders, outcomes, why=""):
    squares = (Square(caller, outcome, why) for caller, outcome in zip(CALLERS, outcomes, strict=True))
    return Line(route, "", "views.page", methods, deciders, tuple(squares))


MATRIX = Matrix(
    CALLERS,
    (
        line("/", "any", ("unprotected",), [ALLOWED] * 4),
        line(
            "/shop/orders/<int:pk>/", "GET HEAD POST", ("SESSIONKIT_PROTECT[2]",), [DENIED, DENIED, ALLOWED, DELEGATED]
        ),
        line(
            "/preview/", "GET POST", ("orders", "view: Role('chief')"), [DEPENDS] * 4, "is only evaluated for a request"
        ),
    ),
)

FULL = """\
ROUTE                   METHODS        DECIDED BY                    anonymous  any session  editor   admin
/                       any            unprotected                   yes        yes          yes      yes
/shop/orders/<int:pk>/  GET HEAD POST  SESSIONKIT_PROTECT[2]         no         no           yes      delegated
/preview/               GET POST       orders + view: Role('chief')  depends    depends      depends  depends

What it depends on:
  /preview/ GET POST
    for anonymous, any session, editor, admin: is only evaluated for a request

3 routes, 1 unprotected."""

NARROW = """\
ROUTE                   METHODS      anonymous  any session  editor   admin
    DECIDED BY
/                       any          yes        yes          yes      yes
    unprotected
/shop/orders/<int:pk>/  GET HEAD +1  no         no           yes      delegated
    SESSIONKIT_PROTECT[2]
/preview/               GET POST     depends    depends      depends  depends
    orders + view: Role('chief')

What it depends on:
  /preview/ GET POST
    for anonymous, any session, editor, admin: is only evaluated for a request

3 routes, 1 unprotected."""

RECORDS = """\
/  any
    unprotected
    yes        every caller
/shop/orders/<int:pk>/
    GET HEAD POST
    SESSIONKIT_PROTECT[2]
    yes        editor
    no         anonymous,
               any session
    delegated  admin
/preview/  GET POST
    orders + view:
    Role('chief')
    depends    every caller

What it depends on:
  /preview/ GET POST
    for anonymous, any
    session, editor, admin:
    is only evaluated for a
    request

3 routes, 1 unprotected."""


def shown(width):
    return "\n".join(as_table(MATRIX, width=width))


def test_a_table_without_a_width_has_all_columns():
    assert shown(None) == shown(111) == FULL


def test_what_decides_moves_below_the_route_and_few_methods_are_named():
    assert shown(110) == shown(79) == NARROW


def test_callers_are_grouped_by_outcome_if_they_do_not_fit():
    assert shown(27) == RECORDS
    assert shown(78).startswith("/  any\n    unprotected\n")
    assert "/shop/orders/<int:pk>/  GET HEAD POST\n" in shown(78)


@pytest.mark.parametrize("width", range(60, 121, 4))
def test_no_line_is_wider_than_the_terminal(width):
    assert all(len(one) <= width for one in as_table(MATRIX, width=width))


@pytest.mark.parametrize("width", [27, 80, None])
def test_colours_only_add_to_the_text(width):
    painted = as_table(MATRIX, lambda text, kind: f"<{kind}>{text}</>" if kind else text, width)
    text = "\n".join(painted)
    assert re.sub(r"<[a-z]+>(?=[\w ])|<(?:head|allowed|denied|depends|delegated|unprotected)>|</>", "", text) == shown(
        width
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed(out, **options):
    call_command("sessionkit_routes", stdout=out, **options)
    return out.getvalue()


def test_the_command_asks_the_terminal(monkeypatch, settings):
    settings.SESSIONKIT_PROTECT = [{"name": "a rule with quite a long name", "pattern": "/**", "role": "editor"}]
    monkeypatch.setenv("COLUMNS", "80")
    full = printed(io.StringIO())
    assert len(full.splitlines()[0]) > 80
    narrow = printed(Terminal(), no_color=True)
    assert max(map(len, narrow.splitlines())) <= 80
    assert printed(Terminal(), no_color=True, verbosity=2) == full
    monkeypatch.setenv("COLUMNS", "300")
    assert printed(Terminal(), no_color=True) == full


def test_an_outcome_of_another_check_has_not_the_colour_of_a_denial():
    command = Command(force_color=True)
    assert command._styled("x", DELEGATED) != command._styled("x", DENIED)
    assert "31" not in command._styled("x", DELEGATED)
