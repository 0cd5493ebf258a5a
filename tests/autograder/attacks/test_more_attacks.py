# ruff: noqa: E501 - programs written on one line
"""Attacks of the kinds that a second review found: files that stop a class, scripts in pages, hoarding, notes between submissions.

One class is graded once, with feedback pages and a report. No attack earns a point that its answer has not earned, every honest neighbour
keeps full marks, the run ends well, and nothing that a student wrote acts in a page, a terminal or a spreadsheet.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import nbformat
import pytest

from autograder.classroom.assignment import Record
from autograder.sandbox import available
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

pytestmark = pytest.mark.slow
HONEST = ("a-honest", "m-honest", "z-honest")
FULL = 10

Edit = Callable[[nbformat.NotebookNode], None]


def code(source: str) -> Edit:
    return lambda notebook: notebook.cells.insert(1, nbformat.v4.new_code_cell(source))


def output(kind: str, data: str) -> Edit:
    """A cell that shows something of a kind."""
    return code(f"from IPython.display import display\ndisplay({{{kind!r}: {data!r}}}, raw=True)")


def text_cell(source: str, **more: object) -> Edit:
    def edit(notebook: nbformat.NotebookNode) -> None:
        cell = nbformat.v4.new_markdown_cell(source)
        cell.update(more)
        notebook.cells.insert(1, cell)

    return edit


def metadata(**entries: object) -> Edit:
    return lambda notebook: notebook.metadata.update(entries)


SCRIPT = "<script>alert(1)</script>"
PAGES: dict[str, Edit] = {
    "script_in_html": output("text/html", f"<b>x</b>{SCRIPT}"),
    "handler_in_html": output("text/html", "<img src=x onerror='alert(1)'><svg onload=alert(1)></svg>"),
    "address_in_html": output("text/html", "<a href='javascript:alert(1)'>x</a><iframe src='javascript:alert(1)'></iframe>"),
    "style_in_html": output("text/html", "<style>@import 'http://evil.example/x.css'</style><link rel=stylesheet href=//evil.example>"),
    "form_in_html": output("text/html", "<form action='/api/kernels' method=post><button>ok</button></form><meta http-equiv=refresh>"),
    "javascript_output": output("application/javascript", "alert(1)"),
    "svg_output": output("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"),
    "latex_output": output("text/latex", f"$x$ {SCRIPT}"),
    "markdown_output": output("text/markdown", f"# x\n{SCRIPT}\n[x](javascript:alert(1))"),
    "picture_that_is_none": output("image/png", f'" onerror="alert(1)" x="{SCRIPT}'),
    "widget_output": output("application/vnd.jupyter.widget-view+json", json.dumps({"model_id": SCRIPT})),
    "script_in_markdown": text_cell(f"# x\n{SCRIPT}\n<svg onload=alert(1)>\n<img src=x onerror=alert(1)>"),
    "unclosed_tag_in_markdown": text_cell("x <img src=x onerror=alert(1) //"),
    "link_in_markdown": text_cell(
        "[x](javascript:alert(1)) [y](&#106;avascript:alert(1)) [z](data:text/html,x)\n\n[r]: javascript:alert(1)\n"
    ),
    "attachment_type": text_cell("![x](attachment:a.png)", attachments={"a.png": {'image/png" onerror="alert(1)': "AAAA"}}),
    "attachment_svg": text_cell(
        "![x](attachment:a.svg)", attachments={"a.svg": {"image/svg+xml": base64.b64encode(b"<svg onload='alert(1)'/>").decode()}}
    ),
    "attachment_name": text_cell("x", attachments={'a" onerror="alert(1)': {"image/png": "AAAA"}}),
    "title_in_metadata": metadata(title=SCRIPT, authors=[{"name": SCRIPT}]),
    "language_in_metadata": metadata(language_info={"name": SCRIPT, "pygments_lexer": SCRIPT}),
    "widget_state_in_metadata": metadata(widgets={"application/vnd.jupyter.widget-state+json": {"state": SCRIPT}}),
    "colab_widgets_in_metadata": metadata(widgets={"application/vnd.jupyter.widget-state+json": {}}, colab={"provenance": []}),
    "script_in_the_error": code(f"raise ValueError({SCRIPT!r})"),
    "script_in_print": code(f"print({SCRIPT!r})"),
}
TERMINAL: dict[str, Edit] = {
    "escape_in_an_error": code("raise OSError('\\x1b]0;owned\\x07\\x1b[2J all graded')"),
    "c1_in_an_error": code("raise PermissionError('\\x9b2J\\x9d0;x\\x9c')"),
    "bidi_in_an_error": code("raise OSError('\\u202eabc\\u2066')"),
}
HOARDING: dict[str, Edit] = {
    "display_updated": code(
        "from IPython.display import display, update_display\nfor n in range(100): display('x', display_id='d')\n"
        "update_display('y' * 4_000_000, display_id='d')"
    ),
    "rich_output_in_many_cells": lambda notebook: [
        code("from IPython.display import HTML, display\ndisplay(HTML('x' * 7_000_000))")(notebook) for _ in range(12)
    ],
    "limits_lifted": code("ip = get_ipython()\nip.shown._limits = None\nprint('x' * 5_000_000)"),
    "memory_in_memfds": code(
        "import os\nheld = []\nfor n in range(200):\n    fd = os.memfd_create('x'); os.write(fd, bytes(50_000_000)); held.append(fd)"
    ),
    "shared_segments": code("import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.shmget(0, 10**9, 0o1600) != -1, 'refused'"),
    "note_in_a_queue": code("import ctypes\nassert ctypes.CDLL(None).msgget(77, 0o1666) != -1, 'refused'"),
    "note_in_the_keyring": code("import ctypes\nassert ctypes.CDLL(None).syscall(248, b'user', b'n', b'note', 4, -4) > 0, 'refused'"),
    "io_uring": code("import ctypes\nassert ctypes.CDLL(None).syscall(425, 8, bytes(200)) >= 0, 'refused'"),
    "vsock": code("import socket\nsocket.socket(40, socket.SOCK_STREAM).connect((2, 1))"),
    "another_user_namespace": code("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0, 'refused'"),
    "processes_of_the_neighbour": code(
        "import os, time\nfor n in range(400):\n    try:\n        if not os.fork(): time.sleep(30); os._exit(0)\n    except OSError: break"
    ),
    "source_of_four_megabytes": code("a=1\n" * 1_000_000),
}
TAKES: dict[str, str] = {
    "all_requests_in_flight": (
        "import asyncio\nfrom openai import AsyncOpenAI\n\ndef first_turn(client, question):\n    async def go():\n"
        "        other = AsyncOpenAI()\n        await asyncio.gather(*(other.beta.threads.create() for _ in range(400)))\n"
        "    asyncio.run(go())"
    ),
    "hoarding_between_trials": (
        "import builtins\nbuiltins.seen = getattr(builtins, 'seen', [])\ndef first_turn(client, question):\n"
        "    builtins.seen.append(question)\n    return 'The capital of Portugal is Lisbon.'"
    ),
    "database_that_is_not_there": (
        "def first_turn(client, question):\n    import threadlab.trials.guest.messages as m\n"
        "    client._client._transport.link.say(m.DatabaseCall(0, 'connect', '', []))"
    ),
    "tool_that_is_not_there": (
        "def first_turn(client, question):\n    import threadlab.trials.guest.messages as m\n"
        "    client._client._transport.link.say(m.ToolCall('weather', {}))"
    ),
    "callback_that_is_not_there": (
        "def first_turn(client, question):\n    import threadlab.trials.guest.messages as m\n"
        "    client._client._transport.link.say(m.CallbackCall('on_text', 'x'))"
    ),
    "turn_that_is_not_there": (
        "def first_turn(client, question):\n    import threadlab.trials.guest.messages as m\n"
        "    client._client._transport.link.say(m.Mark('submitted', 0))"
    ),
    "pdf_bomb": (
        "import zlib\ndef first_turn(client, question):\n"
        "    data = zlib.compress(b'BT /F1 12 Tf (x) Tj ET\\n' * 60_000)\n"
        "    pdf = b'%PDF-1.4\\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\\n2 0 obj<</Type/Pages/Count 3/Kids[3 0 R 3 0 R 3 0 R]>>endobj\\n'\n"
        "    pdf += b'3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\\n4 0 obj<</Filter/FlateDecode/Length '\n"
        "    pdf += str(len(data)).encode() + b'>>stream\\n' + data + b'\\nendstream endobj\\ntrailer<</Root 1 0 R>>'\n"
        "    file = client.files.create(file=('a.pdf', pdf), purpose='assistants')\n"
        "    client.vector_stores.create(file_ids=[file.id])"
    ),
}
FILES: dict[str, Callable[[Path], object]] = {
    "timestamp_decimal": lambda folder: (folder / "timestamp.txt").write_text("9" * 30 + "m"),
    "timestamp_empty": lambda folder: (folder / "timestamp.txt").write_text(""),
    "timestamp_utf16": lambda folder: (folder / "timestamp.txt").write_bytes("2026-11-02 10:00".encode("utf-16")),
    "timestamp_bom": lambda folder: (folder / "timestamp.txt").write_bytes(b"\xef\xbb\xbf2026-11-02 10:00:00 UTC"),
    "timestamp_is_a_folder": lambda folder: (folder / "timestamp.txt").mkdir(),
    "file_name_not_utf8": lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xdcbung.txt")).write_text("x"),
    "link_name_not_utf8": lambda folder: os.symlink(b"/etc/passwd", os.fsencode(folder) + b"/\xff-link"),
    "link_name_with_escape": lambda folder: os.symlink("/etc/passwd", folder / "\x1b]0;x\x07link"),
    "verdicts_file_is_a_folder": lambda folder: (
        (folder / f"{SLUG}.verdicts.json").mkdir() or (folder / f"{SLUG}.verdicts.json" / "x").touch()
    ),
    "verdicts_file_of_its_own": lambda folder: (folder / f"{SLUG}.verdicts.json").write_text("[]"),
    "named_pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "folder_is_a_link_to_a_neighbour": lambda folder: (
        (folder / f"{SLUG}.ipynb").unlink(),
        folder.rmdir(),
        os.symlink(Path("..", HONEST[0], SLUG), folder),
    ),
    "very_deep_folders": lambda folder: (folder / "/".join(["d"] * 60)).mkdir(parents=True),
}
BYTES: dict[str, Callable[[str], bytes]] = {
    "lone_surrogate": lambda text: text.replace(
        '"cells": [', '"cells": [{"cell_type": "markdown", "metadata": {}, "source": "\\ud83d"},', 1
    ).encode(),
    "byte_order_mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf_16": lambda text: text.encode("utf-16"),
    "list_of_nothing": lambda text: b"[]",
    "cells_are_a_number": lambda text: b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "metadata_missing": lambda text: json.dumps({**json.loads(text), "metadata": None}).encode(),
    "cell_is_null": lambda text: json.dumps({**json.loads(text), "cells": [None]}).encode(),
    "conflict_marks": lambda text: b"<<<<<<< HEAD\n" + text.encode() + b"\n=======\n>>>>>>> x\n",
    "cut_off": lambda text: text[: len(text) // 2].encode(),
    "nul_bytes": lambda text: b"\x00" * 1000,
    "compressed": lambda text: zlib.compress(text.encode()),
}
ALL = [*PAGES, *TERMINAL, *HOARDING, *TAKES, *FILES, *BYTES]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Record], str]:
    """The course, everybody's record, and what the teacher's terminal was sent."""
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path_factory.mktemp("attacked"))
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExecuteInSandbox.timeout = 6\n")
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    for name, edit in {**PAGES, **TERMINAL, **HOARDING}.items():
        notebook = nbformat.from_dict(blank)
        edit(notebook)
        hand_in(course, name, notebook)
    for name, source in TAKES.items():
        notebook = nbformat.from_dict(blank)
        next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "first_turn").source = source
        hand_in(course, name, notebook)
    for name, make in FILES.items():
        make(hand_in(course, name, blank))
    for name, edit_bytes in BYTES.items():
        hand_in(course, name, edit_bytes(json.dumps(blank)))
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for name in HONEST:
        hand_in(course, name, right)
    done = command(course, "autograder", "grade", SLUG, "--workers", "2", "--feedback", code=None)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    reported = command(course, "autograder", "report", SLUG)
    work = course / "autograder" / "work"
    records = {path.stem: msgspec.json.decode(path.read_bytes(), type=Record) for path in (work / "records" / SLUG).glob("*.json")}
    return course, records, done.stdout + done.stderr + reported.stdout + reported.stderr


def test_there_are_sixty_attacks() -> None:
    assert len(ALL) >= 60


@pytest.mark.parametrize("name", ALL)
def test_attack_earns_nothing_and_is_in_the_gradebook(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    assert graded[1][name].score == 0, graded[1][name]


@pytest.mark.parametrize("name", HONEST)
def test_honest_neighbour_keeps_full_marks(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    assert graded[1][name].score == FULL, graded[1][name]
    assert not graded[1][name].incidents


@pytest.mark.parametrize("name", [*PAGES, *HONEST])
def test_feedback_page_exists_and_runs_nothing(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    (page,) = (graded[0] / "autograder" / "work" / "feedback" / name / SLUG).glob("*.html")
    text = page.read_text()
    assert "Content-Security-Policy" in text[: text.index("<style") if "<style" in text else 5000]
    body = text[text.index("<body") :]
    assert SCRIPT not in body
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r"<script.*?</script>", "", body, flags=re.S)), name
    assert not re.search(r"<\w[^>]*(href|src|action)\s*=\s*[\"']?\s*(javascript|vbscript|data:text)", body, re.IGNORECASE)


@pytest.mark.parametrize("name", PAGES)
def test_graded_notebook_that_formgrader_shows_runs_nothing(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    notebook = nbformat.read(graded[0] / "autograder" / "work" / "autograded" / name / SLUG / f"{SLUG}.ipynb", as_version=4)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    for cell in notebook.cells:
        shown = [json.dumps(cell.get("attachments", {}))] + ([cell.source] if cell.cell_type == "markdown" else [])
        for one in cell.get("outputs", []):
            assert not {"application/javascript", "image/svg+xml"} & set(one.get("data", {}))
            shown += [str(one.get("data", {}).get(kind, "")) for kind in ("text/html", "text/markdown", "text/latex", "image/png")]
        for text in shown:
            assert not re.search(r"<script|\son\w+=|javascript:", text, re.IGNORECASE), text[:500]


def test_terminal_is_sent_text_alone(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", graded[2])


def test_what_was_left_out_is_said(graded: tuple[Path, dict[str, Record], str]) -> None:
    for name, words in {
        "file_name_not_utf8": "not plain text",
        "link_name_not_utf8": "not plain text",
        "verdicts_file_of_its_own": "grading itself uses",
        "named_pipe": "is not a regular file",
        "timestamp_decimal": "does not hold a time",
    }.items():
        assert words in " ".join(graded[1][name].incidents), graded[1][name]


@pytest.mark.parametrize("name", [*BYTES])
def test_broken_file_is_named_without_a_word_of_python(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    problem = graded[1][name].problem
    assert not re.search(r"Error|NoneType|object has no attribute|Traceback", problem), problem
    if name not in ("lone_surrogate", "byte_order_mark", "metadata_missing"):
        assert "notebook" in problem or "UTF-8" in problem or "merge conflict" in problem, graded[1][name]


@pytest.mark.parametrize("name", HOARDING)
def test_graded_notebook_stays_small(graded: tuple[Path, dict[str, Record], str], name: str) -> None:
    path = graded[0] / "autograder" / "work" / "autograded" / name / SLUG / f"{SLUG}.ipynb"
    assert not path.exists() or path.stat().st_size < 30_000_000


def test_nobody_marked_by_hand(graded: tuple[Path, dict[str, Record], str]) -> None:
    assert {row[3] for row in rows(graded[0])["grade"]} == {None}
