"""What cells do to the process that they run in, and what of it a grader sees."""

import os
import signal
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.execution import hosts
from autograder.execution.client import CellResult, Limits, Session, SubmissionFailed, WorkerClient
from autograder.execution.orders import WorkerError


def text(result: CellResult) -> str:
    """All that a cell printed, on either stream."""
    return "".join(output["text"] for output in result.outputs if output["output_type"] == "stream")


def value(result: CellResult) -> str:
    """A cell's last value, as text."""
    assert result.outputs, "the cell showed nothing"
    assert result.outputs[-1]["output_type"] == "execute_result", result.outputs[-1]
    shown = result.outputs[-1]["data"]["text/plain"]
    assert isinstance(shown, str)
    return shown


def names(result: CellResult) -> list[str]:
    """The names of the exceptions that a cell showed."""
    return [output["ename"] for output in result.outputs if output["output_type"] == "error"]


def test_outputs_make_a_valid_notebook(session: Session) -> None:
    source = "from IPython.display import display, HTML\nprint('a'); display(HTML('b')); [1]"
    cell = nbformat.v4.new_code_cell(source, outputs=session.run_cell(source, 10).outputs, execution_count=1)
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))


def test_display_of_an_earlier_cell_is_updated(session: Session) -> None:
    first = session.run_cell("handle = display('first', display_id='d')", 10)
    session.run_cell("handle.update('second')", 10)
    assert first.outputs[0]["data"]["text/plain"] == "'second'"


def test_task_runs_between_cells(session: Session) -> None:
    session.run_cell("import asyncio\nseen = []\nasync def later():\n    seen.append(1)\nt = asyncio.create_task(later())", 10)
    assert value(session.run_cell("seen", 10)) == "[1]"


def test_output_of_an_earlier_task_leaves_a_later_cell_its_points(session: Session) -> None:
    session.run_cell("import asyncio, sys\nasync def late():\n    print('late', file=sys.stderr)\nt = asyncio.create_task(late())", 10)
    assert session.run_cell("await t", 10).outputs == []


def test_unawaited_coroutine_warns_in_its_own_cell(session: Session) -> None:
    made = session.run_cell("async def f():\n    pass\nclass Loop: pass\na = Loop(); a.me = a; a.c = f(); del a", 10)
    assert "never awaited" in text(made)
    assert session.run_cell("1", 10).outputs[0]["output_type"] == "execute_result"


def test_raw_output_comes_before_the_result(session: Session) -> None:
    kinds = [output["output_type"] for output in session.run_cell("import os\nos.write(2, b'raw')", 10).outputs]
    assert kinds == ["stream", "execute_result"]


def test_output_of_a_subprocess_keeps_its_place(session: Session) -> None:
    assert text(session.run_cell("import os\nprint('1'); n = os.system('echo 2'); print('3')", 10)) == "1\n2\n3\n"


def test_loop_stopped_by_a_cell_is_replaced(session: Session) -> None:
    session.run_cell("import asyncio\nasyncio.get_event_loop().stop()", 10)
    assert value(session.run_cell("1 + 1", 10)) == "2"


def test_thread_left_behind_does_no_harm(session: Session) -> None:
    session.run_cell("import threading, time\nt = threading.Thread(target=time.sleep, args=(1000,)); t.start()", 10)
    assert value(session.run_cell("t.is_alive()", 10)) == "True"


def test_each_submission_has_its_own_chance(client: WorkerClient) -> None:
    seen = set()
    for _ in range(3):
        with client.open() as session:
            seen.add(value(session.run_cell("import random\nrandom.random()", 10)))
    assert len(seen) == 3


def test_submissions_share_nothing(client: WorkerClient) -> None:
    with client.open() as first, client.open() as second:
        first.run_cell("import json\njson.dumps = None\nx = 1\nopen('left', 'w').write('x')", 10)
        assert names(second.run_cell("json.dumps(x)", 10)) == ["NameError"]
        assert value(second.run_cell("import json, os\njson.dumps(os.listdir('.'))", 10)) == "'[]'"


def test_files_beside_the_notebook_are_there(client: WorkerClient, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not to be seen")
    folder = tmp_path / "submission"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "änd so on.csv").write_text("a,b")
    (folder / "helper.py").write_text("answer = 42")
    (folder / "notebook.ipynb").write_text("{}")
    (folder / "link").symlink_to(tmp_path / "secret")
    with client.open(folder) as session:
        seen = value(session.run_cell("import os\nsorted(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs)", 10))
        assert seen == "['./data/änd so on.csv', './helper.py']"
        assert value(session.run_cell("import helper\nhelper.answer", 10)) == "42"
        session.run_cell("open('helper.py', 'w').write('')", 10)
    assert (folder / "helper.py").read_text() == "answer = 42"


