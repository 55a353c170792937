"""Compare the rules that are reported as shadowed with the decisions of the rule set."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit import conf
from django_sessionkit.lint.coverage import PolicyCoverage
from django_sessionkit.lint.rule_faults import shadowed
from django_sessionkit.policy.first_match import first_matches
from django_sessionkit.policy.path_variants import PathVariant
from django_sessionkit.policy.rule_parser import parse_rule
from django_sessionkit.policy.rules import RuleSet

PATHS = ["/" + "/".join(path) for length in range(4) for path in product(("a", "b", "z"), repeat=length)]
VERBS = ("GET", "HEAD", "POST", "PUT")

PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "**"]), max_size=3).map(lambda one: "/" + "/".join(one))
METHODS = st.one_of(
    st.none(), st.just("unsafe"), st.lists(st.sampled_from(["GET", "HEAD", "POST"]), min_size=1, max_size=2)
)


@st.composite
def rules(draw):
    rule = {"pattern": draw(st.lists(PATTERNS, min_size=1, max_size=2)), "role": "x"}
    methods = draw(METHODS)
    return rule if methods is None else {**rule, "methods": methods}


def deciding(rule_set):
    variants = [PathVariant(path, exact=True, base=path) for path in PATHS]
    return {match.rule for verb in VERBS for match in first_matches(rule_set, variants, verb, None, resolved=True)}


@given(raw=st.lists(rules(), max_size=5))
def test_a_shadowed_rule_decides_about_no_request(raw):
    parsed = [parse_rule(one, f"[{number}]") for number, one in enumerate(raw)]
    rule_set = RuleSet(parsed)
    lost = {one.rule for one in shadowed(PolicyCoverage(replace(conf.current(), rules=rule_set), []))}
    used = deciding(rule_set)
    assert {number for number in lost if parsed[number] in used} == set()


@given(raw=st.lists(rules(), max_size=4))
def test_a_rule_of_one_pattern_that_decides_nothing_is_shadowed_or_covered_by_several(raw):
    raw = [{"pattern": one["pattern"][0], "role": "x"} for one in raw]
    parsed = [parse_rule(one, f"[{number}]") for number, one in enumerate(raw)]
    lost = {one.rule for one in shadowed(PolicyCoverage(replace(conf.current(), rules=RuleSet(parsed)), []))}
    alone = {
        number
        for number, one in enumerate(parsed)
        if any(deciding(RuleSet([earlier, one])).isdisjoint({one}) for earlier in parsed[:number])
    }
    assert lost == alone
