"""pyproject.toml names the packages, constraints.txt their versions, environment.yml the same for conda: they stay in step."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement

from setup_tools.doctor import canonical
from tests.course.tiny import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
PINS = {canonical(pin.name): str(pin.specifier).removeprefix("==") for pin in CONSTRAINTS}
SERVICE = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = {name: [Requirement(text) for text in texts] for name, texts in PROJECT["project"]["optional-dependencies"].items()}
PINNED = SERVICE + [package for name, packages in EXTRAS.items() if name != "local" for package in packages]
"""`local` is large, and has its one version in pyproject.toml."""


def test_every_constraint_is_one_version() -> None:
    assert [str(pin) for pin in CONSTRAINTS if not re.fullmatch(r"==[\w.]+", str(pin.specifier)) or pin.url] == []
    assert len(PINS) == len(CONSTRAINTS)


def test_every_package_has_a_pin_and_every_pin_a_package() -> None:
    """Every package that ours need, and that those need, whatever the system that it is installed on."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [*PINNED]
    while waiting:
        package = waiting.pop()
        name, extras = canonical(package.name), frozenset(package.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        try:
            needed = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # of another system
            continue
        waiting += [one for one in needed if any(applies(one, {**system, "extra": extra}) for system in SYSTEMS for extra in ("", *extras))]
    assert sorted(found - set(PINS)) == []
    assert sorted(set(PINS) - found) == []


SYSTEMS: list[dict[str, str]] = [
    {},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    *({"python_version": one, "python_full_version": f"{one}.0"} for one in ("3.11", "3.13")),
]


def applies(package: Requirement, system: dict[str, str]) -> bool:
    return package.marker is None or package.marker.evaluate({**default_environment(), **system})  # type: ignore[dict-item]


@pytest.mark.parametrize("package", sorted({str(package) for package in PINNED}))
def test_pin_is_allowed_by_pyproject(package: str) -> None:
    needed = Requirement(package)
    assert needed.specifier.contains(PINS[canonical(needed.name)])


def test_setuptools_has_one_version_everywhere() -> None:
    assert PROJECT["build-system"]["requires"] == [f"setuptools=={PINS['setuptools']}"]


def test_pins_can_be_installed_with_python_3_11_0() -> None:
    """Debian 12 has Python 3.11.2, and a package may ask for 3.11.5."""
    from importlib.metadata import metadata

    from packaging.specifiers import SpecifierSet

    too_new = []
    for pin in CONSTRAINTS:
        name = pin.name
        if not applies(pin, {"python_version": "3.11"}):
            continue
        try:
            asks = metadata(name).get("Requires-Python") or ""
        except PackageNotFoundError:
            continue
        if "3.11.0" not in SpecifierSet(asks):
            too_new.append(f"{name}: {asks}")
    assert too_new == []


def test_environment_yml_names_the_same_packages() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, through_pip = environment["dependencies"]
    assert pip == "pip"
    assert python.removeprefix("python=") in str(PROJECT["project"]["requires-python"])
    options = [line for line in through_pip["pip"] if line.startswith("-")]
    assert options == ["-c constraints.txt", "-e .[course,grading]"]
    names = {canonical(line) for line in through_pip["pip"] if not line.startswith("-")}
    assert (
        {"openai", "jupyterlab", "nbgrader", "ipywidgets"}
        <= names
        <= {canonical(package.name) for package in [*SERVICE, *EXTRAS["course"], *EXTRAS["grading"]]}
    )


def test_version_is_the_one_in_pyproject() -> None:
    import threadlab

    try:
        assert version("threads-course") == PROJECT["project"]["version"]
    except PackageNotFoundError:
        pytest.skip("the course is not installed here")
    assert threadlab.__version__ == PROJECT["project"]["version"]


FOREIGN = {
    "the address of a package index": r"https?://[\w.-]*(pypi|pythonhosted|anaconda)[\w.-]*/(simple|packages)|(extra-)?index-url",
    "a path of one machine": r"(?<![\w.])/(root|home/\w+|Users/\w+|work)/\w|[A-Z]:\\\\?Users",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_no_tracked_file_has(what: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git repository")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        if name != "tests/course/test_packages.py":
            found += [f"{name}: {match[0]}" for match in re.finditer(FOREIGN[what], text)]
    assert found == []
