"""What a cell shows, collected the way a kernel and its client do together.

Follows ipykernel's `OutStream` and nbclient's `process_message`: text of both streams is kept apart and put down (stdout first) whenever
something else is shown; `clear_output(wait=True)` clears when the next output comes; text that a task of an earlier cell prints is
dropped, text of an earlier cell's thread goes to the cell that is running.
"""

import io
import os
import re
import tempfile
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Literal

from autograder.execution.frames import Display, Error, Output, Result, Stream, Update
from autograder.sandbox.limits import Limits

StreamName = Literal["stdout", "stderr"]
STREAMS: dict[StreamName, int] = {"stdout": 1, "stderr": 2}
"""The streams of a cell, in the order that they are put down in, and their file descriptors."""

_cell: ContextVar[int] = ContextVar("cell")
"""The cell that a piece of code belongs to. A task inherits it, a thread does not."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def cleaned(text: str) -> str:
    """`text` with a replacement character for each lone surrogate: those could not be sent as UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


class RawOutput:
    """What is written to a descriptor past Python (`os.write`, a subprocess). A file stands in, so no thread has to read."""

    def __init__(self, descriptor: int) -> None:
        self._file, path = tempfile.mkstemp()
        if os.name == "posix":
            os.unlink(path)
        os.dup2(self._file, descriptor)

    def take(self, most: int) -> str:
        """The text written since the last call, at most `most` bytes of it."""
        try:
            size = os.fstat(self._file).st_size
            if not size:
                return ""
            os.lseek(self._file, 0, os.SEEK_SET)
            text = os.read(self._file, min(size, most)).decode("utf-8", "replace")
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
        except OSError:  # the submission closed it
            return ""
        return text


class OutputLog:
    """The outputs of the cell that is running. `streams` are the file descriptors to take over, for good."""

    def __init__(self, limits: Limits, streams: dict[StreamName, int] = STREAMS) -> None:
        self._limits = limits
        self._pid = os.getpid()
        self._lock = threading.RLock()  # the submission's threads print too
        self._raw: dict[StreamName, RawOutput] = {name: RawOutput(descriptor) for name, descriptor in streams.items()}
        self._start_anew(-1)

    def begin(self, cell: int) -> None:
        """Forget the last cell; from now on output belongs to this one. To be called in the context that the cell runs in."""
        for raw in self._raw.values():
            raw.take(1)
        _cell.set(cell)
        self._start_anew(cell)

    def _start_anew(self, cell: int) -> None:
        self.cell = cell
        self.updates: list[Update] = []
        self._clear_next = False
        self._reset()

    def end(self) -> None:
        """What comes from now on belongs to no cell and is dropped, as nbclient drops it."""
        self.flush()
        self.cell = -1

    def _reset(self) -> None:
        self.outputs: list[Output] = []
        self._text: dict[StreamName, list[str]] = {name: [] for name in STREAMS}
        self._room = self._limits.output
        self._display_room = self._limits.display
        self._told: set[str] = set()

    def write(self, name: StreamName, text: str) -> None:
        """Text for one of the streams, from Python."""
        if os.getpid() != self._pid:  # a forked process of the submission's own: its text goes the way of a subprocess's
            os.write(STREAMS[name], text.encode("utf-8", "replace"))
            return
        if _cell.get(self.cell) != self.cell:
            return
        with self._lock:
            self._take_raw()
            self._append(name, text)

    def leave(self) -> None:
        """In a copy of the process: from here on nothing that is written goes anywhere."""
        self._pid, self.cell = os.getpid(), -1
        _cell.set(-2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in STREAMS.values():
            os.dup2(nowhere, descriptor)

    def flush(self) -> None:
        """Put down the text that has come so far."""
        with self._lock:
            self._take_raw()
            for name, parts in self._text.items():
                if parts:
                    text = cleaned("".join(parts))
                    parts.clear()
                    self._put_down(name, text)

    def _put_down(self, name: StreamName, text: str) -> None:
        self._clear_if_due()
        last = self.outputs[-1] if self.outputs else None
        if isinstance(last, Stream) and last.name == name:
            last.text += text
        else:
            self.outputs.append(Stream(name, text))

    def show(self, output: Display | Result | Error) -> None:
        """Something other than text, after the text that came before it."""
        if _cell.get(self.cell) != self.cell:
            return
        self.flush()
        if isinstance(output, Error):
            output.evalue = self._cut(cleaned(output.evalue))
            output.traceback = [self._cut(cleaned(line)) for line in output.traceback]
        elif not self._fits(output.data):
            return
        elif isinstance(output, Display) and output.display_id:
            self.update(Update(output.display_id, output.data, output.metadata))
        self._clear_if_due()
        self.outputs.append(output)

    def update(self, update: Update) -> None:
        """New content for whatever was shown under this id, here or in an earlier cell."""
        if _cell.get(self.cell) != self.cell or not self._fits(update.data):
            return
        self.flush()
        for output in self.outputs:
            if isinstance(output, Display) and output.display_id == update.display_id:
                output.data, output.metadata = update.data, update.metadata
        self.updates.append(update)

    def clear(self, wait: bool) -> None:
        """Forget what this cell has shown, now or when the next output comes."""
        self.flush()
        if wait:
            self._clear_next = True
        else:
            self._reset()

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self._reset()

    def _take_raw(self) -> None:
        for name, raw in self._raw.items():
            if text := raw.take(self._limits.output + 1):
                self._append(name, text)

    def _append(self, name: StreamName, text: str) -> None:
        if len(text) <= self._room:
            self._room -= len(text)
            self._text[name].append(text)
        elif "text" not in self._told:
            self._told.add("text")
            self._text[name].append(
                f"{text[: self._room]}\n[This cell printed more than {self._limits.output:,} characters. The rest was cut.]\n"
            )
            self._room = 0

    def _cut(self, text: str) -> str:
        return text if len(text) <= 20_000 else f"{text[:20_000]} [cut, {len(text):,} characters]"

    def _fits(self, data: dict[str, Any]) -> bool:
        size = sum(_sizes(data.values()))
        if size <= self._display_room:
            self._display_room -= size
            return True
        if "display" not in self._told:
            self._told.add("display")
            limit = f"{self._limits.display:,}"
            self._text["stdout"].append(f"\n[This cell showed more than {limit} characters of rich output. The rest was left out.]\n")
            self.flush()
        return False


def _sizes(values: Iterable[Any]) -> Iterable[int]:
    for value in values:
        yield len(value) if isinstance(value, str) else len(repr(value))


class OutStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a cell, with the name and the manners of ipykernel's."""

    def __init__(self, log: OutputLog, name: StreamName) -> None:
        self._log = log
        self._name: StreamName = name
        self._elsewhere: int | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As ipykernel's streams have it."""
        return "UTF-8"

    @property
    def name(self) -> str:
        """`stdout` or `stderr`."""
        return self._name

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Raises TypeError for anything but a string, worded as ipykernel words it."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        self._log.write(self._name, text)
        return len(text)

    def flush(self) -> None:
        """Put down what was printed so far."""
        if os.getpid() == self._log._pid:
            self._log.flush()

    def fileno(self) -> int:
        """In a kernel this is the terminal's stream, which no notebook shows; here nobody reads it either."""
        if self._elsewhere is None:
            self._elsewhere = os.open(os.devnull, os.O_WRONLY)
        return self._elsewhere
