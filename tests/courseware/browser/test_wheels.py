"""What goes into the tab: every package that is needed and pinned as on the desktop, and nothing that learners must not have."""

from __future__ import annotations

import ast
import re
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from courseware.browser import npm, wheels
from courseware.browser.problem import BuildProblem

KERNELS_OWN = {"comm", "ipykernel", "piplite", "pyodide-kernel", "widgetsnbextension"}
ELSEWHERE = {"pyodide", "pyodide_js", "js", "pyodide_kernel"}
"""Modules that the kernel brings along."""

NOT_IN_A_TAB = {
    "psutil": "processes",
    "uvicorn": "a server",
    "psycopg": "a database server",
    "xllamacpp": "a model on this computer",
    "nbformat": "rpds-py, which has no wheel for the browser",
    "nbgrader": "a server",
    "nh3": "pages about a class",
    "nbclient": "processes",
    "pytest": "tests",
    "_pytest": "tests",
    "distributed": "a cluster",
    "msvcrt": "Windows",
    "httpx": "looked at only where it is imported already: clients of one's own, in one's own tests",
    "libcst": "the extra `scan`",
    "tree_sitter": "the extra `scan`",
    "tree_sitter_javascript": "the extra `scan`",
    "tree_sitter_typescript": "the extra `scan`",
}
"""Modules that some function of ours imports and nothing in the tab calls, and why they are not there."""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels.ours(tmp_path_factory.mktemp("wheel"), "0.1.0")


def in_the_tab() -> dict[str, str]:
    """The packages with their versions."""
    pins = [one.partition("==") for one in wheels.wanted()]
    return {wheels.canonical(name): version for name, _, version in pins} | {wheels.canonical(one): "" for one in wheels.WITHOUT_THEIR_C}


def test_every_package_has_the_version_of_the_desktop() -> None:
    only_here = {"httpx2-jsfetch", "micropip", "ipykernel"}
    for name, version in in_the_tab().items():
        if name not in only_here and version:
            assert distribution(name).version == version, name


def test_whatever_a_package_needs_is_there() -> None:
    there = set(in_the_tab()) | KERNELS_OWN | {"jupyterlab-widgets"}  # that one is the page's
    browser = {"sys_platform": "emscripten", "platform_system": "Emscripten", "platform_machine": "wasm32"}
    browser |= {"python_version": "3.14", "python_full_version": "3.14.2", "os_name": "posix", "extra": ""}
    missing = []
    for name in in_the_tab():
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:  # of the browser alone
            continue
        for text in needed:
            one = Requirement(text)
            if (one.marker is None or one.marker.evaluate(browser)) and wheels.canonical(one.name) not in there:
                missing.append(f"{name}: {text}")
    assert missing == []


def test_whatever_our_code_imports_is_there(course: Path) -> None:
    provided = {module for module, names in packages_distributions().items() for name in names if wheels.canonical(name) in in_the_tab()}
    provided |= {"threadlab", "courseware", "autograder"} | ELSEWHERE | set(NOT_IN_A_TAB) | set(sys.stdlib_module_names)
    missing = set()
    with zipfile.ZipFile(course) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                missing |= {f"{name}: {module}" for module in imported(archive.read(name).decode()) if module not in provided}
    assert missing == set()


def imported(source: str) -> set[str]:
    """The top-level names of all modules that are imported anywhere, type checking aside."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_no_answer_and_no_grader_goes_into_the_tab(course: Path) -> None:
    with zipfile.ZipFile(course) as archive:
        names = archive.namelist()
        text = "\n".join(archive.read(name).decode("utf-8", "replace") for name in names)
    assert [
        name for name in names if re.search(r"known_answers/|classroom/|sandbox/|execution/|solutions/|authoring/|nbgrader_config", name)
    ] == []
    assert "### BEGIN SOLUTION\n" not in text.replace('"### BEGIN SOLUTION\\n"', "")


def test_same_files_give_the_same_wheel(course: Path, tmp_path: Path) -> None:
    assert wheels.ours(tmp_path, "0.1.0").read_bytes() == course.read_bytes()


def test_archive_that_is_not_what_was_pinned_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / f"{npm.PYODIDE.name}-{npm.PYODIDE.version}.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(BuildProblem, match="not what it was when it was pinned"):
        npm.fetch(npm.PYODIDE, tmp_path)
    assert not archive.exists()


def test_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    from courseware.browser.build import build

    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BuildProblem, match="something else in it"):
        build(tmp_path, lambda text: None)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_missing_npm_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildProblem, match=r"Install Node\.js"):
        npm.fetch(npm.FFLATE, tmp_path)
