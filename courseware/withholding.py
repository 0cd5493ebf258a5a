"""Withholds what cells show while a prediction is open, so that "Run all" gives nothing away. The cells run; only their output waits.

`predict` begins it, `reveal` ends it for the cells that follow, and a prediction releases what was withheld, in the place where it belongs.
An exception is always shown.
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from markupsafe import Markup

from courseware import records

CALLS = re.compile(r"^\s*(predict|reveal)\(", re.M)
"""A cell that asks or reveals shows what it shows."""

_open: list[str] = []
_kept: list[_Kept] = []
_capture: _Capture | None = None


class _Kept(NamedTuple):
    questions: frozenset[str]
    html: str
    text: str
    handle: Any


class _Capture:
    """Takes what a cell prints and displays; `IPython.utils.capture` and, for the cell's last value, the shell's own trap."""

    def __init__(self, shell: Any) -> None:
        from IPython.utils.capture import capture_output

        self.shell = shell
        self.taking = capture_output()  # type: ignore[no-untyped-call,unused-ignore]
        self.captured = self.taking.__enter__()
        self.hook = shell.display_trap.hook
        shell.display_trap.hook = self._value

    def _value(self, value: Any = None) -> None:
        if value is not None:
            data, metadata = self.shell.display_formatter.format(value)
            if data:
                self.captured._outputs.append({"data": data, "metadata": metadata})

    def end(self) -> tuple[str, str]:
        """The output as HTML and as text; both empty when there was none."""
        self.shell.display_trap.hook = self.hook
        self.taking.__exit__(None, None, None)
        printed = self.captured.stdout + self.captured.stderr
        html = [str(Markup("<pre>{}</pre>").format(printed))] if printed else []
        text = [printed] if printed else []
        for output in self.captured.outputs:
            data = output.data if hasattr(output, "data") else {}
            html.append(
                data.get("text/html") or data.get("image/svg+xml") or str(Markup("<pre>{}</pre>").format(data.get("text/plain", "")))
            )
            text.append(data.get("text/plain", ""))
        return "".join(html), "\n".join(text)


def shell() -> Any:
    """The notebook's shell; None in a terminal or a script."""
    import sys

    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    ipython = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    return (
        ipython
        if ipython is not None and type(ipython).__name__ != "TerminalInteractiveShell" and hasattr(ipython, "display_trap")
        else None
    )


def reading() -> bool:
    """Whether the notebook is being executed for people who will only read it: nothing is withheld, and answers are folded."""
    return bool(os.environ.get("THREADS_READING"))


def begin(question: str) -> None:
    """From the next cell on, output waits for this prediction."""
    ipython = shell()
    if ipython is None or reading() or question in _open:
        return
    _open.append(question)
    for event, callback in (("pre_run_cell", _before), ("post_run_cell", _after)):
        if callback not in ipython.events.callbacks[event]:
            ipython.events.register(event, callback)


def end(question: str) -> None:
    """The following cells no longer wait for it."""
    if question in _open:
        _open.remove(question)


def release(question: str) -> None:
    """Show what waited for this prediction and for no other that is still open."""
    end(question)
    for one in [one for one in _kept if one.questions <= records.predicted.keys()]:
        _kept.remove(one)
        one.handle.update({"text/html": one.html, "text/plain": one.text}, raw=True)


def _before(info: Any) -> None:
    global _capture
    if _open and _capture is None and not CALLS.search(info.raw_cell or ""):
        _capture = _Capture(shell())


def _after(result: Any) -> None:
    global _capture
    if _capture is None:
        return
    html, text = _capture.end()
    _capture = None
    if not html:
        return
    from IPython.display import display  # type: ignore[attr-defined,unused-ignore]

    sentence = "Make your prediction in the cell above, and the output of this cell appears here."
    waiting = {"text/html": f"<p><em>{sentence}</em></p>", "text/plain": sentence}
    handle = display(waiting, raw=True, display_id=True)  # type: ignore[no-untyped-call,unused-ignore]
    _kept.append(_Kept(frozenset(_open), html, text, handle))


records.listeners.append(release)
