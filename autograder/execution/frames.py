"""Every message between the grader and the process that runs a submission, and the limits on it.

The submission's code lives in the process at the other end and can write anything on the pipe. So nothing here is ever unpickled, every
field has a type that msgspec checks, and what comes from the child is only ever shown (outputs) or handed to a trial's host (bytes).
Points never pass here.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from autograder.execution.packing import reader
from autograder.sandbox.limits import Limits

FRAME_LIMIT = 32 * 1024 * 1024
"""The longest frame, in bytes; a longer one ends the submission."""

Status = Literal["ok", "error", "timeout"]


# What a cell shows. The tags are nbformat's output types.


class Stream(msgspec.Struct, tag="stream", tag_field="output_type"):
    """Text printed on one of the two streams."""

    name: Literal["stdout", "stderr"]
    text: str


class Display(msgspec.Struct, tag="display_data", tag_field="output_type"):
    """Something shown with `display`; `display_id` is how a later call can update it."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    display_id: str | None = None


class Result(msgspec.Struct, tag="execute_result", tag_field="output_type"):
    """The value of a cell's last expression."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    execution_count: int | None


class Error(msgspec.Struct, tag="error", tag_field="output_type"):
    """An exception that ended the cell."""

    ename: str
    evalue: str
    traceback: list[str]


Output = Stream | Display | Result | Error


class Update(msgspec.Struct):
    """New content for a display of this or an earlier cell."""

    display_id: str
    data: dict[str, Any]
    metadata: dict[str, Any]


# From the grader to the child.


class Start(msgspec.Struct, tag="start"):
    """The first frame: how much the submission may use, and how many `File` frames follow."""

    limits: Limits
    files: int


class File(msgspec.Struct, tag="file"):
    """A piece of one of the submission's own files, to be added to it in the scratch folder; `path` is relative, with forward slashes."""

    path: str
    data: bytes


class RunCell(msgspec.Struct, tag="run"):
    """Run this source as the next cell."""

    number: int
    source: str


class Trial(msgspec.Struct, tag="trial"):
    """Hand the pipe to the guest of a trial, in a process of its own, until it ends."""

    number: int
    spec: bytes
    cpu: int = 20
    """Seconds of processor time that it may use."""


class Answer(msgspec.Struct, tag="answer"):
    """The host's answer to the guest's last message."""

    data: bytes


ToChild = Start | File | RunCell | Trial | Answer


# From the child to the grader.


class Ready(msgspec.Struct, tag="ready"):
    """Locked down, files written, waiting for the first cell."""


class CellDone(msgspec.Struct, tag="cell"):
    """All that a cell showed. `number` is the one in `RunCell`."""

    number: int
    status: Literal["ok", "error"]
    execution_count: int
    outputs: list[Output]
    updates: list[Update]


class Exchange(msgspec.Struct, tag="exchange"):
    """One message of the guest, which waits for its `Answer`."""

    number: int
    data: bytes


class TrialEnd(msgspec.Struct, tag="end"):
    """The guest is done; this is what it says happened, evidence of nothing."""

    number: int
    result: bytes


class TrialFailed(msgspec.Struct, tag="failed"):
    """The guest could not run; the sentence says why."""

    number: int
    sentence: str


ToGrader = Ready | CellDone | Exchange | TrialEnd | TrialFailed

read_as_child: Callable[[bytes], ToChild] = reader(ToChild)
read_as_grader: Callable[[bytes], ToGrader] = reader(ToGrader)
