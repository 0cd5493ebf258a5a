"""The house: which way imports go, how many modules a folder has, and what a notebook may import."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from tests.course.circles import NOT_OURS, PACKAGES, circles, graph, modules, name_of
from tests.course.tiny import ROOT
from threadlab.moved import OLD

FOLDER_LIMIT = 16
"""About a dozen. `autograder/checks` has one for each exercise, and is told apart."""

PLANTED = {
    "service imports the course": ("threadlab/service/asgi.py", "import courseware.tables"),
    "course imports the grader": ("courseware/tables.py", "import autograder.notebooks"),
    "engine imports a clock": ("threadlab/engine/limits.py", "from time import monotonic"),
    "engine imports a thread": ("threadlab/engine/validate.py", "import threading"),
    "engine imports a way in": ("threadlab/engine/call.py", "import threadlab.service.keys"),
    "checks import a class": ("autograder/checks/first_turn.py", "import autograder.classroom.report"),
    "warm process imports a check": ("autograder/execution/warm_process.py", "import autograder.checks"),
    "child imports the gradebook": ("autograder/execution/child.py", "import sqlalchemy"),
    "service imports JupyterLab's widgets": ("threadlab/service/keys.py", "import ipywidgets"),
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.path.insert(0, ''); lint_imports_command()"
    command = [sys.executable, "-P", "-c", program, "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packages without the known answers, to be changed."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in modules(ROOT):
        (target := tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_import_contracts_are_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", PLANTED)
def test_planted_import_breaks_a_contract(copied: Path, what: str) -> None:
    name, line = PLANTED[what]
    with (copied / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(copied)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout or "2 broken" in done.stdout


def test_no_modules_import_each_other_in_a_circle() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.course.circles"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr


def test_planted_circle_is_found(copied: Path) -> None:
    path = copied / "threadlab/wire/errors.py"
    path.write_text(path.read_text(encoding="utf-8") + "\ndef hidden():\n    from threadlab.engine import call\n", encoding="utf-8")
    assert any({"threadlab.wire.errors", "threadlab.engine.call"} <= set(circle) for circle in circles(graph(copied)))


def test_every_folder_has_about_a_dozen_modules() -> None:
    folders = {path.parent for path in modules(ROOT)} - {ROOT / "autograder" / "checks"}
    counts = {
        str(folder.relative_to(ROOT)): len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > FOLDER_LIMIT} == {}


# ---- module paths in strings -------------------------------------------------------------------------------------------------------


DOTTED = re.compile(rf"(?<![\w./-])((?:{'|'.join(PACKAGES)})(?:\.[a-zA-Z_]\w*)+)(?![\w/-])")
NOT_PATHS = {
    "threadlab.invalid": "a host name that leads nowhere, by RFC 6761",
    **dict.fromkeys(("threadlab.about", "threadlab.rows", "threadlab.totals"), "tables in PostgreSQL, in a schema of this name"),
    "autograder.hidden": "a teacher's folder, which the course comes without",
}


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named_paths(text: str) -> set[str]:
    return {path for path in DOTTED.findall(text) if path not in NOT_PATHS and not path.endswith((".py", ".db", ".md", ".toml"))}


def leads_somewhere(path: str) -> bool:
    """Whether a dotted path is a module, or a name in a module, or an attribute of such a name."""
    if path in OLD:  # tests/course/test_moved.py imports each of these, in a process of its own
        return True
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@pytest.mark.parametrize("package", PACKAGES)
def test_module_path_in_a_string_can_be_imported(package: str) -> None:
    texts = {name_of(path, ROOT): "\n".join(strings(path)) for path in modules(ROOT) if path.relative_to(ROOT).parts[0] == package}
    lost = {name: [path for path in sorted(named_paths(text)) if not leads_somewhere(path)] for name, text in texts.items()}
    assert {name: paths for name, paths in lost.items() if paths} == {}


def test_module_path_in_the_projects_files_can_be_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    named = {name for contract in contracts for key in ("source_modules", "forbidden_modules") for name in contract.get(key, [])}
    named = {name for name in named if name.partition(".")[0] in PACKAGES}
    for contract in contracts:
        layers = [name for layer in contract.get("layers", []) for name in layer.split(" | ")]
        named |= {f"{container}.{name}" for container in contract.get("containers", []) for name in layers}
    named -= {"autograder.nbgrader_config"}  # nbgrader runs it, with a name of its own in it
    named |= {value.replace(":", ".") for value in project["project"]["scripts"].values()}
    named |= set(project["project"]["entry-points"]["pytest11"].values())
    documents = [ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "threadlab/README.md", ROOT / "autograder/README.md"]
    named |= {path for file in documents if file.exists() for path in named_paths(file.read_text(encoding="utf-8"))}
    assert [name for name in sorted(named) if not leads_somewhere(name)] == []


# ---- what notebooks and answers may import -----------------------------------------------------------------------------------------


def imports(text: str) -> set[str]:
    """Our modules that a text of Python imports from. The text may be a notebook's cells, with magics in them."""
    found = re.findall(rf"^\s*(?:from|import)\s+((?:{'|'.join(PACKAGES)})[\w.]*)", text, re.MULTILINE)
    return set(found)


NOTEBOOKS = sorted(path for name in ("lessons", "exercises", "solutions") for path in (ROOT / name).rglob("*.ipynb"))


def test_notebook_imports_public_names_only() -> None:
    inner = {}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        named = imports("\n".join(cell.source for cell in cells)) - set(PACKAGES)
        if named:
            inner[str(path.relative_to(ROOT))] = named
    assert inner == {}
    assert len(NOTEBOOKS) > 30


def test_known_answer_imports_public_names_only() -> None:
    answers = sorted((ROOT / "autograder" / "known_answers").rglob("*.py"))
    inner = {str(path.relative_to(ROOT)): imports(path.read_text(encoding="utf-8")) - set(PACKAGES) for path in answers}
    assert {name: named for name, named in inner.items() if named} == {}
    assert len(answers) > 300


@pytest.mark.parametrize("package", PACKAGES)
def test_public_name_can_be_had(package: str) -> None:
    public = import_module(package)
    assert [name for name in public.__all__ if not hasattr(public, name)] == []


def test_modules_are_told_from_what_is_not_ours() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules(ROOT)} == set(PACKAGES)
    assert not any(path.relative_to(ROOT).as_posix().startswith(NOT_OURS) for path in modules(ROOT))
