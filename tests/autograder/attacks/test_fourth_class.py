# ruff: noqa: E501 - programs written on one line
"""A fourth review: programs that do not end, hooks in the interpreter, notes for the next trial, notebooks that say two things.

One class is graded once, with feedback and a report. No attack earns a point, nobody else loses one, and the run ends well.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import nbformat
import pytest

from autograder.classroom.assignment import Record
from autograder.sandbox import available
from tests.autograder.attacks.test_fuzzed_class import of_the_grading
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

pytestmark = pytest.mark.slow
HONEST = ("a-honest", "m-honest", "z-honest")
FULL = 10
CONSTANT = "def first_turn(client, assistant_id, question):\n    return 'The capital of Portugal is Lisbon.'"
BODY = "def first_turn(client, assistant_id, question):\n    thread = client.beta.threads.create()\n"

ANSWERS: dict[str, str] = {
    "sleeps_of_no_time": "import time\n" + BODY + "    while True: time.sleep(0)",
    "turns_of_the_loop": "import asyncio\nasync def first_turn(client, assistant_id, question):\n    while True: await asyncio.sleep(0)",
    "task_that_refuses_to_be_cancelled": "import asyncio\nasync def stay():\n    while True:\n        try: await asyncio.sleep(1e6)\n        except BaseException: pass\n"
    "async def first_turn(client, assistant_id, question):\n    asyncio.create_task(stay())\n    await asyncio.sleep(1)\n    return 'x'",
    "stops_itself": BODY + "    import os, signal\n    os.kill(os.getpid(), signal.SIGSTOP)\n    return 'x'",
    "thread_that_never_ends": BODY
    + "    import threading, ctypes\n    threading.Thread(target=lambda: ctypes.CDLL(None).pause()).start()\n    return 'x'",
    "children_without_number": BODY
    + "    import os\n    for _ in range(50):\n        if not os.fork(): os.execv('/bin/sh', ['sh', '-c', 'sleep 1000'])\n    return 'x'",
    "repr_that_never_ends": BODY + "    class Value:\n        def __repr__(self):\n            while True: pass\n    return Value()",
    "error_that_contains_itself": BODY
    + "    problem = ValueError('x'); problem.__cause__ = ValueError('y'); problem.__cause__.__context__ = problem\n    raise problem",
    "group_of_errors": BODY
    + "    problem = ValueError('x')\n    for _ in range(2000): problem = ExceptionGroup('x', [problem])\n    raise problem",
    "error_with_a_name_of_megabytes": BODY + "    raise type('x' * 5_000_000, (Exception,), {})('y')",
    "halts_the_trial_itself": BODY
    + "    from threadlab.trials.guest.link import TrialHalted\n    raise TrialHalted('\\x1b[2J<script>alert(1)</script>')",
    "value_that_is_a_class": BODY + "    return str",
    "dictionary_that_grows": BODY
    + "    class Grows(dict):\n        def items(self):\n            n = 0\n            while True: yield n, n\n    return Grows(a=1)",
    "collector_that_never_ends": BODY
    + "    import gc\n    def again(*_):\n        while True: pass\n    gc.callbacks.append(again)\n    return 'x'",
    "audit_hook_that_never_ends": BODY
    + "    import sys\n    def hook(*_):\n        while True: pass\n    sys.addaudithook(hook)\n    return 'x'",
    "relay_of_processes": "import os, time\nfrom signal import SIG_IGN, SIGCHLD, signal\n"
    + BODY
    + "    signal(SIGCHLD, SIG_IGN)\n    while True:\n        if not os.fork():\n"
    "            while time.process_time() < 0.4: pass\n            os._exit(0)\n        try: os.wait()\n        except OSError: pass",
    "own_limits": BODY
    + "    import resource\n    resource.setrlimit(resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU)[1:] * 2)\n    while True: pass",
    "none_is_freed": BODY + "    import ctypes\n    ctypes.c_long.from_address(id(None)).value = 0\n    return None",
    "path_that_leaves_the_service": BODY + "    return client.get('/../../../../etc/passwd', cast_to=str)",
    "header_of_megabytes": BODY + "    client.beta.threads.create(extra_headers={'x': 'y' * 5_000_000})",
    "body_that_is_nested": BODY
    + "    client.post('/threads', body={'metadata': eval('[' * 90 + ']' * 90)}, cast_to=object)\n    return 'x'",
}
SLEEPER = "import ctypes\nctypes.CDLL(None).usleep(300_000)"
CELLS: dict[str, str] = {
    "collector_in_a_cell": "import gc\ndef again(*_):\n    while True: pass\ngc.callbacks.append(again)",
    "audit_hook": "import sys\ndef hook(name, arguments):\n    raise RuntimeError('no')\nsys.addaudithook(hook)",
    "build_class": "import builtins\nbuiltins.__build_class__ = lambda *a, **k: int",
    "import_hook": "import sys\nclass Finder:\n    def find_spec(self, *_):\n        raise SystemExit(1)\nsys.meta_path.insert(0, Finder())\n[sys.modules.pop(n) for n in list(sys.modules) if n.startswith(('threadlab', 'openai'))]",
    "codec": "import codecs, encodings\ncodecs.register(lambda name: 1 / 0)\nencodings._cache.clear() if hasattr(encodings, '_cache') else None\nimport builtins\nbuiltins.str = bytes",
    "trace_of_everything": "import sys, threading\ndef trace(*_):\n    raise KeyboardInterrupt\nsys.settrace(trace)",
    "profile_of_everything": "import sys\nsys.setprofile(lambda *_: 1 / 0)",
    "alarm_between_cells": "import signal\ndef ring(*_): raise RuntimeError('ring')\nsignal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
    "loop_that_is_replaced": "import asyncio\nloop = asyncio.get_running_loop()\nloop.run_until_complete = lambda task: b'\\xc1'\nloop.call_soon = lambda *a, **k: None",
    "a_hundred_thousand_empty_outputs": "from IPython.display import display\nfor _ in range(100_000): display({'text/plain': ''}, raw=True)",
    "metadata_of_outputs": "from IPython.display import display\nfor _ in range(9): display({'text/plain': ''}, raw=True, metadata={'x': 'y' * 3_000_000})",
    "error_with_a_long_name": "raise type('x' * 9_000_000, (Exception,), {})('y')",
    "error_name_with_escapes": "raise type('\\x1b[2J\\u202e<script>alert(1)</script>', (OSError,), {})('\\x9b2J')",
    "display_ids_without_number": "from IPython.display import display\nfor n in range(20_000): display('x', display_id=str(n)).update('y')",
    "environment_of_python": "import os\nos.environ.update(PYTHONSTARTUP='/x', PYTHONPATH='/x', PYTHONHOME='/x', PYTHONWARNINGS='error', LD_PRELOAD='/x', OPENAI_BASE_URL='http://evil.example')",
    "singletons_of_the_guest": "import threadlab.trials.guest.messages as m, threadlab.trials.guest.link as link\nm.Send = m.Idle\nlink.Link.say = lambda self, message: m.Go(1e12)",
    "drivers_of_the_guest": "import threadlab.trials.guest.drivers as d\nfor name in d.DRIVERS: d.DRIVERS[name] = lambda context: 'The capital of Portugal is Lisbon.'",
    "time_of_the_guest": "import threadlab.virtual_time.clock as c, threadlab.virtual_time.loop as l\nl.VirtualLoop.run_until_complete = lambda self, value: 'Lisbon'\nc.LEAST = -1e9",
    "copies_that_stay": "import sys, os\nkind = sys.modules['autograder.execution.child'].Child\nold = kind._be_copy\ndef twice(self, frame):\n    if os.fork(): old(self, frame)\n    while True: pass\nkind._be_copy = twice",
    "trial_that_stops_its_parent": "import sys, os, signal\nkind = sys.modules['autograder.execution.child'].Child\ndef stop(self, frame): os.kill(os.getppid(), signal.SIGSTOP); os.kill(os.getpid(), signal.SIGSTOP)\nkind._be_copy = stop",
    "pages_that_are_in_memory": "import ctypes, mmap, os\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.mmap.restype = ctypes.c_void_p\n"
    "at = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, os.open(os.__file__, os.O_RDONLY), ctypes.c_long(0))\n"
    "if libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(4096), ctypes.create_string_buffer(9)): raise OSError('refused')",
    "names_that_look_alike": "first_turn = fir\uff53t_turn = lambda *a: 'The capital of Portugal is Lisbon.'",
    "line_ends_of_all_kinds": "x = '''\\r\\x0b\\x0c\\x1c\\u2028\\u2029'''\nprint('a\\rb\\x08\\x0b\\x0c\\x1c\\u2028' * 1000)",
    "terminal_in_a_stream": "import sys\nprint('\\x1b]8;;javascript:alert(1)\\x1b\\\\x\\x1b]8;;\\x1b\\\\\\x1b[999999999C\\x1bP$q\\x1b\\\\')\nsys.stderr.write('\\x1b[38;5;' + '9' * 100_000 + 'm')",
    "html_of_many_kinds": "from IPython.display import HTML, display\nfor text in ('<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>', '<svg><style><img src=x onerror=alert(1)></style></svg>', '<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">', '<a href=\"java&Tab;script:alert(1)\">x</a>', '<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">', '<base href=//evil.example>', '<div style=\"position:fixed;inset:0;background:url(//evil.example)\">', '<input autofocus onfocus=alert(1)>'): display(HTML(text))",
    "kinds_that_pages_run": "from IPython.display import display\nfor kind in ('text/x-python', 'application/vnd.jupyter.widget-view+json', 'application/vnd.plotly.v1+json', 'application/vnd.vega.v5+json', 'text/vnd.mermaid', 'application/xhtml+xml', 'text/html; charset=utf-8', 'TEXT/HTML', 'application/pdf', 'image/svg'): display({kind: '<script>alert(1)</script>'}, raw=True)",
}

Edit = Callable[[nbformat.NotebookNode], object]


def cells(*sources: str) -> Edit:
    def edit(notebook: nbformat.NotebookNode) -> None:
        notebook.cells[1:1] = [nbformat.v4.new_code_cell(source) for source in sources]

    return edit


def text(source: str, **more: object) -> Edit:
    def edit(notebook: nbformat.NotebookNode) -> None:
        cell = nbformat.v4.new_markdown_cell(source)
        cell.update(more)
        notebook.cells.insert(1, cell)

    return edit


def marked(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def marks(**changes: object) -> Edit:
    return lambda notebook: [marked(notebook, name).metadata.nbgrader.update(changes) for name in ("first_turn", "check_first_turn")]


EDITS: dict[str, Edit] = {
    **{name: cells(source) for name, source in CELLS.items()},
    "names_that_are_no_text": marks(grade_id=["first_turn"]),
    "name_of_a_path": marks(grade_id="../../check_first_turn"),
    "points_that_are_no_number": marks(points="NaN", schema_version="3"),
    "points_without_end": marks(points=float("inf")),
    "schema_of_the_first_version": marks(schema_version=1),
    "checksums_of_its_own": marks(checksum="0" * 32, points=1e308),
    "task_with_points": marks(task=True, points=50),
    "outputs_say_ten": lambda notebook: [
        cell.update(outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "10.0"}, execution_count=1)])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ],
    "cells_with_one_id": lambda notebook: [cell.update(id="same") for cell in notebook.cells],
    "another_exercise": lambda notebook: [
        cell.metadata.nbgrader.update(grade_id=cell.metadata.nbgrader.grade_id.replace("first_turn", "open_conversation"))
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    ],
    "graded_cell_inside_of_an_answer": lambda notebook: marked(notebook, "check_first_turn").metadata.nbgrader.update(solution=True),
    "attachments_of_all_kinds": text(
        "![x](attachment:a.png) ![y](attachment:../../x)",
        attachments={
            "a.png": {"image/png": "iVBORw0KGgo=", "text/html": "<script>alert(1)</script>"},
            "../../x": {"image/png": "x"},
        },
    ),
    "markdown_of_many_kinds": text(
        "<javascript:alert(1)>\n\n[x](javascript\\:alert(1)) [y](&#x6A;avascript&colon;alert(1)) [z](\\\njavascript:alert(1)) "
        "[w](vbscript&NewLine;:x) ![v](data:image/svg+xml;base64,PHN2Zz4=)\n\n[r]: <java\\script:alert(1)>\n\n[x][r]\n\n```{=html}\n<script>alert(1)</script>\n```\n\n"
        "`<script>`\n\n$$\\unicode{60}script\\def\\x{\\href{javascript:alert(1)}}\\x{y}$$\n\n<details open ontoggle=alert(1)>"
    ),
    "kernel_that_runs_a_command": lambda notebook: notebook.metadata.update(
        kernelspec={"name": "../../x", "display_name": "$(touch x)", "argv": ["sh"]}, jupytext={"formats": "ipynb,py:percent"}
    ),
}


def with_key(key: str, value: object) -> Callable[[str], bytes]:
    """A key of the notebook written a second time, behind the first."""
    return lambda content: (content.rstrip()[:-1] + f", {json.dumps(key)}: {json.dumps(value)}}}").encode()


BYTES: dict[str, Callable[[str], bytes]] = {
    "cells_twice": with_key("cells", []),
    "format_twice": with_key("nbformat", 1),
    "number_of_a_million_digits": lambda content: content.replace('"nbformat_minor": 5', '"nbformat_minor": ' + "9" * 1_000_000).encode(),
    "format_that_is_a_fraction": with_key("nbformat", 4.5),
    "format_of_the_future": with_key("nbformat", 99),
    "minor_below_zero": with_key("nbformat_minor", -5),
    "format_of_version_three": lambda content: json.dumps(
        {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {"name": "x"},
            "worksheets": [{"cells": [{"cell_type": "heading", "level": 99, "source": "x", "metadata": {}}]}],
        }
    ).encode(),
    "infinity": with_key("metadata", {"x": float("inf"), "y": float("nan")}),
    "escapes_that_are_halves": lambda content: content.replace(
        '"cells": [', '"cells": [{"cell_type": "raw", "metadata": {"\\ud800": "\\udfff"}, "source": "\\udc00"},', 1
    ).encode(),
    "sources_that_are_lists_of_lists": lambda content: re.sub(r'"source": "', '"source": [["x"]], "source2": "', content).encode(),
    "nested_and_open": lambda content: b'{"cells": ' + b'[{"a":' * 200_000,
    "metadata_of_depth": lambda content: content.replace('"metadata": {', '"metadata": {"x": ' + "[" * 400 + "]" * 400 + ", ", 1).encode(),
}


def hard_link(folder: Path) -> None:
    """The neighbour's notebook under a second name."""
    (folder / f"{SLUG}.ipynb").unlink()
    os.link(folder.parents[1] / HONEST[0] / SLUG / f"{SLUG}.ipynb", folder / "neighbour.txt")


