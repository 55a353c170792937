"""Clients cannot fill the memory: every cache is listed here with its limit.

The list is compared with the source code, so nobody can add a cache without stating who fills it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import path
from support.sessions import JSON, browser

import django_sessionkit
from django_sessionkit import (
    AnyPermission,
    Permission,
    Role,
    access,
    conf,
    evaluate,
    has_all_permissions,
    has_any_permission,
    has_any_role,
    has_permission,
    has_role,
    patterns,
    use_session,
    validate_session,
)
from django_sessionkit.guard import evaluator, questions
from django_sessionkit.session import versioning
from django_sessionkit.session.validation import SessionValidator, fast
from django_sessionkit.utils import bounded_cache
from django_sessionkit.utils.sansio import run

ROOT = Path(django_sessionkit.__file__).parent

# A client can fill these. Each is tried below.
FILLED_BY_CLIENTS = {
    "access.AccessPolicy._shared": "256 sets of rights of 20,000 characters",
    "access.Grants.decisions": "256 answers of 1,000 characters",
    "session.context.LoadedSession.decisions": "256 answers of 1,000 characters; ends with the request",
    "guard.questions._requirement": "1,024 questions of 8 names and 300 characters",
    "guard.questions.imported_requirement": "1,024 paths that are literals in templates",
    "contrib.admin.access.without_object": "256 requirements of model admins",
    "session.versioning.VersionChecker._remembered": "10,000 users; 500 characters for each",
    "session.validation.fast.NameLists.kept": "256 lists of 20,000 characters, for roles and for permissions each",
    "patterns._patterns": "1,024 patterns of 200 characters",
    "patterns._opening_patterns": "1,024 patterns of 200 characters",
    "policy.rules.RuleSet.by_path": "1,024 paths of 200 characters",
}
# These end with the request, the check or the command that fills them.
SHORT_LIVED = {
    "contrib.auth.users.RequestStore._session_cache",
    "contrib.strawberry._loads",
    "contrib.strawberry._logged",
    "matrix.simulation._Simulator._kinds",
    "matrix.simulation._Simulator._numbers",
    "guard.request_evaluation.RequestEvaluation.decisions",
    "policy.path_variants.VariantReader._normalized",
    "policy.path_variants.VariantReader._fold",
    "policy.first_match.PathLookup._matching",
    "explanation.trace.Trace._weighed",
    "explanation.trace.Trace.by_view",
    "explanation.trace.Trace.readings",
    "conf.__init__._Reader.problems",
}
# Settings, URL patterns and classes of the project fill these, once. Most serve checks and commands only.
FILLED_BY_THE_PROJECT = {
    "mixins.objects._checking",
    "policy.roles.RoleHierarchy._permissions",
    "policy.roles.RoleHierarchy._roles",
    "conf.installed._has_locale_middleware",
    "conf.misspelled._after_prefix",
    "urlconf.alternatives.alternatives_of",
    "urlconf.alternatives.is_exact",
    "urlconf.views._modules_of_class",
    "responses.debug._engine",
    "policy.pattern_index.Node._matchers",
    "policy.pattern_index.Node.below",
    "policy.pattern_index.Node.here",
    "policy.pattern_index.Node.others",
    "matrix.sample_paths.RuleOrder._by_head",
    "patterns.ShiftAndMatcher.accepts",
    "patterns.ShiftAndMatcher.literals",
    "urlconf.spelling._is_of_djangos_kind",
    "urlconf.spelling._regular_views",
    "urlconf.segments._shape_of_value",
    "urlconf.segments.shape_of_regex",
    "urlconf.segments.shape_of_route",
    "sources._reads_as_usual",
    "urlconf.candidates.CandidateIndex._inner",
}

MUTABLE_CALLS = {"dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter", "ChainMap", "BoundedCache"}
MUTABLE_CALLS |= {"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "cache", "lru_cache"}
DECORATORS = {"cache", "lru_cache", "cached_property"}


def _name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_a_place(node: ast.stmt) -> bool:
    """Return ``True`` if a statement declares a container, or creates an empty one."""
    declared = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    is_declared = re.search(r"\b(dict|list|set)\[", declared) is not None and "| None" in declared
    return isinstance(node, (ast.Assign, ast.AnnAssign)) and (is_declared or _may_grow(node.value))


def _may_grow(value: ast.expr | None) -> bool:
    """Return ``True`` for an empty container, and for a call that creates a cache."""
    if isinstance(value, (ast.Dict, ast.List, ast.Set)):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    if isinstance(value, ast.Attribute):
        return _may_grow(value.value)
    return isinstance(value, ast.Call) and _name(value) in MUTABLE_CALLS and (_name(value) != "set" or not value.args)


def _kept(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _kept(node.body, f"{prefix}.{node.name}")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if {_name(one) for one in node.decorator_list} & (DECORATORS - {"cached_property"}):
                yield f"{prefix}.{node.name}"
            yield from _kept_by_self(node, prefix)
        elif _is_a_place(node):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield f"{prefix}.{_name(target)}"


def _kept_by_self(function: ast.AST, prefix: str) -> Iterator[str]:
    for node in ast.walk(function):
        if _is_a_place(node):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute):
                    yield f"{prefix}.{target.attr}"


def kept() -> set[str]:
    """Return every name in the package under which data may accumulate."""
    return {
        name
        for file in sorted(ROOT.rglob("*.py"))
        for name in _kept(ast.parse(file.read_text()).body, ".".join(file.relative_to(ROOT).with_suffix("").parts))
    }


def test_every_place_that_keeps_something_is_listed():
    listed = [*FILLED_BY_CLIENTS, *SHORT_LIVED, *FILLED_BY_THE_PROJECT]
    assert len(listed) == len(set(listed))
    assert kept() == set(listed)


def test_no_cache_is_without_an_end():
    """`functools.cache` is unlimited, so it is used only for functions without arguments."""
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and "cache" in map(_name, node.decorator_list):
                assert not node.args.args, (file, node.name)
            if isinstance(node, ast.Call) and _name(node) == "lru_cache":
                assert [one.arg for one in node.keywords][:1] == ["maxsize"], (file, node.lineno)
                assert not isinstance(node.keywords[0].value, ast.Constant) or node.keywords[0].value.value


SESSION = {"user_id": "1", "role": "reader", "permissions": ["posts:read"]}
QUESTIONS = {
    "many": [f"name{number}" for number in range(3000)],
    "long": [f"{number}" + "x" * 70_000 for number in range(20)],
}


@pytest.mark.parametrize("ask", [has_permission, has_role, has_any_role, has_any_permission, has_all_permissions])
@pytest.mark.parametrize("names", QUESTIONS)
def test_names_from_a_client_are_not_piled_up(names, ask):
    """``has_permission(request.GET["p"])``, with one name, with others, and with many at once."""
    questions._requirement.cache_clear()
    with use_session(SESSION):
        for name in QUESTIONS[names]:
            assert ask(name) is False
            assert ask(*(f"{name}{number}" for number in range(12))) is False
            assert ask("posts:read", name) is (ask is has_any_permission)
    info = questions._requirement.cache_info()
    assert info.currsize <= 1024
    assert (info.currsize > 0) == (names == "many")
    assert_answers_are_brief()


def test_requirements_made_of_names_from_a_client_are_not_piled_up():
    with use_session(SESSION):
        for name in QUESTIONS["long"]:
            for asked in (Permission(name), Role("x") | Role(name), ~AnyPermission("a", name), Role("x", *name[:80])):
                evaluate(asked & Permission("posts:read"))
    assert_answers_are_brief()


def assert_answers_are_brief():
    shared = conf.current().policy._shared
    assert 0 < len(shared) <= access._MOST_SHARED
    for grants in shared.values():
        assert len(grants.decisions) <= evaluator._MOST_CACHED
        for decision in grants.decisions.values():
            assert decision.requirement.weight <= evaluator._HEAVIEST_CACHED
            assert sum(map(len, decision.missing)) <= evaluator._HEAVIEST_CACHED


def test_anonymous_callers_leave_no_more(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = []
    assert browser().get("/ask/", {"p": "x" * 60_000}, headers=JSON).json() == {"answer": False, "kept": 0}
    assert browser().get("/ask/", {"p": "x"}, headers=JSON).json() == {"answer": False, "kept": 1}


def ask(request):
    answer = has_permission(request.GET["p"])
    return JsonResponse({"answer": answer, "kept": len(request.sessionkit.loaded.decisions)})


urlpatterns = [path("ask/", ask), path("wiki/<path:rest>", lambda request, rest: HttpResponse())]


def test_patterns_from_a_client_are_not_piled_up():
    for number in range(3000):
        assert patterns.matches(f"/{number}/**", f"/{number}/x")
        assert patterns.matches("/" + f"{number}".zfill(300), "/" + f"{number}".zfill(300))
    assert 0 < len(patterns._patterns) <= bounded_cache._MOST_ENTRIES
    assert max(map(len, patterns._patterns)) <= bounded_cache.LONG


def test_paths_are_not_piled_up():
    rules = [{"pattern": "/**/admin/**", "role": "admin"}, {"pattern": "/Wiki/*/b", "role": "x"}]
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=rules):
        rule_set, client = conf.current().rules, browser()
        for number in range(60):
            for text in (f"{number}", f"{number}/É", chr(0x4E00 + number) * 5000, f"{number}/" * 9000):
                assert client.get(f"/wiki/{text}").status_code == 200
        assert len(rule_set.by_path) <= bounded_cache._MOST_ENTRIES
        assert max(map(len, rule_set.by_path)) <= bounded_cache.LONG


def test_rights_of_many_sessions_are_not_piled_up():
    policy = access.AccessPolicy()
    for number in range(600):
        policy.grants(validate_session({"user_id": "1", "role": f"role{number}"}))
        heavy = {"user_id": "1", "permissions": [f"{number}-{place}-" + "x" * 80 for place in range(300)]}
        policy.grants(validate_session(heavy))
    assert 0 < len(policy._shared) <= access._MOST_SHARED
    assert max(map(access._length, policy._shared)) <= access._LONGEST_SHARED


def test_lists_of_names_are_not_piled_up():
    validator = SessionValidator()
    for number in range(600):
        heavy = [f"{number}-{place}-" + "x" * 99 for place in range(300)]
        for _ in range(3):
            validator.session({"user_id": "1", "role": f"x{number}", "roles": [f"{number}"], "permissions": heavy})
    roles, permissions = validator._ordinary._roles, validator._ordinary._permissions
    assert 0 < len(roles.kept) <= fast._MOST_LISTS
    assert permissions.kept == {}
    assert len(roles._seen) == len(permissions._seen) == fast._MOST_LISTS


@pytest.mark.parametrize(("version", "carries_version"), [("1", True), ("1" * 1000, False)])
def test_versions_are_not_piled_up(version, carries_version, settings):
    settings.SESSIONKIT_VERSION = lambda user_id: version
    settings.SESSIONKIT_VERSION_INTERVAL = 60
    keeper = versioning.VersionChecker(conf.current(), None, validate_session)
    assert run(keeper.current("7")) == version
    assert bool(keeper._remembered) is carries_version
