"""Programs that lessons start and kill: the same with processes and, as in a tab, without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from courseware import Backend, kill_after, kill_when, programs, run_program


@pytest.fixture(params=["processes", "namespaces"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for programs, where there are processes and where there are none."""
    monkeypatch.setattr(programs, "has_processes", lambda: request.param == "processes")
    monkeypatch.setattr(programs, "_said", False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_backend_remembers_until_it_is_killed(folder: Path) -> None:
    text = "import sys\nseen, prefix = [], sys.argv[1]\nfor line in sys.stdin:\n    seen.append(line.strip())\n"
    program = write(folder, "forgetful.py", text + "    print(prefix, len(seen), seen[-1], flush=True)\n")
    first, second = Backend(program, "a"), Backend(program, "b")
    assert [first.ask("one"), second.ask("uno"), first.ask("two")] == ["a 1 one", "b 1 uno", "a 2 two"]
    first.kill()
    second.kill()
    again = Backend(program, "a")
    assert again.ask("three") == "a 1 three"
    again.kill()


def test_program_is_cut_off_where_it_is_killed(folder: Path) -> None:
    program = write(
        folder,
        "worker.py",
        "import sys\nfrom pathlib import Path\nlog = Path(sys.argv[1])\n"
        "log.write_text('begun')\nprint('step one', flush=True)\nsys.stdin.read()\nlog.write_text('past the end')\n",
    )
    assert kill_after(1, program, folder / "log.txt") == ["step one"]
    assert (folder / "log.txt").read_text() == "begun"


def test_program_that_ends_before_prints_less(folder: Path) -> None:
    program = write(folder, "short.py", "print('only this')\n")
    assert kill_after(3, program) == ["only this"]
    assert kill_after(1, write(folder, "silent.py", "x = 1\n")) == []


def test_program_is_killed_in_the_middle_of_its_lines(folder: Path) -> None:
    program = write(folder, "teller.py", "import sys, time\nfor n in range(1000):\n    print(n, flush=True)\n    time.sleep(0.01)\n")
    assert kill_after(3, program) == ["0", "1", "2"]


def test_modules_of_its_folder_are_its_own(folder: Path) -> None:
    write(folder, "memory_of_test.py", "value = []\n")
    program = write(folder, "user.py", "import memory_of_test\nmemory_of_test.value.append(1)\nprint(len(memory_of_test.value))\n")
    import memory_of_test  # type: ignore[import-not-found]

    memory_of_test.value += [1, 2, 3]
    assert run_program(program).stdout.strip() == "1"
    assert run_program(program).stdout.strip() == "1"
    assert memory_of_test.value == [1, 2, 3]
    assert sys.modules["memory_of_test"] is memory_of_test
    del sys.modules["memory_of_test"]


def test_tables_that_a_program_adds_are_its_own(folder: Path) -> None:
    text = (
        "from sqlalchemy.orm import Mapped, mapped_column\nfrom courseware import Base\n"
        "class OfTheProgram(Base):\n    __tablename__ = 'of_the_program'\n    key: Mapped[str] = mapped_column(primary_key=True)\n"
        "print(sorted(Base.metadata.tables)[-1] >= 'o', OfTheProgram.__tablename__)\n"
    )
    program = write(folder, "tables_of_test.py", text)
    for _ in range(2):
        done = run_program(program)
        assert (done.stdout.strip(), done.stderr) == ("True of_the_program", "")
    from courseware import Base

    assert "of_the_program" not in Base.metadata.tables


def test_failure_has_a_code_and_a_text(folder: Path) -> None:
    done = run_program(write(folder, "fails.py", "raise ValueError('no such city')\n"))
    assert done.returncode == 1
    assert "ValueError: no such city" in done.stderr
    assert run_program(write(folder, "exits.py", "import sys\nprint('x')\nsys.exit(3)\n"))[::2] == ("x\n", 3)


def test_module_runs_in_the_folder_that_was_named(folder: Path) -> None:
    write(folder, "cities.json", '{"France": "Paris"}')
    done = run_program("json.tool", "cities.json", cwd=folder)
    assert done.stdout.split() == ["{", '"France":', '"Paris"', "}"], done


def test_arguments_path_and_output_are_as_before_afterwards(folder: Path) -> None:
    before = sys.argv, sys.path[:], sys.stdin, sys.stdout
    kill_after(1, write(folder, "worker.py", "import sys\nprint('x', flush=True)\nsys.stdin.read()\n"), "argument")
    assert (sys.argv, sys.path, sys.stdin, sys.stdout) == before


def test_program_that_ends_before_the_condition_was_not_killed(folder: Path) -> None:
    assert not kill_when(lambda: False, write(folder, "short.py", "print('x')\n"))


def test_tab_says_once_that_it_has_no_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "has_processes", lambda: False)
    monkeypatch.setattr(programs, "_said", False)
    for _ in range(2):
        run_program(write(tmp_path, "short.py", "x = 1\n"))
    assert capsys.readouterr().out.count("A browser tab has no processes") == 1
