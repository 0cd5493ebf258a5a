# ruff: noqa: E501 - programs written on one line
"""Attacks of the kinds that a third review found: notes between processes, pauses without an end, text that is slow to read, links that act.

One class is graded once, with a report. No attack earns a point, nobody else loses one, and the run ends well.
"""

from __future__ import annotations

import copy
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
from nbconvert import HTMLExporter

from autograder.classroom.assignment import Record
from autograder.sandbox import available
from tests.autograder.attacks.test_fuzzed_class import of_the_grading
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

pytestmark = pytest.mark.slow
HONEST = ("a-honest", "m-honest", "z-honest")
FULL = 10
BODY = "def first_turn(client, assistant_id, question):\n    import threadlab.trials.guest.messages as m\n    ask = client._client._transport.link._ask\n"
PIPE = (
    "import os, stat, struct, msgspec, threadlab.trials.guest as g\n"
    "pipe = next(fd for fd in range(3, 100) if os.path.exists(f'/proc/self/fd/{fd}') and stat.S_ISSOCK(os.fstat(fd).st_mode))\n"
    "def send(data, **fields):\n    data = data or msgspec.msgpack.encode(fields)\n    os.write(pipe, struct.pack('>I', len(data)) + data)\n"
)


def ending(value: str) -> str:
    """A guest that asks nobody and says that it ended in this way: `value` as msgpack has it."""
    said = "b'\\x83\\xa4says\\xa6ending\\xa3how\\xa8returned\\xa5value' + " + value
    return f"import threadlab.trials.guest as g\ng.serve = lambda spec, namespace, exchange: {said}"