def shadowing(folder: Path) -> None:
    for name in (
        "openai",
        "threadlab",
        "msgspec",
        "autograder",
        "asyncio",
        "sqlite3",
        "IPython",
        "usercustomize",
        "sitecustomize",
        "conftest",
    ):
        (folder / f"{name}.py").write_text("raise SystemExit(1)")
    (folder / "threadlab").mkdir()
    (folder / "threadlab" / "__init__.py").write_text("raise SystemExit(1)")


FILES: dict[str, Callable[[Path], object]] = {
    "modules_of_its_own": shadowing,
    "hard_link_to_a_neighbour": hard_link,
    "notebook_nobody_may_read": lambda folder: (folder / f"{SLUG}.ipynb").chmod(0),
    "configuration_of_nbgrader": lambda folder: [
        (folder / name).write_text("c = get_config()\nraise SystemExit(1)")
        for name in ("nbgrader_config.py", "jupyter_config.py", "ipython_config.py")
    ],
    "gradebook_of_its_own": lambda folder: (folder / "gradebook.db").write_bytes(b"SQLite format 3\x00"),
    "paths_of_python": lambda folder: (folder / "x.pth").write_text("import os; os._exit(1)"),
    "files_without_number": lambda folder: [(folder / f"{n}.txt").touch() for n in range(3_000)],
    "feedback_of_its_own": lambda folder: (folder / f"{SLUG}.html").write_text("<script>alert(1)</script>"),
}
ALL = [*ANSWERS, *EDITS, *BYTES, *FILES]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Record], str]:
    """The course, everybody's record, and what the teacher's terminal was sent."""
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path_factory.mktemp("attacked"))
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExecuteInSandbox.timeout = 3\n")
    for file, was, now in (
        ("judging/notebook.py", "SUBMISSION_TIME = 300.0", "SUBMISSION_TIME = 10.0"),
        ("judging/remote_guest.py", "TRIAL_TIMEOUT = 20.0", "TRIAL_TIMEOUT = 3.0"),
        ("judging/remote_guest.py", "seconds: float = 180.0", "seconds: float = 12.0"),
        ("execution/client.py", "IDLE_TOGETHER = 120.0", "IDLE_TOGETHER = 12.0"),
    ):
        path = course / "autograder" / file
        assert was in path.read_text()
        path.write_text(path.read_text().replace(was, now))
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for name in HONEST:
        hand_in(course, name, right)
    for name, source in ANSWERS.items():
        notebook = copy.deepcopy(blank)
        marked(notebook, "first_turn").source = source
        hand_in(course, name, notebook)
    for name, edit in EDITS.items():
        notebook = copy.deepcopy(blank)
        marked(notebook, "first_turn").source = CONSTANT
        edit(notebook)
        hand_in(course, name, notebook)
    for name, edit_bytes in BYTES.items():
        hand_in(course, name, edit_bytes(json.dumps(blank)))
    for name, make in FILES.items():
        make(hand_in(course, name, blank))
    done = command(course, "autograder", "grade", SLUG, "--workers", "2", "--feedback", code=None, seconds=1500)
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


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stops_itself", "did nothing for a long time"),
        ("trial_that_stops_its_parent", "did nothing for a long time"),
        ("pages_that_are_in_memory", "refused a cell something"),
        ("none_is_freed", "crashed with SIGSEGV"),
        ("loop_that_is_replaced", "wrote to the grader's pipe"),
        ("name_of_a_path", "there is no such cell in the release"),
        ("another_exercise", "there is no such cell in the release"),
        ("metadata_of_depth", "is not a notebook"),
        ("cells_twice", "was missing; it was put back"),
    ],
)
def test_record_says_what_happened(graded: tuple[Path, dict[str, Record], str], name: str, words: str) -> None:
    assert words in " ".join([graded[1][name].problem, *graded[1][name].incidents]), graded[1][name]


