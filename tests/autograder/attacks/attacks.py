# ruff: noqa: E501 - programs written on one line
"""Submissions that try to get what they have not earned, or to harm. Each is a blank exercise with something more in it.

CELLS are run before the answer. ANSWERS stand in the answer cell, so they run in every trial too. EDITS change the notebook itself.
`{work}` is the folder with the gradebook and the other submissions; `{course}` the course; `{pid}` the process of the teacher's.
"""

import json

import nbformat

from tests.autograder.course_copy import SLUG

CELLS = {
    "gradebook_write": "import sqlite3\nsqlite3.connect('{work}/gradebook.db').execute('update grade set manual_score = 99')",
    "gradebook_read": "open('{work}/gradebook.db', 'rb').read()",
    "hidden_checks_read": "print(open('{course}/autograder/hidden/first-turn.py').read())",
    "checks_read": "print(open('{course}/autograder/checks/first_turn.py').read())",
    "solution_read": "print(open('{course}/solutions/first-turn/first-turn.ipynb').read())",
    "other_student_read": "print(open('{work}/submitted/honest-1/first-turn/first-turn.ipynb').read())",
    "other_student_overwrite": "open('{work}/submitted/honest-1/first-turn/first-turn.ipynb', 'w').write('')",
    "home_and_keys_read": "import os\nprint(os.listdir('/root/.ssh'))",
    "environment_of_the_teacher": "import os\nassert not [n for n in os.environ if 'KEY' in n or 'TOKEN' in n]\nopen('/proc/{pid}/environ').read()",
    "network_out": "import socket\nsocket.create_connection(('192.0.2.1', 80), 2)",
    "domain_lookup": "import socket\nsocket.getaddrinfo('example.org', 80)",
    "signal_to_the_grader": "import os, signal\nos.kill({pid}, signal.SIGKILL)",
    "ptrace_the_grader": "import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == -1\nopen('/proc/{pid}/mem', 'rb')",
    "own_memory": "open('/proc/self/mem', 'r+b').seek(0)\nopen('/proc/1/root/etc/shadow').read()",
    "disk_fill": "for n in range(10_000): open(f'f{n}', 'wb').write(b'x' * 10_000_000)",
    "memory_bomb": "x = []\nwhile True: x.append(bytearray(2**24))",
    "descriptor_bomb": "kept = [open('/dev/null') for _ in range(100_000)]",
    "thread_bomb": "import threading, time\nfor _ in range(10_000): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
    "fork_bomb": "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(.1)",
    "fork_bomb_of_the_shell": "import subprocess\nsubprocess.run(['sh', '-c', 'bomb() { bomb | bomb & }; bomb'])\nopen('/nowhere')",
    "symlinks_out": (
        "import os\nos.symlink('{work}/gradebook.db', 'book'); os.symlink('/proc/1/root', 'root'); os.symlink('{course}', 'course')\n"
        "for path in ('book', 'root/etc/shadow', 'course/solutions/first-turn/first-turn.ipynb'):\n    try: print(open(path, 'rb').read())\n"
        "    except OSError: pass\nopen('book')"
    ),
    "proc_of_others": "import os\nassert set(filter(str.isdigit, os.listdir('/proc'))) <= {'1', str(os.getpid())}\nopen('/proc/{pid}/cmdline')",
    "stack_exhaustion": "def down(): return down()\ndown()",
    "endless_output": "import sys\nwhile True: print('x' * 10_000)",
    "endless_loop": "while True: pass",
    "exit_hard": "import os\nos._exit(0)",
    "exit_soft": "raise SystemExit(0)",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "kill_itself": "import os\nos.kill(os.getpid(), 9)",
    "dunder_tricks": (
        "class Ten(float):\n    __eq__ = __ge__ = __gt__ = lambda self, other: True\n    __hash__ = float.__hash__\n"
        "    def __reduce__(self): return (eval, ('10.0',))\nfor kind in object.__subclasses__():\n    try: kind.__eq__ = lambda *a: True\n"
        "    except TypeError: pass\nfirst_turn = lambda *a, **k: Ten(10)"
    ),
    "exit_hook": "import atexit, os\natexit.register(lambda: os.write(1, b'10.0'))",
    "threads_left_behind": (
        "import threading, time\ndef late():\n    while True: print('10.0'); time.sleep(.01)\nthreading.Thread(target=late, daemon=True).start()"
    ),
    "giant_repr": "class Big:\n    def __repr__(self): return 'x' * 100_000_000\nBig()",
    "raw_descriptors": "import os\nos.write(2, b'error'); os.write(1, b'10.0')\nfor fd in range(3, 64):\n    try: os.write(fd, b'10.0')\n    except OSError: pass",
    "forged_frames": (
        "import os, struct, msgspec\nframe = msgspec.msgpack.encode({'type': 'cell', 'number': 99, 'status': 'ok', 'execution_count': 1,"
        " 'outputs': [], 'updates': []})\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('>I', len(frame)) + frame)\n    except OSError: pass"
    ),
    "pickle_on_the_pipe": (
        "import os, pickle, struct\ndata = pickle.dumps(Exception('x'))\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('>I', len(data)) + data)\n"
        "    except OSError: pass"
    ),
    "frame_of_four_gigabytes": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff\\xff\\xff\\xff' * 4)\n    except OSError: pass",
    "ast_transformer": (
        "import ast\nclass Empty(ast.NodeTransformer):\n    def visit_Module(self, node):\n        node.body = []\n        return node\n"
        "get_ipython().ast_transformers.append(Empty())"
    ),
    "patched_check": "import autograder\nautograder.check = lambda *a, **k: 10.0\nimport autograder.learner.check\nautograder.learner.check.check = lambda *a, **k: 10.0",
    "patched_json": "import json\njson.loads = lambda *a, **k: {}\njson.dumps = lambda *a, **k: '{}'",
    "patched_msgspec": "import msgspec\nmsgspec.msgpack.Encoder = msgspec.msgpack.Decoder = lambda *a, **k: None",
    "patched_transport": "import httpx2\nhttpx2.HTTPTransport.handle_request = lambda self, request: httpx2.Response(200, json={'status': 'completed'})",
    "patched_guest": "import threadlab.trials.guest.run as r, threadlab.trials.guest as g\nr.run = lambda *a, **k: None\ng.serve = lambda *a: b'\\xc0'",
    "patched_messages": "import threadlab.trials.guest.messages as m\nclass Send(tuple): pass\nm.Send = Send",
    "patched_describe": "import threadlab.trials.guest.values as v, threadlab.trials.guest.run as r\nv.describe = r.describe = lambda *a, **k: 'The capital of Portugal is Lisbon.'",
    "patched_builtins": "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda *a: 10\nbuiltins.sum = lambda *a: 10",
    "everything_is_equal": "class Any:\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n    def __getattr__(self, name): return self\nfirst_turn = Any()",
    "checks_through_the_garbage_collector": (
        "import gc, sys\nfound = [o for o in gc.get_objects() if type(o).__name__ in ('Exercise', 'Behaviour', 'Part', 'Scene')]\n"
        "found += [n for n in sys.modules if n.startswith(('autograder.checks', 'autograder.hidden', 'autograder.judging.behaviours'))]\nassert not found, found\n"
        "import importlib\nimportlib.import_module('autograder.checks.first_turn')"
    ),
    "javascript_magic": "%%javascript\nalert(1)",
    "html_in_the_output": "from IPython.display import HTML\nHTML('<script>alert(1)</script>')",
    "shell_out": "!cat {work}/gradebook.db; kill -9 {pid}; rm -rf {course}\nopen('{work}/gradebook.db')",
    "grandchildren": "import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 1000; true', 'attack-{pid}'], start_new_session=True)",
}
"""What is run as a cell. Most end in an error of the system's, which the report then tells."""

