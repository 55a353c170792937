"""The alternative texts of an expression are texts that the expression matches."""

from __future__ import annotations

import re
import sys

import pytest
from django.urls import Resolver404, URLPattern, include, re_path, resolve
from django.urls.resolvers import RegexPattern
from hypothesis import given
from hypothesis import strategies as st
from support.attacks.sites import ordinary
from support.examples import examples

from django_sessionkit.policy.path_variants import has_parent_segments
from django_sessionkit.urlconf.alternatives import Alternatives, Text, TooManyTexts, alternatives_of, is_exact
from django_sessionkit.urlconf.integers import has_loose_integer
from django_sessionkit.urlconf.links import LinkStep, link_of
from django_sessionkit.urlconf.literals import MOST_TEXTS
from django_sessionkit.urlconf.spelling import canonical_forms

literals = st.sampled_from(["a", "b", "ab", "/", "-", r"\.", "(?:a/)", "(b)", "(?:a|b)", "(?:ab|/)", "(?P<name>a)"])
classes = st.sampled_from(["[/-]", "[a-c]", r"\w", r"\W", ".", "[^/]", r"\d", "[^a]", "(?:/|-)", "([ab])", "(?:)"])
quantifiers = st.sampled_from(["", "?", "??", "*", "*?", "+", "+?", "{0,1}", "{1}", "{2}", "{0,1}?", "{1,2}", "{0}"])
atoms = st.builds("{}{}".format, literals | classes, quantifiers)
groups = st.builds(
    lambda inner, kind, quantifier: kind + "|".join(map("".join, inner)) + ")" + quantifier,
    st.lists(st.lists(atoms, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["(?:", "(", "(?i:", "(?=", "(?!", "(?<!x)(?:"]),
    quantifiers,
)
expressions = st.builds(
    lambda parts, start, end: start + "".join(parts) + end,
    st.lists(atoms | groups, min_size=1, max_size=5),
    st.sampled_from(["", "^", "(?i)^"]),
    st.sampled_from(["", "$", r"\Z", "/?$"]),
)


def compiled(expression):
    """Compile the expression. Return ``None`` if it is invalid, such as one with a duplicate group name."""
    try:
        return re.compile(expression)
    except re.error:
        return None


paths = st.text(st.sampled_from("ab/-.x"), max_size=6)


def between(path):
    """Return the text unchanged."""
    return lambda start, end: [Text(path[start:end], path[start:end])]


@examples(400)
@given(expression=expressions, path=paths, is_endpoint=st.booleans())
def test_every_form_of_a_pattern_is_matched_by_it(expression, path, is_endpoint):
    pattern = RegexPattern(expression, is_endpoint=is_endpoint)
    matched = pattern.match(path) if compiled(expression) is not None else None
    if not matched:
        return
    step = LinkStep(URLPattern(pattern, ordinary), path, *matched)
    try:
        span, texts = link_of(step)
    except TooManyTexts:
        return
    assert span in {text.read for text in texts}
    for text in texts:
        alone, followed = pattern.match(text.matched), pattern.match(text.matched + matched[0])
        assert text.matched == span or (alone and alone[0] == "") or followed[0] == matched[0]
    assert len(texts) <= MOST_TEXTS + 1


@examples(300)
@given(first=expressions, last=expressions, path=paths)
def test_the_span_of_a_route_is_among_its_forms(first, last, path):
    if compiled(first) is None or compiled(last) is None:
        return
    urlconf = type("urls", (), {"urlpatterns": [re_path(first, include([re_path(last, ordinary)]))]})
    try:
        match = resolve(f"/{path}", urlconf)
    except Resolver404:
        return
    spelling = canonical_forms(f"/{path}", urlconf, match)
    assert not spelling.is_complete or spelling.matched_text in spelling.forms
    assert len(spelling.forms) <= 2 * MOST_TEXTS + 1


@examples(600)
@given(expression=expressions, path=paths)
def test_a_match_is_among_its_own_alternatives(expression, path):
    pattern = compiled(expression)
    found = pattern.search(path) if pattern is not None else None
    if found is None:
        return
    known = alternatives_of(expression)
    assert known is not None
    try:
        texts = known.texts(path, *found.span(), between(path))
    except TooManyTexts:
        return
    assert path[found.start() : found.end()].lower() in {text.matched.lower() for text in texts}


@pytest.mark.parametrize(
    "expression", ["a" * 200 + "?", "(?:" + "|".join(map(str, range(100, 400))) + ")?x", "(?:ab?c?d?e?f?g?h?i?j?)?x"]
)
def test_no_alternative_is_left_out_in_silence(expression):
    known = alternatives_of(f"^{expression}$")
    path = "a" * 199 if "?" in expression[-1:] else "x"
    if path == "x":
        with pytest.raises(TooManyTexts):
            known.texts("x", 0, 1, between("x"))
    else:
        assert len(known.texts(path, 0, 199, between(path))) == 2


def test_a_repetition_without_measure_is_not_written_out():
    known = alternatives_of(r"^a(?:(?:(?:bb){30000}){30000})?$")
    assert {one.read for one in known.texts("a", 0, 1, between("a"))} == {"a"}


def test_an_expression_that_cannot_be_read_has_none():
    assert alternatives_of("(") is None


def test_what_a_repeated_match_cannot_find_again_has_none():
    assert alternatives_of("^a$").texts("b", 0, 1, between("b")) == []
    assert alternatives_of("^a?").texts("ab", 0, 2, between("ab")) == []


def test_a_branch_is_followed_where_it_has_matched():
    known = alternatives_of("^(?>a)(?:b-?c|d-?e)$" if sys.version_info >= (3, 11) else "^a(?:b-?c|d-?e)$")
    assert {one.read for one in known.texts("ad-e", 0, 4, between("ad-e"))} == {"ad-e", "ade"}


@pytest.mark.parametrize(
    ("expression", "most"),
    [("(?:a/){0,8}", 9), ("(?:a/){0,9}", 2), ("(?:a|b){0,3}", 15), ("(?:[a-h]){0,3}", 1 + 8 + 64 + 8), ("[a-i]?", 1)],
)
def test_a_repeated_part_is_written_a_few_times(expression, most):
    assert len(alternatives_of(f"^{expression}/x$").texts("/x", 0, 2, between("/x"))) == most


def test_a_fault_of_python_is_no_fault_of_the_request():
    """Python 3.11 to 3.13 raise ``SystemError`` here because of groups that the expression does not have."""

    class Faulty:
        def match(self, path, start):
            raise SystemError("The span of capturing group is wrong, please report a bug for the re module.")

    known = Alternatives("(?:[^a]*?[a-c]a|)")
    known._compiled = Faulty()
    with pytest.raises(TooManyTexts):
        known.texts("b/", 0, 0, between("b/"))


EXACT = [
    r"^articles/$",
    r"^articles/(?P<pk>[^/.]+)/$",
    r"^articles/(?P<pk>\d+)/edit/$",
    r"^articles\.(?P<format>[a-z0-9]+)/?$",
    r"^media/(?P<path>.*)$",
    r"^archive/([0-9]{4})/(\w+)/\Z",
    r"\A(?P<kind>cat|dog)s/$",
]


@pytest.mark.parametrize("expression", EXACT)
@given(data=st.data())
def test_the_expressions_of_routers_have_one_form(expression, data):
    """Apart from numbers and parent segments, which a view may read in another way."""
    path = data.draw(st.from_regex(expression, fullmatch=True).filter(lambda text: text.isprintable()))
    assert is_exact(expression, is_whole=True)
    urlconf = type("urls", (), {"urlpatterns": [re_path(expression, ordinary)]})
    try:
        match = resolve(f"/{path}", urlconf)
    except Resolver404:  # an expression with a last line break
        return
    if has_parent_segments(f"/{path}") or any(map(has_loose_integer, [*match.args, *match.kwargs.values()])):
        return
    forms = canonical_forms(f"/{path}", urlconf, match)
    assert {form.removesuffix("/") for form in {*forms.forms, forms.matched_text}} == {f"/{path}".removesuffix("/")}


@pytest.mark.parametrize(
    "expression",
    [
        *("articles/$", "^articles/", r"^colou?r/$", r"^a/(?:b/)?c/$", r"^(?P<page>x|)/$", r"(?i)^a/$", r"^(?i:a)/$"),
        *(r"^ab*/$", r"^x/(?P<id>\d*)/$", "^(?:ab|cd)/$", "^a/?b$", "", "(", r"^a/?/?$"),
        *(
            "^/?$",
            "^(?:)/?$",
            "^x/(?P<rest>.*)/?$",
            "^x//?$",
            r"^x/(?P<id>\d*)/?$",
            r"^x/(?P<a>b(?:c|d/))/?$",
            r"^x(?=y)/?$",
        ),
    ],
)
def test_other_expressions_are_looked_at_for_each_request(expression):
    assert not is_exact(expression, is_whole=True)


def test_an_include_needs_no_end():
    assert is_exact(r"^api/", is_whole=False)
    assert not is_exact(r"^api/?", is_whole=False)
    assert not is_exact(r"api/", is_whole=False)


@examples(1000)
@given(expression=expressions, path=paths)
def test_no_expression_with_other_forms_counts_as_exact(expression, path):
    expression = expression if expression.startswith(("^", "(?i)")) else f"^{expression}"
    if compiled(expression) is None or not is_exact(expression, is_whole=True):
        return
    urlconf = type("urls", (), {"urlpatterns": [re_path(expression, ordinary)]})
    try:
        match = resolve(f"/{path}", urlconf)
    except Resolver404:
        return
    forms = canonical_forms(f"/{path}", urlconf, match)
    assert {form.removesuffix("/") for form in {*forms.forms, forms.matched_text}} == {f"/{path}".removesuffix("/")}
