"""`check` in a learner's kernel: what is said when the answer never ends, is no coroutine function, or is stopped by its author."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from autograder import check
from autograder.learner import check as module

ENDLESS = "def first_turn(client, assistant_id, question):\n    while True:\n        pass\n"
STOPPED = "def first_turn(client, assistant_id, question):\n    os.kill(os.getpid(), signal.SIGINT)\n    client.beta.threads.create()\n"
NOT_ASYNC = (
    "def send_and_run(client, thread_id, assistant_id, text):\n"
    "    client.beta.threads.messages.create(thread_id, role='user', content=text)\n"
    "    return client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)\n"
)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The names that a notebook would have around its answer: those of `__main__`."""
    names = {"os": os, "signal": signal, "asyncio": asyncio}
    main = type(sys)("__main__")
    vars(main).update(names)
    monkeypatch.setitem(sys.modules, "__main__", main)

    def run(cell: str) -> None:
        exec(compile(cell, "<cell>", "exec"), vars(main))

    return run


STALE = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("def first_turn(client, assistant_id, question):\\n    return 'Lisbon'", store_history=True)
shell.run_cell("def first_turn(client, assistant_id, question):\\n    return 'Lisbon", store_history=True)
shell.run_cell("from autograder import check; check('first-turn')", store_history=True)
shell.run_cell("def first_turn(client, assistant_id, question):\\n    return 'Lima'", store_history=True)
shell.run_cell("print('---'); check('first-turn')", store_history=True)
"""


def test_cell_with_a_syntax_error_is_said_to_leave_its_earlier_version() -> None:
    done = subprocess.run([sys.executable, "-c", STALE], capture_output=True, text=True, timeout=300, check=True)
    broken, _, mended = done.stdout.partition("---")
    assert "The newest cell with `first_turn` has a syntax error, so its earlier version is checked." in broken
    assert "syntax error" not in mended


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers that interrupt a computation are POSIX")
def test_endless_loop_is_waited_for_once(kernel: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[float] = []
    real = module.in_process
    monkeypatch.setattr(module, "LONG", 5.0)
    monkeypatch.setattr(module, "SHORT", 0.5)
    monkeypatch.setattr(module, "in_process", lambda *args, **named: asked.append(named["patience"]) or real(*args, **named))
    kernel(ENDLESS)
    assert check("first-turn") == 0.0
    assert asked == [5.0, 0.5, 0.5, 0.5]
    assert "it computed for 5 seconds without an end" in capsys.readouterr().out


def test_check_that_is_stopped_says_nothing_about_the_answer(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernel(STOPPED)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        assert check("first-turn") is None
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out.startswith("You have stopped the check")


def test_function_that_is_not_async_is_judged_by_what_it_did(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernel(NOT_ASYNC)
    check("sixth-message", "send_and_run")
    said = capsys.readouterr().out
    assert "`AsyncMessages.create` was called and never awaited" in said
    assert "cannot be" not in said


def test_call_that_does_not_fit_is_said_to_be_one(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernel("def first_turn(client):\n    pass\n")
    check("first-turn")
    assert "`first_turn` cannot be called: TypeError: " in capsys.readouterr().out


def test_exception_before_the_question_is_what_is_said_first(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernel("def first_turn(client, assistant_id, question):\n    client.beta.threads.messages.list('thread_abc')\n")
    check("first-turn")
    assert "it raised NotFoundError" in capsys.readouterr().out.splitlines()[1]


def test_lane_that_awaits_nothing_is_told_so(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kernel(
        "async def turn():\n    pass\n\n"
        "class ThreadLane:\n    def __init__(self, client, assistant_id):\n        pass\n\n"
        "    async def say(self, thread_id, text):\n        return turn()\n"
    )
    check("thread-lane", "ThreadLane")
    assert "`turn` was called and never awaited" in capsys.readouterr().out
