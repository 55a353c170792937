"""The wheel as a user gets it: built, installed outside of the repository, and imported completely."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "django_sessionkit"

# Runs in the fresh environment, and prints where each module was found.
INVENTORY = """
import importlib, json, pkgutil
from importlib.metadata import version
from importlib.resources import files

from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django_sessionkit"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
import django
django.setup()
import django_sessionkit
from django.template import engines
from django.utils import translation

walked = pkgutil.walk_packages(django_sessionkit.__path__, "django_sessionkit.")
# What stands in contrib needs a library of its own, and the plugin needs pytest.
foreign = ("django_sessionkit.contrib.", "django_sessionkit.pytest_plugin")
own = [name for _, name, _ in walked if not name.startswith(foreign)]
modules = {name: importlib.import_module(name).__file__ for name in own}
template_folder = files("django_sessionkit").joinpath("templates", "django_sessionkit")
translation.activate("de")
template = engines["django"].from_string("{% load sessionkit %}loaded")
print(json.dumps({
    "version": version("django-sessionkit"),
    "__version__": django_sessionkit.__version__,
    "modules": {"django_sessionkit": django_sessionkit.__file__, **modules},
    "typed": files("django_sessionkit").joinpath("py.typed").is_file(),
    "template": template.render(),
    "denied": str(django_sessionkit.AccessDenied()),
    "pages": sorted(one.name for one in template_folder.iterdir()),
    "public": [n for n in django_sessionkit.__all__ if not hasattr(django_sessionkit, n)],
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build with the installed hatchling, without a build environment, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def described(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def inventory(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what a process finds in a fresh environment with this wheel, Django and asgiref."""
    folder = tmp_path_factory.mktemp("elsewhere")
    python = fresh_environment(folder / "env")
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    for path in shared_with(("Django", "asgiref")):
        (site_packages(python, folder) / path.name).symlink_to(path)
    found = json.loads(run(python, "-I", "-W", "error", "-c", INVENTORY, cwd=folder))
    return {"folder": folder, **found}


def fresh_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def site_packages(python: Path, cwd: Path) -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run(python, "-c", code, cwd=cwd).strip())


def shared_with(names: Iterable[str]) -> set[Path]:
    """Return the top-level files and folders of these distributions and of their requirements."""
    return {path for name in closure(names) for path in top_level(metadata.distribution(name))}


def closure(names: Iterable[str], seen: frozenset[str] = frozenset()) -> frozenset[str]:
    for name in names:
        if name not in seen:
            seen = closure(installed_requirements(name), seen | {name})
    return seen


def installed_requirements(name: str) -> Iterator[str]:
    for requirement in metadata.requires(name) or ():
        needed = re.match(r"[\w.-]+", requirement)
        if needed and "extra ==" not in requirement and is_installed(needed.group()):
            yield needed.group()


def is_installed(name: str) -> bool:
    return bool(list(metadata.distributions(name=name)))


def top_level(distribution: metadata.Distribution) -> Iterator[Path]:
    for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        yield Path(str(distribution.locate_file(name)))


def test_the_wheel_holds_the_package_and_its_metadata_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    info = next(name for name in folders if name.endswith(".dist-info"))
    assert folders == {PACKAGE, info}


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith(f"{PACKAGE}/")}
    tree = (path for path in (ROOT / PACKAGE).rglob("*") if path.is_file())
    kept = (path for path in tree if "__pycache__" not in path.parts)
    assert packed == {path.relative_to(ROOT).as_posix() for path in kept}


def test_only_django_and_asgiref_are_required(described: Message) -> None:
    required = described.get_all("Requires-Dist") or []
    always = {re.split(r"[^\w.-]", one)[0].lower() for one in required if "extra ==" not in one}
    assert always == {"django", "asgiref"}
    assert described.get_all("Provides-Extra") == [
        "channels",
        "debug-toolbar",
        "drf",
        "jinja2",
        "ninja",
        "spectacular",
        "strawberry",
    ]


def test_the_metadata_names_licence_and_supported_versions(described: Message) -> None:
    classifiers = described.get_all("Classifier") or []
    assert described["License-Expression"] == "MIT"
    assert described["Requires-Python"] == ">=3.10"
    assert {f"Framework :: Django :: {v}" for v in ("5.2", "6.0", "6.1")} <= set(classifiers)
    assert {f"Programming Language :: Python :: 3.{n}" for n in range(10, 15)} <= set(classifiers)


def test_every_module_imports_from_the_installed_wheel(inventory: dict[str, object]) -> None:
    modules = inventory["modules"]
    assert isinstance(modules, dict)
    assert f"{PACKAGE}.middleware" in modules
    assert f"{PACKAGE}.templatetags.sessionkit" in modules
    strangers = {n: f for n, f in modules.items() if str(inventory["folder"]) not in str(f)}
    assert strangers == {}


def test_type_checkers_and_templates_find_what_they_need(inventory: dict[str, object]) -> None:
    assert inventory["typed"] is True
    assert inventory["template"] == "loaded"
    assert inventory["denied"] == "Sie haben nicht das Recht, das zu tun."
    pages = ["debug_toolbar", "denied", "explanation", "matrix", "requirement", "routes"]
    assert inventory["pages"] == [f"{name}.html" for name in pages]


def test_version_and_public_names_are_true(inventory: dict[str, object], described: Message) -> None:
    assert inventory["version"] == inventory["__version__"] == described["Version"]
    assert inventory["public"] == []


def test_the_sdist_can_build_and_test_itself(sdist: Path, tmp_path: Path) -> None:
    source = tmp_path / "unpacked"
    source.mkdir()
    run("tar", "xzf", sdist, "-C", source, "--strip-components=1", cwd=tmp_path)
    for name in ("pyproject.toml", "tox.ini", "README.md", "tests/conftest.py", "docs"):
        assert (source / name).exists(), name
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=source)
