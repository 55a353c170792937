"""The time to match one path against a list of rules."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from casbin import Enforcer, Model
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from django_sessionkit.patterns import Pattern, split
from django_sessionkit.policy.pattern_index import PatternIndex
from django_sessionkit.policy.rules import RuleSet

from .lists import KINDS, RuleList, first_match
from .report import Bound, Case, Fact, Pair, Scale, expect
from .timing import Effort, Timed, least, statement

Find = Callable[[str], "int | None"]

_EACH = "for path in paths: ask(path)"
_ENOUGH = Effort(pairs=21, block=0.004)
_SLOW = Effort(pairs=7, block=0.01)

_LINEAR = "a list of compiled regexes"
_FASTER = {(_LINEAR, 10): 3, (_LINEAR, 100): 20, (_LINEAR, 1_000): 200}

_CASBIN_MODEL = """
[request_definition]
r = path
[policy_definition]
p = path, number
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {matcher}(r.path, p.path)
"""


def rows(scale: Scale) -> Iterator[Case | Fact]:
    """Yield the rows for each kind of list, then those for hostile paths."""
    for kind in KINDS:
        lists = [RuleList.of(kind, size) for size in scale.sizes]
        indexes = [one.index() for one in lists]
        is_common = kind != "leading-wildcard"
        yield _against_floor(kind, "hit", 4 if is_common else None, lists, indexes)
        yield _against_floor(kind, "miss", 2 if is_common else None, lists, indexes)
        yield _against_smallest(kind, "hit", lists, indexes)
        yield _against_smallest(kind, "miss", lists, indexes)
        yield _repeated(kind, lists)
        yield from _against_peers(kind, lists, indexes)
    yield from _hostile(scale)


def _against_floor(
    kind: str, which: str, most: float | None, lists: Sequence[RuleList], indexes: Sequence[PatternIndex]
) -> Case:
    pairs = []
    for rules, index in zip(lists, indexes, strict=True):
        paths = _paths(rules, which)
        pairs.append(Pair(str(len(rules.texts)), _asking(index.matching, paths), _floor(rules.texts, paths)))
    check = partial(_check_all, lists, [partial(first_match, index.matching) for index in indexes])
    what = f"match a path, {kind} list, {which} (rules: ratio)"
    return Case(what, '`path.split("/")` + a dict look-up per segment', Bound(most), pairs, check, _ENOUGH)


def _against_smallest(kind: str, which: str, lists: Sequence[RuleList], indexes: Sequence[PatternIndex]) -> Case:
    small, large = (_asking(indexes[place].matching, _paths(lists[place], which)) for place in (0, -1))
    return Case(
        f"match a path, {kind} list, {which}, {len(lists[-1].texts):,} rules",
        f"the same with {len(lists[0].texts)} rules",
        Bound(1.2 if kind != "leading-wildcard" else None),
        [Pair("", large, small)],
        lambda: None,
    )


def _repeated(kind: str, lists: Sequence[RuleList]) -> Case:
    pairs = []
    rule_sets = [rules.rule_set() for rules in lists]
    for rules, rule_set in zip(lists, rule_sets, strict=True):
        known = dict.fromkeys(rules.hits, (0,))
        theirs = statement("for path in paths: known[path]", paths=rules.hits, known=known)
        pairs.append(Pair(str(len(rules.texts)), _asking(rule_set.by_path.__getitem__, rules.hits), theirs))
    check = partial(_check_all, lists, [partial(_remembered, rule_set) for rule_set in rule_sets])
    return Case(f"match a repeated path, {kind} list", "one dict look-up", Bound(2.5), pairs, check, _ENOUGH)


def _remembered(rule_set: RuleSet, path: str) -> int | None:
    return next((int(rule.label) for rule in rule_set.by_path[path].sole_rules), None)


def _paths(rules: RuleList, which: str) -> list[str]:
    return rules.hits if which == "hit" else rules.misses


def _asking(ask: Callable[[str], object], paths: Sequence[str]) -> Timed:
    return statement(_EACH, ask=ask, paths=paths)


def _floor(texts: Sequence[str], paths: Sequence[str]) -> Timed:
    """The least that a matcher of segments has to do: one look-up per segment in nested dicts of the literals."""
    root: dict[str, Any] = {}
    for text in texts:
        node = root
        for segment in text.split("/"):
            node = node.setdefault(segment, {})

    def ask(path: str) -> object:
        node = root
        for segment in path.split("/"):
            node = node.get(segment, root)
        return node

    return _asking(ask, paths)


def _check_all(lists: Sequence[RuleList], finds: Sequence[Find]) -> None:
    for rules, find in zip(lists, finds, strict=True):
        _check(rules, find)


def _check(rules: RuleList, find: Find) -> None:
    for path, answer in zip(rules.hits, rules.answers, strict=True):
        expect(f"the rule for {path} of {len(rules.texts)}", find(path), answer)
    for path in rules.misses:
        expect(f"the rule for {path} of {len(rules.texts)}", find(path), None)


# --- other matchers ---


def _against_peers(kind: str, lists: Sequence[RuleList], indexes: Sequence[PatternIndex]) -> Iterator[Case]:
    small = [(rules, index) for rules, index in zip(lists, indexes, strict=True) if len(rules.texts) <= 1_000]
    for name, make, most_rules in _PEERS:
        known, new = [], []
        finds = [(rules, index, make(rules)) for rules, index in small if len(rules.texts) <= most_rules]
        for rules, index, find in finds:
            paths = [path for some in zip(rules.hits, rules.misses, strict=True) for path in some][:40]
            theirs, label = _asking(find, paths), str(len(rules.texts))
            remembered = rules.rule_set().by_path.__getitem__
            known.append(Pair(label, _asking(remembered, paths), theirs, _FASTER.get((name, len(rules.texts)), 1)))
            new.append(Pair(label, _asking(index.matching, paths), theirs))
        check = partial(_check_all, [rules for rules, _, _ in finds], [find for _, _, find in finds])
        what = f"match a path, {kind} list, half hits, half misses"
        yield Case(what, name, Bound(faster=1), known, check, _SLOW)
        yield Case(f"{what}, never seen before", name, Bound(faster=0), new, check, _SLOW)


def _expression(text: str) -> str:
    parts = (
        {"*": "(?:/[^/]+)+", "**": "(?:/[^/]*)*"}.get(segment, f"/{re.escape(segment)}") for segment in split(text)
    )
    return "".join(parts) + "/?"


def _linear(rules: RuleList) -> Find:
    compiled = [re.compile(_expression(text)) for text in rules.texts]

    def find(path: str) -> int | None:
        for number, expression in enumerate(compiled):
            if expression.fullmatch(path):
                return number
        return None

    return find


def _alternation(rules: RuleList) -> Find:
    # Each rule has a group, which shows which rule matched.
    compiled = re.compile("|".join(f"({_expression(text)})" for text in rules.texts))

    def find(path: str) -> int | None:
        found = compiled.fullmatch(path)
        return found.lastindex - 1 if found and found.lastindex else None

    return find


def _werkzeug(rules: RuleList) -> Find:
    def written(text: str) -> Iterator[str]:
        first = text.replace("/*/", "/<path:some>/").removesuffix("/**")
        yield first
        if text.endswith("/**"):
            yield f"{first}/<path:rest>"

    found = [Rule(one, endpoint=number) for number, text in enumerate(rules.texts) for one in written(text)]
    match = Map(found, merge_slashes=False).bind("example.org").match

    def find(path: str) -> int | None:
        try:
            return int(match(path)[0])
        except HTTPException:
            return None

    return find


def _casbin(rules: RuleList) -> Find:
    """Match with casbin's ``regexMatch``. The explanation of the result has the number of the rule."""
    model = Model()
    model.load_model_from_text(_CASBIN_MODEL.format(matcher="regexMatch"))
    enforcer = Enforcer(model)
    enforcer.add_policies([[f"^{_expression(text)}$", str(number)] for number, text in enumerate(rules.texts)])

    def find(path: str) -> int | None:
        allowed, because = enforcer.enforce_ex(path)
        return int(because[1]) if allowed else None

    return find


