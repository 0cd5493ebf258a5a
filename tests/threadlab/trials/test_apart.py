"""A trial in a notebook finds nothing of the one before it, as if each had a process of its own; and leaves the notebook as it was."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from threadlab import trial
from threadlab.trials.guest.apart import apart
from threadlab.trials.guest.messages import Spec
from threadlab.trials.trial import World, in_process, run_trial

WAYS: dict[str, tuple[str, str]] = {
    "a file": ("open('note').read()", "open('note', 'w').write('x')"),
    "a file in a folder": ("open('data/note').read()", "open('data/note', 'w').write('x')"),
    "the environment": ("os.environ['NOTE']", "os.environ.__setitem__('NOTE', 'x')"),
    "a library's module": ("openai.note", "setattr(openai, 'note', {'x': 1})"),
    "a library's class": ("openai.OpenAI.note", "setattr(openai.OpenAI, 'note', ['x'])"),
    "a setting of a library": ("{'x': 1}[openai.api_key]", "setattr(openai, 'api_key', 'x')"),
    "a module that it made": ("sys.modules['note']", "sys.modules.__setitem__('note', types.ModuleType('note'))"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_text("a,b\n")
    (tmp_path / "notebook.ipynb").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(("look", "keep"), WAYS.values(), ids=WAYS)
def test_note_of_one_trial_is_not_there_for_the_next(folder: Path, look: str, keep: str) -> None:
    tried = f"    try:\n        {look}\n        return 'found'\n    except Exception:\n        {keep}\n        return 'none'\n"
    source = "import os, sys, types\ndef answer():\n" + tried
    guest = in_process({"openai": openai}, alone=True)
    before = sorted(str(path) for path in folder.rglob("*")), dict(os.environ), set(sys.modules) - {"sqlite3"}

    found = [run_trial(guest, Spec("answer", [], {}, [source]), World()).value for _ in range(3)]

    assert found == ["none"] * 3
    assert sorted(str(path) for path in folder.rglob("*")) == before[0]
    assert dict(os.environ) == before[1]
    assert Path.cwd() == folder


def test_answer_finds_its_own_files(folder: Path) -> None:
    source = "def answer():\n    import os\n    return [open('data/table.csv').read(), os.listdir('.')]\n"
    guest = in_process({}, alone=True)
    assert run_trial(guest, Spec("answer", [], {}, [source]), World()).value == ["a,b\n", ["data"]]


def test_what_a_library_makes_at_its_first_use_stays() -> None:
    def first_use() -> None:
        openai.made_by_the_library = len  # type: ignore[attr-defined]

    try:
        with apart({"openai": openai}):
            first_use()
        assert openai.made_by_the_library is len  # type: ignore[attr-defined]
    finally:
        del openai.made_by_the_library  # type: ignore[attr-defined]


def test_trial_of_a_lesson_may_keep_what_it_likes(folder: Path) -> None:
    def keep() -> str:
        Path("note").write_text("x")
        return "kept"

    function: Callable[[], str] = keep
    assert trial(function).value == "kept"
    assert (folder / "note").read_text() == "x"