def test_file_of_many_megabytes_is_passed_whole(client: WorkerClient, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"x" * 50_000_000)
    (tmp_path / "empty").touch()
    with client.open(tmp_path) as session:
        assert value(session.run_cell("import os\nos.path.getsize('data.bin'), os.path.getsize('empty')", 10)) == "(50000000, 0)"


def test_names_and_sources_need_not_be_utf8(client: WorkerClient, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("x")
    with client.open(tmp_path) as session:
        assert value(session.run_cell("import os\nos.listdir('.')", 10)) == "['\ufffd.txt']"
        assert session.run_cell("'\ud800'", 10).status == "ok"


def test_too_many_bytes_of_files_are_refused(client: WorkerClient, tmp_path: Path) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1024**3)
    with pytest.raises(WorkerError, match="too large: huge has 1,073,741,824 bytes"):
        client.open(tmp_path)


# ---- ends


def test_sys_exit_is_an_error_of_its_cell(session: Session) -> None:
    assert names(session.run_cell("import sys\nsys.exit(0)", 10)) == ["SystemExit"]
    assert value(session.run_cell("1", 10)) == "1"


def test_exit_ends_the_submission_after_its_cell(session: Session) -> None:
    assert text(session.run_cell("print('bye'); exit()", 10)) == "bye\n"
    with pytest.raises(SubmissionFailed, match="ended its own process"):
        session.run_cell("1", 10)


ENDS = {
    "os_exit": ("import os\nos._exit(3)", "ended its own process, with exit code 3"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "crashed with SIGSEGV"),
    "closes_all_descriptors": ("import os\nos.closerange(0, 1000)", "ended its own process"),
    "system_exit_in_a_task": (
        "import asyncio, sys\nasync def leave():\n    sys.exit(4)\nt = asyncio.create_task(leave())\nawait asyncio.sleep(1)",
        "ended its own process, with exit code 4",
    ),
}
if sys.version_info < (3, 12):  # later ones count how deep their own C code is, and raise RecursionError in time
    ENDS["stack_exhausted"] = (
        "import sys, pickle\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\npickle.dumps(x)",
        "crashed|ended",
    )


@pytest.mark.parametrize("name", ENDS)
def test_session_ends_with_a_sentence(client: WorkerClient, name: str) -> None:
    source, sentence = ENDS[name]
    with client.open() as session:
        with pytest.raises(SubmissionFailed, match=sentence):
            session.run_cell(source, 30)
        with pytest.raises(SubmissionFailed, match=sentence):
            session.run_cell("1", 30)
    with client.open() as other:
        assert value(other.run_cell("1 + 1", 10)) == "2"


def test_deep_recursion_is_an_error(session: Session) -> None:
    assert names(session.run_cell("def f(): f()\nf()", 10)) == ["RecursionError"]


# ---- time and size


def test_endless_loop_is_interrupted(session: Session) -> None:
    result = session.run_cell("print('so far')\nwhile True: pass", 0.3)
    assert result.status == "timeout"
    assert text(result) == "so far\n"
    assert names(result) == ["KeyboardInterrupt", "CellTimeoutError"]
    assert value(session.run_cell("1 + 1", 10)) == "2"


def test_endless_await_is_interrupted(session: Session) -> None:
    result = session.run_cell("import asyncio\nawait asyncio.sleep(1000)", 0.3)
    assert result.status == "timeout"
    assert names(result)[-1] == "CellTimeoutError"
    assert value(session.run_cell("1 + 1", 10)) == "2"


def test_endless_loop_that_will_not_be_interrupted_is_ended(client: WorkerClient) -> None:
    with client.open() as session:
        stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
        result = session.run_cell(stubborn, 0.3)
        assert result.status == "timeout"
        assert names(result) == ["CellTimeoutError"]
        with pytest.raises(SubmissionFailed, match="could not be interrupted"):
            session.run_cell("1", 10)


def test_endless_output_is_cut(session: Session) -> None:
    result = session.run_cell("while True: print('x' * 1000)", 0.5)
    assert 1_000_000 <= len(text(result)) < 1_001_000
    assert "printed more than 1,000,000 characters" in text(result)