BODY = "def first_turn(client, assistant_id, question):\n"
ANSWERS = {
    "asks_nobody": BODY + "    return 'The capital of Portugal is Lisbon.'",
    "forged_ending": BODY
    + "    import threadlab.trials.guest.run as r, threadlab.trials.guest.messages as m\n    r.describe = lambda v: 'x'\n    return m.Ending('returned', 'Lisbon')",
    "ending_in_the_middle": BODY
    + "    import threadlab.trials.guest.messages as m\n    client._client._transport.link._ask(m.Ending('returned', 'The capital of Portugal is Lisbon.'))",
    "time_backwards": BODY
    + "    import threadlab.trials.guest.messages as m\n    ask = client._client._transport.link._ask\n    ask(m.Sleep(-1e9)); ask(m.Sleep(float('nan')))",
    "same_number_twice": BODY + "    import threadlab.trials.guest.messages as m\n    ask = client._client._transport.link._ask\n"
    "    for _ in range(2): ask(m.Send(1, 'POST', '/v1/threads', '', {}, b'{}', 60.0, False))",
    "unknown_numbers": BODY
    + "    import threadlab.trials.guest.messages as m\n    client._client._transport.link._ask(m.ReadOn(77, False))",
    "millions_of_requests": BODY
    + "    import threadlab.trials.guest.messages as m\n    ask = client._client._transport.link._ask\n    while True: ask(m.Witness('x', {}))",
    "giant_bodies": BODY + "    while True: client.beta.threads.create(metadata={'k': 'x' * 10_000_000})",
    "nan_for_a_score": BODY + "    return float('nan')",
    "negative_score": BODY + "    return -1.0",
    "deep_value": BODY + "    x = []\n    for _ in range(100_000): x = [x]\n    return x",
    "html_for_an_answer": BODY + "    return '<script>alert(1)</script><img src=x onerror=alert(1)>'",
    "fork_in_a_trial": BODY + "    import os\n    os.fork()\n    return 'x'",
    "exit_in_a_trial": BODY + "    import os\n    os._exit(0)",
    "prints_its_score": BODY + "    print(10.0)\n    return 10.0",
}


