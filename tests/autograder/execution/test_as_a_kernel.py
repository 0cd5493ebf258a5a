"""The same notebook through nbclient and a kernel, and through the worker: a grader must not be able to tell which one ran it."""

import os
import re
from typing import Any

import nbformat
import pytest

from autograder.execution.client import WorkerClient
from tests import kernels

CELLS = {
    "value": "1 + 1",
    "nothing": "x = 1",
    "semicolon_hides_the_value": "x;",
    "both_streams": "import sys\nprint('a'); print('b', file=sys.stderr); print('c')",
    "text_before_value": "print('before'); 42",
    "last_value_and_history": "_ + 1, Out[6] if 6 in Out else None, In[1]",
    "error": "def inner(n):\n    return 1 / n\ndef outer():\n    return inner(0)\nouter()",
    "chained_error": "try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('second') from e",
    "syntax_error": "def broken(:\n    pass",
    "indentation_error": "if True:\nprint(1)",
    "name_error": "print('so far')\nno_such_name",
    "error_group": "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
    "own_error_class": "class Mine(Exception):\n    def __str__(self):\n        return 'as I say'\nraise Mine(1)",
    "system_exit": "import sys\nsys.exit(3)",
    "input_refused": "input('name? ')",
    "getpass_refused": "import getpass\ngetpass.getpass()",
    "await": "import asyncio\nawait asyncio.sleep(0, 'slept')",
    "await_error": "async def fail():\n    raise RuntimeError('in a task')\nawait fail()",
    "async_for": "async def three():\n    for n in range(3):\n        yield n\n[n async for n in three()]",
    "asyncio_run_refused": "refused = asyncio.sleep(0)\nasyncio.run(refused)",
    "task_started": "done = []\nasync def later():\n    await asyncio.sleep(0)\n    done.append(1)\ntask = asyncio.create_task(later())",
    "task_ran_between_cells": "done",
    "unawaited_coroutine": "async def forgotten():\n    pass\nfor _ in range(1):\n    forgotten()",
    "display_html": "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'), {'a': 1})",
    "display_result": "HTML('<i>it</i>')",
    "own_repr": "class Shown:\n    def _repr_html_(self):\n        return '<u>u</u>'\n    __repr__ = lambda self: 'plain'\nShown()",
    "broken_repr": "class Bad:\n    def __repr__(self):\n        raise ValueError('no repr')\nBad()",
    "picture": "from IPython.display import Image\nImage(data=bytes.fromhex('89504e470d0a1a0a') + b'0' * 40, format='png')",
    "json_display": "from IPython.display import JSON\nJSON({'a': [1, 2, None], 'b': 1.5})",
    "display_handle": "handle = display('first', display_id=True)",
    "update_display": "handle.update('second')",
    "clear_output": "from IPython.display import clear_output\nprint('gone'); clear_output(); print('kept')",
    "clear_output_wait": "print('gone'); clear_output(wait=True); print('kept')",
    "clear_output_wait_nothing_after": "print('kept'); clear_output(wait=True)",
    "magic": "%who_ls str",
    "cell_magic": "%%capture got\nprint('caught')",
    "captured": "got.stdout",
    "unknown_magic": "%no_such_magic",
    "bash_cell": "%%bash\necho out\necho err >&2",
    "shell_command": "!echo from the shell",
    "shell_command_captured": "lines = !echo one; echo two\nlines",
    "raw_stdout": "import os\nn = os.write(1, b'raw out\\n')",
    "raw_stderr": "n = os.write(2, b'raw err\\n')",
    "raw_before_value": "n = os.write(2, b'raw'); __import__('time').sleep(0.5)\nn",
    "subprocess": "import subprocess\ndone = subprocess.run(['sh', '-c', 'echo out; echo err >&2']); __import__('time').sleep(0.5)\n"
    "done.returncode",
    "warning": "import warnings\nwarnings.warn('careful')",
    "deprecation": "def old():\n    warnings.warn('old', DeprecationWarning, stacklevel=2)\nold()",
    "thread_prints": "import threading\nt = threading.Thread(target=print, args=('from a thread',)); t.start(); t.join()",
    "thread_error": "def boom():\n    raise ValueError('boom')\nt = threading.Thread(target=boom); t.start(); t.join()",
    "logging": "import logging\nlogging.warning('logged')",
    "context_set": "import contextvars\nv = contextvars.ContextVar('v'); t = v.set(5)",
    "context_kept": "v.get('lost')",
    "context_set_async": "t = v.set(6)\nawait asyncio.sleep(0)",
    "context_after_async": "v.get('lost')",
    "decimal_context": "import decimal\ndecimal.getcontext().prec = 5",
    "decimal_context_kept": "decimal.Decimal(1) / 3",
    "surrogate": "print('\\udcff lone')",
    "carriage_return": "print('50%\\r100%')",
    "no_newline": "print('a', end=''); print('b', end='')",
    "long_list": "list(range(2000))",
    "pickle_of_main": "import pickle\nclass P:\n    pass\ntype(pickle.loads(pickle.dumps(P()))).__name__",
    "multiprocessing": "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool:\n    got = pool.map(abs, [-1])\ngot",
    "fork_prints": "pid = os.fork()\nif not pid:\n    os.write(1, b'child\\n'); os._exit(0)\n"
    "done = os.waitpid(pid, 0)[1]; __import__('time').sleep(0.5)\ndone",
    "stdout_has_no_buffer": "sys.stdout.buffer",
    "stdout_kind": "sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable()",
    "shell_name": "get_ipython().__class__.__name__, 'IPKernelApp' in get_ipython().config",
    "main": "__name__, '' in sys.path, sys.path[0] != ''",
    "environment": "[os.environ.get(k) for k in ('MPLBACKEND', 'TERM', 'FORCE_COLOR', 'PAGER', 'CLICOLOR')]",
    "widget": "import ipywidgets\nipywidgets.IntSlider(description='n') is not None",
    "widget_observed": "s = ipywidgets.IntSlider(); s.observe(lambda c: print('now', c['new']), 'value'); s.value = 3",
    "payload_pager": "abs?",
    "gui": "%gui",
    "nested_get_ipython": "get_ipython().run_cell('print(1 + 1)').success",
    "empty": "# only a comment",
    "augmented_builtins": "import builtins\nbuiltins.mine = 7\nmine",
    "del_underscore": "_ = 5\n_",
    "final": "'still alive'",
}
"""Cells by what they are about, in the order that they run in."""

