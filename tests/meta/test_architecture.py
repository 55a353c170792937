"""The laws between the rooms of the package, and inside them. ``support/rooms.py`` has the table."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from support import flow_pictures, rooms

import django_sessionkit

PACKAGE = "django_sessionkit"
ROOT = Path(django_sessionkit.__file__).parent
TESTS = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
MODULES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
ROOMS = [name for name in rooms.PURPOSE if name != "surfaces"]
MOST_MODULES = 14
MOST_LINES = 280


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def runtime(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from runtime(child)


def absolute(name: str, node: ast.ImportFrom) -> str:
    """The module that ``node`` in the module ``name`` imports from."""
    if not node.level:
        return node.module or ""
    package = name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return ".".join(part for part in (PACKAGE, package, node.module) if part)


def imports(name: str, nodes: Iterator[ast.AST] | None = None) -> Iterator[str]:
    """The absolute names of what a module imports at run time, as ``module.name`` where it takes a name from one."""
    return iter(at_run_time(name)) if nodes is None else imported(name, nodes)


@cache
def at_run_time(name: str) -> tuple[str, ...]:
    return tuple(imported(name, runtime(MODULES[name])))


def imported(name: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{absolute(name, node)}.{alias.name}" for alias in node.names)


def own(names: Iterator[str]) -> set[str]:
    """The modules of the package among imported names, without its name."""
    found = {one.removeprefix(f"{PACKAGE}.") for one in names if one.startswith(f"{PACKAGE}.")}
    return {one if one in MODULES else one.rpartition(".")[0] for one in found}


def breaks(name: str, other: str) -> bool:
    """Whether a module may not import another."""
    if rooms.room_of(name) == rooms.room_of(other):
        return False
    return not ({rooms.room_of(other), other} & rooms.allowed(name))


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_what_its_law_allows(name):
    assert {other for other in own(imports(name)) if breaks(name, other)} == set()


# Annotations may name what a caller hands in: a session, a decision.
NAMED_ONLY = {
    ("access", "session.value"),
    ("exceptions", "policy.decisions"),
    ("exceptions", "policy.denial_options"),
    ("requirements.algebra", "session.value"),
    ("requirements.check_input", "session.value"),
    ("requirements.functions", "session.value"),
    ("requirements.presence", "session.value"),
    ("requirements.three_values", "session.value"),
}


def test_annotations_hardly_break_a_law():
    broken = {
        (name, other)
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if is_type_checking(node)
        for other in own(imports(name, ast.walk(node)))
        if breaks(name, other)
    }
    assert broken == NAMED_ONLY


def test_the_laws_make_no_cycle():
    assert all(rooms.PLACE[one][1] < rooms.PLACE[other][1] for one, other in rooms.arrows())
    assert set(rooms.PLACE) == set(rooms.PURPOSE) == {name.partition(".")[0] for name in rooms.LAWS}


def test_the_picture_shows_the_laws():
    """``python -m support.rooms``, in the folder ``tests``, draws it."""
    assert rooms.PICTURE.read_text(encoding="utf-8") == rooms.svg()


@pytest.mark.parametrize("heading", flow_pictures.PICTURES)
def test_the_pictures_of_steps_show_the_tables(heading):
    """``python -m support.flow_pictures``, in the folder ``tests``, draws them."""
    name = flow_pictures.PICTURES[heading]
    assert len(flow_pictures.steps(heading)) >= 8
    assert (flow_pictures.FOLDER / name).read_text(encoding="utf-8") == flow_pictures.svg(heading)


NAMES = sorted({name for heading in flow_pictures.PICTURES for name in flow_pictures.functions(heading)})


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_a_step_exists(name):
    module = max((one for one in MODULES if f"{name}.".startswith(f"{one}.")), key=len)
    found = import_module(f"{PACKAGE}.{module}")
    for part in name.removeprefix(module).split(".")[1:]:
        found = getattr(found, part)
    assert isinstance(found, ModuleType) or callable(found)


def test_modules_make_no_cycle():
    reached: dict[str, set[str]] = {}
    waiting = {name: own(imports(name)) - {name} for name in MODULES}
    while waiting:
        ready = [name for name, others in waiting.items() if others <= set(reached)]
        assert ready, f"a cycle: {sorted(waiting)}"
        for name in ready:
            reached[name] = waiting.pop(name)


def test_every_module_has_a_room():
    assert {rooms.room_of(name) for name in MODULES} == set(rooms.PURPOSE)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_is_small(room):
    docstring = ast.get_docstring(MODULES[room])
    assert docstring is not None
    assert room in ("management", "contrib") or len(docstring.splitlines()) >= 3
    assert len([name for name in MODULES if name.startswith(f"{room}.") and name.count(".") == 1]) <= MOST_MODULES


def test_surfaces_and_adapters_never_import_each_other():
    apart = [name for name in MODULES if rooms.room_of(name) == "surfaces" and name not in ("", "__init__")]
    apart += [name for name in MODULES if name.startswith("contrib.")]
    shared = {"api", "changes", "templatetags.block_tags"}
    for name in apart:
        family = ".".join(name.split(".")[: 2 if name.startswith("contrib.") else 1])
        others = {other for other in own(imports(name)) if other in apart and not other.startswith(family)}
        assert others <= shared, name


def test_the_lower_rooms_know_no_request_and_no_settings():
    for name in MODULES:
        if rooms.room_of(name) in ("utils", "policy"):
            assert [one for one in imports(name) if one.startswith(("django.conf", "django.http", "django.test"))] == []


def test_one_module_reads_the_settings():
    assert {name for name in MODULES if "django.conf.settings" in imports(name)} == {"conf"}


def test_nothing_but_django_and_asgiref_is_needed():
    core = [name for name in MODULES if not name.startswith("contrib.")]
    third_party = {one.partition(".")[0] for name in core for one in imports(name)} - set(sys.stdlib_module_names)
    assert third_party == {"django", "asgiref", "pytest", PACKAGE}  # pytest: by the plugin for it


LOADED = """
import sys
import django
from django.conf import settings
settings.configure(SECRET_KEY="x", ROOT_URLCONF="django_sessionkit", INSTALLED_APPS=["django_sessionkit"])
import django_sessionkit.middleware, django_sessionkit.decorators, django_sessionkit.mixins
print(*(name for name in sys.modules if name.startswith("django_sessionkit.")))
"""


def test_the_guard_loads_nothing_that_only_developers_need():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    loaded = {name.split(".")[1] for name in done.stdout.split()}
    assert loaded & {"explanation", "matrix", "lint", "checks", "testing", "management", "contrib"} == set()
    assert "django_sessionkit.responses.debug" not in done.stdout.split()


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
    assert {name for name, tree in MODULES.items() if "Session" in calls(tree)} == {
        "session.validation",
        "session.value",
    }


def test_few_modules_look_at_roles_and_permissions():
    """``access`` works them out of a session; the others see what it has worked out."""
    looking = {
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"role", "roles", "permissions"}
        if not (isinstance(node.value, ast.Name) and node.value.id in {"grants", "old", "new"})
    }
    known = {"access", "session.value", "conf", "checks.roles", "lint.role_names", "lint.rule_faults"}
    known |= {"lint.unknown_names", "lint.permission_names", "contrib.auth.roles"}
    assert looking - known - {"matrix.principals"} == set()


def test_one_module_holds_the_context_variable():
    assert {name for name, tree in MODULES.items() if "ContextVar" in calls(tree)} == {"session.context"}


# Django, DRF and Python have no public name for these.
FOREIGN = {
    "_asdict",
    "_default_manager",
    "_exception_handlers",
    "_meta",
    "_replace",
    "_getframe",
    "_func_path",
    "_request",
    "_store",
    "_cache",
    "_cache_update_cache",
}
FOREIGN |= {"_get_running_loop", "_key_to_file", "_regex", "_resource_closers", "_session_cache", "_session_key"}
FOREIGN |= {"_raw_info"}


@cache
def private_names(tree: ast.AST) -> set[str]:
    """What the classes of a module call private."""
    defined = {function.name for function in functions(tree)}
    stored = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    named = {node.target.id for one in classes for node in one.body if isinstance(node, ast.AnnAssign)}
    return defined | stored | named


def test_nobody_reads_the_private_attributes_of_another_module():
    reads = {
        f"{name}: {ast.unparse(node)}"
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
        if not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
        if node.attr not in private_names(tree) | FOREIGN and not node.attr.startswith("_sessionkit_")
    }
    assert reads == set()


def is_branch(node: ast.AST) -> bool:
    return isinstance(node, (ast.If, ast.For, ast.While, ast.Try, ast.IfExp, ast.Match))


def test_an_async_variant_has_no_branches_of_its_own():
    plain = {function.name: function for function in [*functions(MODULES["api"]), *functions(MODULES["changes"])]}
    variants = [function for name, function in plain.items() if name.startswith("a") and name[1:] in plain]
    assert len(variants) >= 12
    for variant in variants:
        assert [type(node) for node in ast.walk(variant) if is_branch(node)] == [
            type(node) for node in ast.walk(plain[variant.name[1:]]) if is_branch(node)
        ]


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_functions_stay_small(name):
    assert FILES[name].read_text(encoding="utf-8").count("\n") <= MOST_LINES
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


MIRRORED = {*ROOMS, "templatetags"} - {"testing"}


@pytest.mark.parametrize("room", sorted(MIRRORED))
def test_a_test_file_names_the_module_that_it_tests(room):
    """``tests/policy/test_rules.py`` tests ``policy/rules.py``; what comes after the module's name is its subject."""
    modules = [name.rpartition(".")[2] for name in MODULES if name.partition(".")[0] == room]
    for path in (TESTS / room).rglob("test_*.py"):
        assert path.stem.removeprefix("test_").startswith(tuple(modules)), path.name
