from __future__ import annotations

from django_sessionkit.matrix import Line, Matrix, Square
from django_sessionkit.matrix.lines import ALLOWED, DENIED, DEPENDS

SQUARES = (Square("anonymous", DENIED, "a"), Square("any session", DENIED, "b"), Square("editor", DENIED, "a"))
LINE = Line("/x/", "x", "views.x", "GET", ("rule",), SQUARES)


def test_each_reason_is_told_once_with_its_callers():
    assert LINE.reasons == (("no", "anonymous, editor", "a"), ("no", "any session", "b"))
    assert LINE._replace(squares=(Square("anonymous", ALLOWED, ""),)).reasons == (("yes", "anonymous", ""),)


def test_a_square_has_a_word_and_a_sign():
    square = Square("editor", DEPENDS, "why")
    assert (square.word, square.sign) == ("depends", "?")


def test_unprotected_lines_are_counted():
    opened = LINE._replace(deciders=("unprotected", "rule"))
    assert (LINE.is_unprotected, opened.is_unprotected) == (False, True)
    assert Matrix(("anonymous", "any session", "editor"), (LINE, opened)).unprotected == 1