def test_endless_raw_output_is_cut(session: Session) -> None:
    result = session.run_cell("import os\nn = os.system('yes')", 20)
    assert "printed more than 1,000,000 characters" in text(result)
    assert value(session.run_cell("1 + 1", 10)) == "2"


def test_giant_value_is_left_out(session: Session) -> None:
    assert "more than 8,000,000 characters of rich output" in text(session.run_cell("'x' * 50_000_000", 10))


def test_giant_error_is_cut(session: Session) -> None:
    result = session.run_cell("raise ValueError('x' * 50_000_000)", 20)
    assert names(result) == ["ValueError"]
    assert len(str(result.outputs)) < 200_000


def test_progress_bar_is_not_cut(session: Session) -> None:
    source = "from IPython.display import clear_output\nfor n in range(3000):\n    clear_output(wait=True); print('x' * 500, n)"
    assert text(session.run_cell(source, 30)).endswith(" 2999\n")


def test_memory_is_limited(client: WorkerClient) -> None:
    with client.open(limits=Limits(memory=2**30)) as session:
        assert names(session.run_cell("x = bytearray(2**31)", 10)) == ["MemoryError"]
        assert value(session.run_cell("1 + 1", 10)) == "2"


# ---- the warm process


KNOWS_NOTHING = "import sys\nsorted(n for n in sys.modules if n.startswith(('autograder.checks', 'autograder.hidden', 'nbgrader')))"


def test_warm_process_knows_no_checks(session: Session) -> None:
    assert value(session.run_cell(KNOWS_NOTHING, 10)) == "[]"


def test_warm_process_has_no_checks_in_memory(session: Session) -> None:
    source = "import gc\n"
    source += "[o for o in gc.get_objects() if getattr(o, '__module__', None) in ('autograder.checks', 'autograder.judging.behaviours')]"
    assert value(session.run_cell(source, 10)) == "[]"


def test_warm_process_holds_no_file_locks(session: Session) -> None:
    """From Python 3.12 on, `filelock` refuses a fork in a process that has the number of the one it was forked from, as the first process
    of one namespace and that of another have: trials would not start."""
    assert value(session.run_cell("import sys\n'filelock' in sys.modules", 10)) == "False"


def test_check_in_a_submission_does_nothing(session: Session) -> None:
    assert session.run_cell("from autograder import check, hint\nhint('sixth-message')\ncheck('sixth-message')", 10).outputs == []


def test_checks_cannot_be_imported(session: Session) -> None:
    for name in ("checks", "hidden", "behaviours", "worker_that_is_not_there"):
        assert names(session.run_cell(f"import autograder.{name}", 10)) == ["ModuleNotFoundError"]


def test_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    with WorkerClient(trust=True) as client, client.open() as session:
        seen = session.run_cell("import os\nstr(dict(os.environ))", 10)
    assert "sk-secret" not in value(seen)
    assert "proxy" not in value(seen).lower().replace("no_proxy", "")


@pytest.mark.slow
def test_warm_process_that_died_is_replaced() -> None:
    with WorkerClient(trust=True) as client:
        with client.open() as session:
            process = client.host._own._process  # type: ignore[attr-defined]
            process.kill()
            process.wait()
            with pytest.raises((SubmissionFailed, WorkerError)):
                session.run_cell("import time\ntime.sleep(60)", 30)
        with client.open() as session:
            assert value(session.run_cell("1 + 1", 10)) == "2"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="stops a process for a while")
def test_late_answer_is_not_taken_for_the_next_submissions(monkeypatch: pytest.MonkeyPatch) -> None:
    with WorkerClient(trust=True) as client:
        with client.open() as session:
            assert value(session.run_cell("1 + 1", 10)) == "2"
            process = client.host._own._process  # type: ignore[attr-defined]
            monkeypatch.setattr(hosts, "ORDER_TIMEOUT", 0.3)
            process.send_signal(signal.SIGSTOP)  # too busy to say that this one has ended
        monkeypatch.undo()
        process.send_signal(signal.SIGCONT)
        with client.open() as session:
            assert value(session.run_cell("2 + 2", 10)) == "4"


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_nothing_is_left_when_the_grader_goes() -> None:
    word = f"left-{os.getpid()}"
    with WorkerClient(trust=True) as client:
        client.open().run_cell(
            f"import subprocess\np = subprocess.Popen(['sh', '-c', 'sleep 1000; true', '{word}'], start_new_session=True)", 10
        )
        process = client.host._own._process  # type: ignore[attr-defined]
    assert process.poll() is not None
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if word.encode() in command and b"sleep" in command]
