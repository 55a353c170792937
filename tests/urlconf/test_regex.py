"""The private parser of ``re``, which ``urlconf/regex.py`` and ``urlconf/alternatives.py`` read, is a known one."""

from __future__ import annotations

import re
import sys

import pytest

from django_sessionkit.urlconf.alternatives import Text, alternatives_of
from django_sessionkit.urlconf.regex import parsed

KNOWN = [(3, 10), (3, 11), (3, 12), (3, 13), (3, 14)]

WHAT_TO_CHECK = """\
The regex analysis uses the private modules `re._parser` and `re._compiler`, and is not known to work on this Python.
1. Compare Lib/re/_parser.py and Lib/re/_constants.py with those of the Python before: are there new nodes, or other
   arguments of a node? `REPEATS`, `CHARACTERS`, `WITHOUT_WIDTH` and `_pieces_of` in urlconf/regex.py list the nodes,
   and `_parts` in urlconf/alternatives.py reads them.
2. Does `re._compiler.compile` still accept a parsed tree? urlconf/alternatives.py gives it one.
3. Run tests/urlconf, tests/lint and tests/security with SESSIONKIT_EXAMPLES=5.
Then add the version to `KNOWN`.
"""


def plain(tree):
    """Return the nodes with the names of the parser's constants, and lists instead of its own sequences."""
    if isinstance(tree, str | int | type(None)):
        return tree if type(tree) in (str, int, type(None)) else str(tree)
    return [plain(one) for one in tree]


def test_the_parser_is_known_on_this_python():
    assert sys.version_info[:2] in KNOWN, WHAT_TO_CHECK


A, B = ["LITERAL", ord("a")], ["LITERAL", ord("b")]
NODES = {
    "a": [A],
    ".": [["ANY", None]],
    "[ab-c]": [["IN", [A, ["RANGE", [ord("b"), ord("c")]]]]],
    "[^ab]": [["IN", [["NEGATE", None], A, B]]],
    "[^a]": [["NOT_LITERAL", ord("a")]],
    r"\W": [["IN", [["CATEGORY", "CATEGORY_NOT_WORD"]]]],
    r"^\Z": [["AT", "AT_BEGINNING"], ["AT", "AT_END_STRING"]],
    "a?b": [["MAX_REPEAT", [0, 1, [A]]], B],
    "a{2,}?": [["MIN_REPEAT", [2, "MAXREPEAT", [A]]]],
    "(?i:a)(b)": [["SUBPATTERN", [None, re.IGNORECASE.value, 0, [A]]], ["SUBPATTERN", [1, 0, 0, [B]]]],
    "aa|b": [["BRANCH", [None, [[A, A], [B]]]]],
    "(?=a)(?!b)": [["ASSERT", [1, [A]]], ["ASSERT_NOT", [1, [B]]]],
    "(?<!a)b": [["ASSERT_NOT", [-1, [A]]], B],
}
if sys.version_info >= (3, 11):
    NODES |= {"a?+": [["POSSESSIVE_REPEAT", [0, 1, [A]]]], "(?>a)": [["ATOMIC_GROUP", [A]]]}


@pytest.mark.parametrize("expression", NODES)
def test_each_node_has_the_arguments_that_are_read(expression):
    assert plain(parsed(expression)) == NODES[expression]


def test_a_parsed_tree_can_be_compiled():
    texts = alternatives_of("^a?b$").texts("ab", 0, 2, lambda start, end: [Text("ab"[start:end], "ab"[start:end])])
    assert {one.matched for one in texts} == {"ab", "b"}
