"""Everything in `threadlab/README.md` that can be run is run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import threadlab
import threadlab.service.in_process
import threadlab.service.transport
import threadlab.virtual_time.patches  # imported once here, and not anew by the project below
from tests.threadlab.plugin.test_plugin import QUIET
from tests.threadlab.service.test_cli import serving
from threadlab.engine.faults import KINDS

pytest_plugins = ["pytester"]
README = Path(threadlab.__file__).with_name("README.md")
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
FILES = {code.split()[1]: code for language, code in BLOCKS if language == "python"}
COMMANDS = [line for language, code in BLOCKS if not language for line in code.splitlines()]
BEGIN, END = "<!-- faults: made from threadlab.engine.faults.KINDS, which a test compares -->\n", "<!-- end of faults -->"


def table() -> str:
    """The table of faults, as it has to stand in the README: put it there when this test says that it is another."""
    rows = [f"| `{name}{':' + kind.argument if kind.argument else ''}` | {kind.meaning} |\n" for name, kind in KINDS.items()]
    return "".join(["| fault | what happens |\n|---|---|\n", *rows])


def test_table_has_every_fault() -> None:
    assert TEXT.partition(BEGIN)[2].partition(END)[0] == table()


def test_every_snippet_runs(pytester: pytest.Pytester) -> None:
    assert all(name.endswith(".py") for name in FILES)
    for name, content in FILES.items():
        pytester.path.joinpath(name).write_text(content)
    pytester.runpytest_inprocess(*QUIET).assert_outcomes(passed=4)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_starts(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path))
    words = shlex.split(command.replace("threads.db", str(tmp_path / "threads.db")))
    assert words[:3] == ["python3", "course.py", "serve"]
    if "--port" in words:  # another program may have that one
        at = words.index("--port")
        del words[at : at + 2]
    with serving(*words[3:]):
        pass


def test_every_linked_section_exists() -> None:
    anchors = set(re.findall(r"\]\(#([\w-]+)\)", TEXT))
    headings = {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    assert anchors <= headings