ANSWERS: dict[str, str] = {
    "number_beyond_64_bits": BODY + "    ask(m.Send(2**63, 'POST', '/v1/threads', '', {}, b'{}', 60.0, True))",
    "number_from_the_middle": BODY + "    ask(m.Send(7, 'POST', '/v1/threads', '', {}, b'{}', 60.0, True))",
    "endless_patience": BODY + "    ask(m.Send(1, 'POST', '/v1/threads', '', {}, b'{}', float('inf'), True))",
    "timer_at_the_end_of_time": BODY + "    for _ in range(9): ask(m.Idle(1e308, True))",
    "timer_long_ago": BODY + "    for _ in range(9): ask(m.Idle(-1e308, True))",
    "answer_of_the_host_forged": BODY + "    ask(m.Deliver(0.0, 1, 200, {}, b'{}'))",
    "headers_of_other_kinds": BODY
    + "    ask(m.Send(1, 'POST', '/v1/threads', '', {'authorization': '\\x00\\r\\nx: y'}, b'\\xff', 60.0, True))",
    "text_that_changes": BODY
    + "    class Text(str):\n        def strip(self): return 'Lisbon'\n        def __eq__(self, other): return True\n"
    "        __hash__ = str.__hash__\n        def __class__(self): return str\n    return Text('x')",
    "number_that_changes": BODY
    + "    class Ten(int):\n        def __index__(self): return 10\n        def __repr__(self): return '10.0'\n    return Ten(0)",
    "metaclass_that_says_yes": "class Yes(type):\n    def __instancecheck__(cls, other): return True\n    def __subclasscheck__(cls, other): return True\n"
    "    def __call__(cls, *a, **k): return cls\nclass first_turn(metaclass=Yes):\n    __module__ = 'openai.types'\n    model_dump = lambda *a, **k: {'$': 'str'}",
    "generator": BODY + "    yield client.beta.threads.create()",
    "awaitable_that_acts_later": BODY
    + "    class Later:\n        def __await__(self):\n            client.beta.threads.create()\n            yield\n    return Later()",
    "thread_that_goes_on": BODY
    + "    import threading\n    def late():\n        for n in range(1, 99): ask(m.Send(n, 'POST', '/v1/threads', '', {}, b'{}', 60.0, True))\n"
    "    threading.Thread(target=late).start()",
    "finalizer_that_sends": BODY
    + "    class Last:\n        def __del__(self): ask(m.Send(1, 'POST', '/v1/threads', '', {}, b'{}', 60.0, True))\n    x = Last(); x.me = x\n    return 'x'",
    "trace_function": BODY
    + "    import sys\n    def trace(frame, *_):\n        frame.f_globals.update(describe=lambda *a: 'Lisbon')\n        return trace\n    sys.settrace(trace)\n    return 'x'",
    "pauses_without_end": BODY
    + "    import ctypes\n    for n in range(1, 3000):\n        ctypes.CDLL(None).usleep(900_000)\n        ask(m.Send(n, 'POST', '/v1/threads', '', {}, b'{}', 60.0, True))",
}
CELLS: dict[str, str] = {
    "value_that_is_no_number": ending("b'\\xcb\\x7f\\xf8' + bytes(6)"),
    "value_of_an_extension": ending("b'\\xd6\\xff\\x00\\x00\\x00\\x01'"),
    "value_of_another_extension": ending("b'\\xc7\\x03\\x2aabc'"),
    "value_that_is_not_utf_8": ending("b'\\xa4\\xff\\xfe\\xed\\xa0'"),
    "value_nested_deeply": ending("b'\\x91' * 100_000 + b'\\xc0'"),
    "value_that_says_how_long_it_is": ending("b'\\xdd\\xff\\xff\\xff\\xff'"),
    "value_with_a_type_that_is_a_list": ending("b'\\x81\\xa1$\\x91\\xa3str'"),
    "end_and_then_requests": PIPE
    + "def serve(spec, namespace, exchange):\n    send(b'', type='end', number=1, result=b'x')\n    return b'x'\ng.serve = serve",
    "end_twice": PIPE
    + "def serve(spec, namespace, exchange):\n    for n in range(40): send(b'', type='end', number=n, result=msgspec.msgpack.encode({'says': 'ending', 'how': 'returned', 'value': 'Lisbon'}))\ng.serve = serve",
    "cell_frame_in_a_trial": PIPE
    + "g.serve = lambda *a: send(b'', type='cell', number=3, status='ok', execution_count=1, outputs=[], updates=[])",
    "strange_outputs": PIPE + "kinds = {'a+json': [float('nan'), b'x', {1: 2}], 'text/html': b'<script>alert(1)</script>', '': 2**63}\n"
    "send(b'', type='cell', number=2, status='ok', execution_count=-5, updates=[{'display_id': 'x', 'data': kinds, 'metadata': kinds}],"
    " outputs=[{'output_type': 'display_data', 'data': kinds, 'metadata': {'x': b'x'}}, {'output_type': 'execute_result', 'data': kinds, 'metadata': {}, 'execution_count': -1}])",
    "trials_without_a_copy": "import sys\nkind = sys.modules['autograder.execution.child'].Child\nkind._run_trial = lambda self, frame: self._send(self._serve(frame))",
    "collector_that_looks_around": "import gc\nfound = [one for one in gc.get_objects() if type(one).__name__ in ('Spec', 'World', 'Secret', 'Evidence')]\nassert not found\nopen('/x')",
    "lock_on_a_file_of_all": "import fcntl, os\nfcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_EX)",
    "lock_of_an_open_file": "import fcntl, os, struct\nfcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 37, struct.pack('hhqqi4x', 0, 0, 5, 1, 0))",
    "lease": "import fcntl, os\nfcntl.fcntl(os.open(os.__file__, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "notes_about_a_folder": "import fcntl, os\nfcntl.fcntl(os.open(os.path.dirname(os.__file__), os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_ACCESS)",
    "watch_on_a_folder": "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.inotify_add_watch(libc.inotify_init1(0), os.path.dirname(os.__file__).encode(), 0x21) < 0: raise OSError('refused')",
    "file_of_another_process": "import ctypes, os\nif ctypes.CDLL(None).syscall(438, os.pidfd_open(os.getpid()), 0, 0) < 0: raise OSError('refused')",
    "what_others_have_read": "import os\nos.preadv(os.open(os.__file__, os.O_RDONLY), [bytearray(9)], 0, os.RWF_NOWAIT)",
    "lines_for_ipython": "x = 1\n" * 1_500 + "%time x\n" * 500,
    "hoards_sockets": "import socket\nkept = [socket.socketpair() for _ in range(10_000)]",
    "ends_slowly": "import signal\nfor n in (1, 2, 3, 10, 12, 13, 14, 15): signal.signal(n, lambda *_: None)\nimport subprocess\nsubprocess.Popen(['sh', '-c', 'trap \"\" INT TERM HUP; sleep 1000; true', 'attack-slow'], start_new_session=True)\nopen('/x')",
    "regular_expression": "import re\nre.match('(a*)*b', 'a' * 40)",
}
SLEEPERS = "import ctypes\nfor _ in range(8): ctypes.CDLL(None).usleep(500_000)"

Edit = Callable[[nbformat.NotebookNode], object]


def cells(*sources: str) -> Edit:
    def edit(notebook: nbformat.NotebookNode) -> None:
        notebook.cells[1:1] = [nbformat.v4.new_code_cell(source) for source in sources]

    return edit


def text(source: str) -> Edit:
    return lambda notebook: notebook.cells.insert(1, nbformat.v4.new_markdown_cell(source))


CONSTANT = "def first_turn(client, assistant_id, question):\n    return 'The capital of Portugal is Lisbon.'"


def answer(notebook: nbformat.NotebookNode, source: str) -> None:
    """Something in the answer cell that is not the blank: with that no trial would run."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "first_turn":
            cell.source = source


LINKS: dict[str, str] = {
    "link_defined_in_a_quotation": "> [r]: javascript:alert(1)\n\n[x][r]",
    "link_defined_in_a_list": "- [r]: javascript:alert(1)\n\n[x][r]",
    "link_defined_on_the_next_line": "> [r]:\n> javascript:alert(1)\n\n[x][r]",
    "link_with_a_bracket_in_its_name": "[a\\]b]: javascript:alert(1)\n\n[x][a\\]b]",
    "link_in_a_formula": "$\\href{javascript:alert(1)}{x}$",
    "formula_that_loads_something": "$\\require{html}\\style{background: url(//evil.example/x)}{x}$",
}
EDITS: dict[str, Edit] = {
    **{name: cells(source) for name, source in CELLS.items()},
    **{name: text(source) for name, source in LINKS.items()},
    "lines_without_anything": text("\n" * 300_000),
    "brackets_without_end": text("[\n" * 300_000),
    "cells_that_wait": cells(*[SLEEPERS] * 400),
    "cells_of_a_hundred_thousand_characters": cells(*["a = 1\n" * 15_000] * 50),
    "cells_without_number": lambda notebook: notebook.cells.extend([nbformat.v4.new_raw_cell("")] * 100_000),
    "outputs_without_number": lambda notebook: notebook.cells[-1].update(outputs=[nbformat.v4.new_output("stream", text="")] * 100_000),
    "locked_text_edited": lambda notebook: [
        cell.update(source="raise SystemExit") for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("locked")
    ],
    "cells_in_reverse": lambda notebook: notebook.cells.reverse(),
    "every_cell_graded": lambda notebook: [
        cell.metadata.update(
            nbgrader={
                "grade": True,
                "solution": True,
                "grade_id": f"more-{n}",
                "points": 10,
                "schema_version": 3,
                "locked": False,
                "task": n % 2 == 0,
            }
        )
        for n, cell in enumerate(notebook.cells)
    ],
    "another_language": lambda notebook: notebook.metadata.update(
        kernelspec={"name": "ir", "language": "R", "display_name": "R"}, language_info={"name": "R"}
    ),
    "huge_metadata": lambda notebook: notebook.metadata.update(x={str(n): "=1+1" * 100 for n in range(10_000)}),
}
BOMB = b'{"cells": [' + b"[]," * 3_000_000 + b"[]]}"


def renamed(folder: Path) -> None:
    (folder / f"{SLUG}.ipynb").unlink()
    for name in "abc":
        (folder / f"{name}.ipynb").write_bytes(BOMB)


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def listening(folder: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    os.chdir(here)


def deeper_than_a_path(folder: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(60):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    os.chdir(here)


FILES: dict[str, Callable[[Path], object]] = {
    "timestamp_of_a_terabyte": lambda folder: sparse(folder / "timestamp.txt", 1 << 40),
    "timestamp_is_a_pipe": lambda folder: os.mkfifo(folder / "timestamp.txt"),
    "timestamp_leads_to_zeros": lambda folder: (folder / "timestamp.txt").symlink_to("/dev/zero"),
    "file_of_a_terabyte": lambda folder: sparse(folder / "data.bin", 1 << 40),
    "notebook_is_a_pipe": lambda folder: ((folder / f"{SLUG}.ipynb").unlink(), os.mkfifo(folder / f"{SLUG}.ipynb")),
    "notebook_is_a_folder": lambda folder: ((folder / f"{SLUG}.ipynb").unlink(), (folder / f"{SLUG}.ipynb").mkdir()),
    "notebooks_that_are_bombs": renamed,
    "socket": listening,
    "path_longer_than_paths_are": deeper_than_a_path,
    "nobody_may_read_it": lambda folder: folder.chmod(0),
    "names_that_differ_in_case": lambda folder: [
        (folder / name).write_text("x") for name in ("README", "readme", "First-Turn.ipynb", "FIRST-TURN.IPYNB")
    ],
}
NAMES = (
    "\x1b]0;x\x07",
    "{student_id}",
    "%s%n",
    "*",
    "?",
    "~",
    "$(touch x)",
    "<b>",
    "@SUM(A1)",
    "\t=1+1",
    "Ada",
    "ada",
    "x" * 250,
    "'; drop table grade; --",
)
ALL = [*ANSWERS, *EDITS, *FILES]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Record], str]:
    """The course, everybody's record, and what the teacher's terminal was sent."""
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path_factory.mktemp("attacked"))
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExecuteInSandbox.timeout = 6\n")
    notebook_py = course / "autograder" / "judging" / "notebook.py"
    notebook_py.write_text(notebook_py.read_text().replace("SUBMISSION_TIME = 300.0", "SUBMISSION_TIME = 10.0"))
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for name, source in ANSWERS.items():
        notebook = nbformat.from_dict(blank)
        answer(notebook, source)
        hand_in(course, name, notebook)
    for name, edit in EDITS.items():
        notebook = copy.deepcopy(blank)
        edit(notebook)
        answer(notebook, CONSTANT)
        hand_in(course, name, notebook)
    for name, make in FILES.items():
        make(hand_in(course, name, blank))
    for name in (*HONEST, *NAMES, "new\nline", "..x"):
        hand_in(course, name, right)
    done = command(course, "autograder", "grade", SLUG, "--workers", "2", code=None, seconds=1200)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    reported = command(course, "autograder", "report", SLUG, code=None)
    folder = course / "autograder" / "work" / "records" / SLUG
    records = {path.stem: msgspec.json.decode(path.read_bytes(), type=Record) for path in folder.glob("*.json")}
    return course, records, done.stdout + done.stderr + reported.stdout + reported.stderr


@pytest.mark.parametrize("name", ALL)
def test_attack_earns_nothing(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    assert graded[1][name].score == 0, graded[1][name]


@pytest.mark.parametrize("name", HONEST)
def test_honest_neighbour_keeps_full_marks(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    assert graded[1][name].score == FULL, graded[1][name]
    assert not graded[1][name].incidents


@pytest.mark.parametrize("name", NAMES)
def test_odd_name_costs_nobody_anything(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    scores: dict[str, Any] = {}
    for where, _, score, *_ in rows(graded[0])["grade"]:
        scores[str(where).removesuffix(f"/{SLUG}/{SLUG}")] = score
    assert scores[name] == FULL


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pauses_without_end", "did nothing for a long time"),
        ("cells_that_wait", "took more than 10 seconds together"),
        ("cells_without_number", "more than 10,000 cells and outputs"),
        ("outputs_without_number", "more than 10,000 cells and outputs"),
        ("notebooks_that_are_bombs", "no notebook to grade"),
        ("end_twice", "wrote to the grader's pipe"),
        ("number_from_the_middle", "wrote to the grader's pipe"),
        ("lock_on_a_file_of_all", "refused a cell something"),
        ("watch_on_a_folder", "refused a cell something"),
        ("file_of_another_process", "refused a cell something"),
        ("what_others_have_read", "refused a cell something"),
        ("notes_about_a_folder", "refused a cell something"),
        ("file_of_a_terabyte", "too large"),
    ],
)
def test_record_says_what_happened(graded: tuple[Path, dict[str, Record], str], name: str, words: str) -> None:
    assert words in " ".join([graded[1][name].problem, *graded[1][name].incidents]), graded[1][name]


@pytest.mark.parametrize("name", LINKS)
def test_link_in_a_page_does_nothing(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    path = graded[0] / "autograder" / "work" / "autograded" / name / SLUG / f"{SLUG}.ipynb"
    page, _ = HTMLExporter().from_filename(str(path))  # type: ignore[no-untyped-call]
    body = page[page.index("<body") :]
    assert not re.search(r"href\s*=\s*[\"']?\s*javascript:|\\(href|require|style)\b", body, re.IGNORECASE)


def test_terminal_is_sent_text_alone(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", graded[2])


def test_folder_that_nbgrader_passes_over_is_named(graded: tuple[Path, dict[str, Record], str]) -> None:
    for name in ("new\\nline", "..x"):
        assert f"{name}: was not graded." in graded[2]


def test_tables_hold_no_formula(graded: tuple[Path, dict[str, Record], str]) -> None:
    for path in (graded[0] / "autograder" / "work" / "reports").glob("*.csv"):
        assert not re.search(r'(^|,)"[=@\t]', path.read_text(), re.MULTILINE), path


def test_nothing_is_left_behind(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert of_the_grading(graded[0]) == []
    assert {row[3] for row in rows(graded[0])["grade"]} == {None}
    assert json.loads((graded[0] / "autograder" / "work" / "reports" / f"{SLUG}.json").read_bytes())["slug"] == SLUG
