"""Rules for the structure of the package: imports go one way, and each concern has one module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import django_sessionkit

ROOT = Path(django_sessionkit.__file__).parent

# A module may import only modules before it, in its own row or above.
ROWS = [
    ["exceptions", "decisions", "signals", "flows"],
    ["memory", "names", "session", "patterns", "folding", "readings", "options"],
    ["integers", "expressions", "literals", "alternatives"],
    ["ordinary", "validation", "access", "loading", "context", "layers"],
    ["algebra", "requirements"],
    ["index", "rules", "parsing", "declared", "claims"],
    ["setting_types", "conf"],
    ["audit", "evaluation", "versions", "logins", "stores", "sources", "freshness", "origin", "forgery", "caching"],
    ["urlconfs"],
    ["targets", "callers", "answers", "links", "routes", "guard", "reach"],
    ["narration", "explanation", "tracing", "explaining", "debugging"],
    ["connections", "raising", "hiding", "responses", "writes", "streaming", "projection"],
    ["api", "changes", "pretend"],
    ["installation", "strength"],
    ["shapes", "anatomy", "ways", "survey", "landmarks", "personas", "forecast"],
    ["matrix", "printing", "snapshots"],
    ["territory", "terrain", "findings", "openings"],
    ["checklist", "checklist_report"],
    ["known_roles"],
    ["clients"],
]
SURFACES = ["middleware", "decorators", "mixins", "templatetags.sessionkit", "context_processors"]
SURFACES += [f"checks.{name}" for name in ("deploy", "freshness", "middleware", "roles", "settings", "store", "urls")]
SURFACES += [f"management.commands.sessionkit_{name}" for name in ("doctor", "explain", "routes")]
SURFACES += [f"contrib.{name}" for name in ("auth", "channels", "debug_toolbar", "drf", "jinja2", "ninja")] + [
    "testing"
]
WIRING = ["management.__init__", "management.commands.__init__"]
WIRING += ["apps", "pytest_plugin", "__init__", "templatetags.__init__", "checks.__init__", "contrib.__init__"]
CORE = [name for row in ROWS for name in row]
PURE = CORE[: CORE.index("setting_types")]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
    for path in sorted(ROOT.rglob("*.py"))
}


def runtime(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes except those under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from runtime(child)


def imports(tree: ast.AST) -> Iterator[str]:
    """Return the absolute names of everything imported at run time, without the name of this package."""
    for node in runtime(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level or module == "django_sessionkit":
                yield from ([f"own:{module}"] if module and node.level else [f"own:{one.name}" for one in node.names])
            elif module.startswith("django_sessionkit."):
                yield f"own:{module.removeprefix('django_sessionkit.')}"
            else:
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(name: str) -> set[str]:
    return {one.removeprefix("own:") for one in imports(MODULES[name]) if one.startswith("own:")}


def test_every_module_has_its_place():
    assert set(MODULES) == {*CORE, *SURFACES, *WIRING}


@pytest.mark.parametrize("name", CORE)
def test_imports_only_point_upward(name):
    assert own_imports(name) <= set(CORE[: CORE.index(name)])


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_import_the_core_and_never_each_other(name):
    assert own_imports(name) <= set(CORE)


@pytest.mark.parametrize("name", PURE)
def test_the_lower_layers_know_no_request_and_no_settings(name):
    known = {one for one in imports(MODULES[name]) if one.startswith(("django.conf", "django.http", "django.test"))}
    assert known == set()


def test_one_module_reads_the_settings():
    readers = {name for name, tree in MODULES.items() if "django.conf.settings" in imports(tree)}
    assert readers == {"conf"}


def test_nothing_but_django_and_asgiref_is_needed():
    third_party = {
        one.partition(".")[0]
        for tree in MODULES.values()
        for one in imports(tree)
        if not one.startswith("own:") and one.partition(".")[0] in {"django", "asgiref"}
    }
    assert third_party == {"django", "asgiref"}
    own = [tree for name, tree in MODULES.items() if not name.startswith("contrib.")]
    foreign = {one.partition(".")[0] for tree in own for one in imports(tree)}
    assert foreign & {"rest_framework", "drf_spectacular", "ninja", "channels", "debug_toolbar", "jinja2"} == set()


def test_nothing_imports_contrib():
    assert [name for name in MODULES if any(one.startswith("contrib") for one in own_imports(name))] == []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


@pytest.mark.parametrize("name", MODULES)
def test_no_import_inside_a_function(name):
    inside = [
        node
        for function in functions(MODULES[name])
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert inside == []


def calls(tree: ast.AST) -> set[str]:
    names = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {name.id if isinstance(name, ast.Name) else getattr(name, "attr", "") for name in names}


def test_one_module_builds_responses():
    builders = {"HttpResponse", "HttpResponseRedirect", "HttpResponseForbidden", "JsonResponse", "redirect"}
    assert {name for name, tree in MODULES.items() if calls(tree) & builders} == {"responses"}


def test_one_module_makes_sessions_of_dicts():
    assert {name for name, tree in MODULES.items() if "Session" in calls(tree)} == {"validation"}


def test_few_modules_look_at_roles_and_permissions():
    """Only ``access`` computes the roles and permissions of a session. Other modules use the result."""
    looking = {
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"role", "roles", "permissions"}
        if not (isinstance(node.value, ast.Name) and node.value.id in {"grants", "old", "new"})
    }
    assert looking - {"access", "session", "conf", "checks.roles", "known_roles", "personas", "findings"} == set()


def test_one_module_holds_the_context_variable():
    assert {name for name, tree in MODULES.items() if "ContextVar" in calls(tree)} == {"context"}


def is_branch(node: ast.AST) -> bool:
    return isinstance(node, (ast.If, ast.For, ast.While, ast.Try, ast.IfExp, ast.Match))


def test_an_async_twin_of_a_verb_has_no_branches_of_its_own():
    verbs = {function.name: function for function in [*functions(MODULES["api"]), *functions(MODULES["changes"])]}
    twins = [function for name, function in verbs.items() if name.startswith("a") and name[1:] in verbs]
    assert len(twins) >= 12
    for twin in twins:
        plain = verbs[twin.name[1:]]
        assert [type(node) for node in ast.walk(twin) if is_branch(node)] == [
            type(node) for node in ast.walk(plain) if is_branch(node)
        ]


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_functions_stay_small(name):
    lines = (ROOT / f"{name.replace('.', '/')}.py").read_text().count("\n")
    assert lines <= 270
    for function in functions(MODULES[name]):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        if body:
            assert body[-1].end_lineno - body[0].lineno < 35, function.name


@pytest.mark.parametrize("name", [name for name in MODULES if MODULES[name].body])
def test_everything_public_has_a_docstring(name):
    tree = MODULES[name]
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            overloaded = any("overload" in ast.dump(one) for one in getattr(node, "decorator_list", []))
            assert ast.get_docstring(node) or overloaded, node.name