FRAMES_DIFFER = {"input_refused", "getpass_refused", "stdout_has_no_buffer", "asyncio_run_refused", "broken_repr", "widget"}
"""Where the traceback goes through a kernel's files or the worker's own."""


@pytest.fixture(scope="module")
def both(client: WorkerClient) -> tuple[dict[str, Any], dict[str, Any]]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    # Under pytest a kernel does not watch its file descriptors (ipykernel, `iostream.py`).
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    kernels.executed(notebook, env=environment, errors=True)
    kernel = {name: (cell.execution_count, cell.outputs) for name, cell in zip(CELLS, notebook.cells, strict=True)}
    with client.open() as session:
        results = {name: session.run_cell(source, timeout=60) for name, source in CELLS.items()}
    return kernel, {name: (result.execution_count, result.outputs) for name, result in results.items()}


RACES = {"raw_before_value", "subprocess", "fork_prints", "shell_command"}
"""Where a kernel reads text from a descriptor in a thread, and the cell's value may overtake it. They wait a moment themselves: text that
is read when the next cell runs would be that cell's."""

VARYING = [
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"0x[0-9a-f]{6,}"), "ADDRESS"),
    (re.compile(r"(/\S*)?/ipykernel_\d+/\d+\.py"), "CELL"),
    (re.compile(r"IPY_MODEL_[0-9a-f]+"), "MODEL"),
    (re.compile(r"Thread-\d+"), "THREAD"),
]


def normal(name: str, outputs: list[Any]) -> list[Any]:
    """Outputs without what differs from run to run, and with the text of each stream in one piece between other outputs."""
    made: list[dict[str, Any]] = []
    for output in outputs:
        if output["output_type"] == "stream":
            start = len(made)
            while start and made[start - 1]["output_type"] == "stream":
                start -= 1
            same = [one for one in made[start:] if one["name"] == output["name"]]
            if same:
                same[0]["text"] += output["text"]
            else:
                made.append(dict(output))
                made[start:] = sorted(made[start:], key=lambda one: str(one["name"]), reverse=True)
        else:
            copy = dict(output)
            if output["output_type"] == "error" and name in FRAMES_DIFFER:
                copy["traceback"] = list(output["traceback"])[-1:]
            made.append(copy)
    if name in RACES:
        made.sort(key=lambda one: (one["output_type"] != "stream", one.get("name") != "stdout"))
    return [_without_varying(output) for output in made]


def _without_varying(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in VARYING:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: _without_varying(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_varying(inner) for inner in value]
    return value


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_cell_shows_what_a_kernel_shows(both: tuple[dict[str, Any], dict[str, Any]], name: str) -> None:
    (kernel_count, kernel_outputs), (count, outputs) = both[0][name], both[1][name]
    assert normal(name, outputs) == normal(name, kernel_outputs)
    assert count == kernel_count