def _cell(notebook, name="check_first_turn"):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def _marks(**changes):
    def edit(notebook):
        _cell(notebook).metadata["nbgrader"].update(changes)

    return edit


def _doubled(notebook):
    again = nbformat.from_dict(_cell(notebook))
    again.source, again.id = "10.0", "again"
    notebook.cells.append(again)


def _more_points(notebook):
    marks = {"grade": True, "solution": False, "locked": False, "task": False, "schema_version": 3, "points": 90, "grade_id": "bonus"}
    notebook.cells.append(nbformat.v4.new_code_cell("90.0", metadata={"nbgrader": marks}))


def _graded_answer(notebook):
    _cell(notebook, "first_turn").metadata["nbgrader"].update(grade=True, points=50)


def _replaced(notebook):
    _cell(notebook).source = "10.0"


def _as_markdown(notebook):
    cell = _cell(notebook)
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]


def _gone(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader")]


def _first(notebook):
    cell = _cell(notebook)
    notebook.cells = [cell, *(one for one in notebook.cells if one is not cell)]


def _own_output(notebook):
    _cell(notebook).outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "10.0"}, execution_count=1)]


def _kernel(notebook):
    notebook.metadata["kernelspec"] = {"name": "../../bin/sh", "display_name": "sh", "language": "bash"}


def _strange_marks(notebook):
    _cell(notebook).metadata["nbgrader"] = ["grade", {"points": 10}]


def _same_ids(notebook):
    for cell in notebook.cells:
        cell.id = "same"


def _nested(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("-" * 200_000 + "1"))
    notebook.cells.append(nbformat.v4.new_code_cell("(" * 50_000 + ")" * 50_000))


EDITS = {
    "not_graded_any_more": _marks(grade=False),
    "check_is_a_solution": _marks(solution=True, locked=False),
    "more_points": _marks(points=1000),
    "points_that_are_no_number": _marks(points="nan"),
    "newer_schema": _marks(schema_version=99),
    "older_schema": _marks(schema_version=1),
    "check_renamed": _marks(grade_id="check_first_turn_2"),
    "grade_id_is_a_list": _marks(grade_id=["check_first_turn"]),
    "checksum_of_its_own": _marks(checksum="0" * 32),
    "check_twice": _doubled,
    "graded_cell_injected": _more_points,
    "answer_graded": _graded_answer,
    "check_replaced": _replaced,
    "check_as_text": _as_markdown,
    "all_cells_deleted": _gone,
    "check_before_the_answer": _first,
    "output_brought_along": _own_output,
    "kernel_swap": _kernel,
    "marks_of_another_kind": _strange_marks,
    "one_cell_id_for_all": _same_ids,
    "nested_too_deeply": _nested,
}

RAW = {
    "deep_json": b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "broken_json": b'{"cells": [',
    "no_notebook_at_all": b"\x00\xff\xfe",
    "older_format": json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": []}).encode(),
    "format_of_the_future": json.dumps({"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}).encode(),
    "infinity_for_a_format": b'{"nbformat": Infinity, "cells": []}',
}


def submissions(blank, **places):
    """Every attack's notebook, by name."""
    made = {}
    for name, source in CELLS.items():
        notebook = nbformat.from_dict(blank)
        for place, what in places.items():
            source = source.replace(f"{{{place}}}", str(what))
        notebook.cells.insert(1, nbformat.v4.new_code_cell(source))
        made[name] = notebook
    for name, source in ANSWERS.items():
        notebook = nbformat.from_dict(blank)
        _cell(notebook, "first_turn").source = source
        made[name] = notebook
    for name, edit in EDITS.items():
        notebook = nbformat.from_dict(blank)
        edit(notebook)
        made[name] = notebook
    return {**made, **RAW}


__all__ = ["ANSWERS", "CELLS", "EDITS", "RAW", "SLUG", "submissions"]