_PEERS: tuple[tuple[str, Callable[[RuleList], Find], int], ...] = (
    (_LINEAR, _linear, 1_000),
    ("one alternation", _alternation, 1_000),
    ("werkzeug's `Map`", _werkzeug, 1_000),
    ("casbin", _casbin, 100),
)


# --- hostile paths ---


def _hostile_lists(count: int) -> dict[str, list[str]]:
    dice = random.Random(3)  # noqa: S311
    words = ["a", "b", "c", "d"]

    def branchy() -> str:
        return "/" + "/".join(dice.choice([*words, "*", "**"]) for _ in range(12))

    return {
        "one pattern of inner wildcards": ["/" + "/".join(["**", "a"] * 25) + "/b"],
        "rules on one level": [f"/**/{word}/*/{word}/**/x" for word in words],
        "a branchy list": [branchy() + "/x" for _ in range(count)],
    }


def _hostile_paths(count: int) -> dict[str, str]:
    dice = random.Random(4)  # noqa: S311
    return {
        "one letter": "/a" * count,
        "random": "".join(f"/{dice.choice('abcd')}" for _ in range(count)),
        "empty": "/" * count,
        "dots": "/.." * count,
    }


def _hostile(scale: Scale) -> Iterator[Fact]:
    for name, texts in _hostile_lists(min(scale.rules, 100)).items():
        index = PatternIndex((number, Pattern(text)) for number, text in enumerate(texts))
        most = 10 if name == "a branchy list" else 1
        target = f"linear; < {most} ms"
        counts = " / ".join(f"{count:,}" for count in scale.segments)
        yield Fact(
            f"hostile paths of {counts} segments, {name}",
            "–",
            target,
            partial(_hostile_times, index, texts, scale, most),
        )


def _hostile_times(index: PatternIndex, texts: Sequence[str], scale: Scale, most: float) -> tuple[str, bool]:
    """The time of the slowest path for each length, in milliseconds."""
    worst = []
    for count in scale.segments:
        paths = _hostile_paths(count)
        if count <= 400:
            _check_hostile(index, texts, paths.values())
        effort = Effort(5, 0) if count <= 400 else Effort(5, 0.005)
        worst.append(1000 * max(least(_asking(index.matching, [path]), effort) for path in paths.values()))
    is_linear = worst[-1] <= 1.5 * worst[0] * scale.segments[-1] / scale.segments[0]
    return " / ".join(f"{one:.2f}" for one in worst) + " ms", is_linear and worst[-1] < most


def _check_hostile(index: PatternIndex, texts: Sequence[str], paths: Any) -> None:
    patterns = [Pattern(text) for text in texts]
    for path in paths:
        segments = split(path)
        wanted = tuple(number for number, pattern in enumerate(patterns) if pattern.matches(segments))
        expect("the rules for a hostile path", index.matching(path), wanted)
