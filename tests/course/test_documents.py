"""The documents beside the code: links that lead somewhere, names that exist, facts that the code holds to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.course.circles import modules
from tests.course.tiny import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *(ROOT / name / "README.md" for name in ("threadlab", "autograder")),
    *sorted((ROOT / "docs").glob("*.md")),
]
documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@documents
def test_link_in_a_document_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        assert target.startswith(("https://", "#")) or (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("name", ["architecture.md", "facts.md"])
def test_module_that_a_document_names_exists(name: str) -> None:
    """`engine/engine.py` may stand for a file in any of the packages."""
    files = {path.relative_to(ROOT).as_posix() for path in modules(ROOT)}
    named = re.findall(r"`([\w/]+\.py)`", (ROOT / "docs" / name).read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists() and not any(file.endswith(f"/{path}") for file in files)] == []


def test_every_layer_of_the_packages_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in modules(ROOT) if path.name == "__init__.py" and len(path.relative_to(ROOT).parts) == 3}
    assert [folder for folder in sorted(folders - {"predictions"}) if not re.search(rf"\b{folder}\b", text)] == []


def test_message_in_the_facts_is_the_one_that_the_service_says() -> None:
    """The longest run of fixed words of each message stands in the list of errors."""
    text = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| \d{3} \| `([^`]+)`([^|]*\|[^|]+)\|$", text, re.MULTILINE)
    assert len(rows) > 15
    said = " ".join((ROOT / "threadlab/wire/errors.py").read_text(encoding="utf-8").split())
    said += " ".join((ROOT / "threadlab/engine/limits.py").read_text(encoding="utf-8").split())
    lost = []
    for message, row in rows:
        fixed = re.split(r"'|thread_|run_|call_|sk-|…|\"|[(\[\]<]|MODEL|\bN\b|\d|\b(?:No|thread|assistant|run|integer)\b", message)
        longest = max((piece.strip(" .,:") for piece in fixed), key=len)
        if longest not in said and "The service differs" not in row:
            lost.append(longest)
    assert lost == []


def test_errors_cite_a_list_that_is_in_the_tree() -> None:
    assert "docs/facts.md" in (ROOT / "threadlab/wire/errors.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_form_can_be_read(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.parent.name == "ISSUE_TEMPLATE" and path.name != "config.yml":
        assert {"name", "description", "body"} <= set(form)
        assert all(field["type"] in ("input", "textarea", "markdown", "dropdown", "checkboxes") for field in form["body"])


def test_version_in_the_changelog_is_the_one_in_pyproject() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert f"\n## {version[1]}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