def test_sentence_is_no_word_of_the_machinery(graded: tuple[Path, dict[str, Record], str]) -> None:
    for record in graded[1].values():
        said = [finding.sentence for several in record.verdicts.values() for verdict in several for finding in verdict.findings]
        for sentence in [record.problem, *record.incidents, *said]:
            assert "Traceback" not in sentence, record
            assert len(sentence) < 5_000, record


def test_graded_notebooks_stay_small_and_run_nothing(graded: tuple[Path, dict[str, Record], str]) -> None:
    for name in ALL:
        path = graded[0] / "autograder" / "work" / "autograded" / name / SLUG / f"{SLUG}.ipynb"
        if not path.exists():
            continue
        assert path.stat().st_size < 30_000_000, name
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            assert len(cell.get("outputs", [])) <= 5_000, name
            shown = [cell.source] if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata else []
            for one in cell.get("outputs", []):
                assert set(one.get("data", {})) <= {
                    "text/plain",
                    "text/html",
                    "text/markdown",
                    "text/latex",
                    "image/png",
                    "image/jpeg",
                    "image/gif",
                }
                shown += [str(one.data.get(kind, "")) for kind in ("text/html", "text/markdown", "text/latex")] if "data" in one else []
            for part in shown:
                assert not re.search(
                    r"<script(?!>`)|<[^>]*\son\w+=|\]\(\s*javascript:|<(style|base|form|input|iframe)\b", part, re.IGNORECASE
                ), (name, part[:300])


def test_feedback_runs_nothing(graded: tuple[Path, dict[str, Record], str]) -> None:
    pages = list((graded[0] / "autograder" / "work" / "feedback").rglob(f"{SLUG}.html"))
    assert len(pages) > len(ALL) // 2
    for page in pages:
        content = page.read_text()
        body = re.sub(r"<script.*?</script>", "", content[content.index("<body") :], flags=re.DOTALL)
        assert "Content-Security-Policy" in content[:6000]
        assert not re.search(
            r"<[^>]*\son\w+\s*=|<\w[^>]*(href|src|action)\s*=\s*[\"']?\s*(javascript|vbscript|data:text)", body, re.IGNORECASE
        ), page


def test_terminal_is_sent_text_alone(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", graded[2])


def test_nothing_is_left_behind(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert of_the_grading(graded[0]) == []
    assert {row[3] for row in rows(graded[0])["grade"]} == {None}
