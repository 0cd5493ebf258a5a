"""What the grader tells the warm process, and what it answers: one packet each, the child's end of the pipe travelling with `Open`."""

from collections.abc import Callable

import msgspec

from autograder.execution.packing import reader
from autograder.sandbox.report import Report


class WorkerError(Exception):
    """The grader's own machinery failed; the submission is not to blame. The text is a sentence."""


class Hello(msgspec.Struct, tag="hello"):
    """The warm process is ready, and this is how it can lock children down."""

    report: Report


class Open(msgspec.Struct, tag="open"):
    """Fork a child for this session. Its end of the pipe comes with the packet."""

    session: int
    memory: int
    """Bytes that its processes may hold together."""


class Interrupt(msgspec.Struct, tag="interrupt"):
    """Interrupt the session's cell, as a kernel is interrupted. No answer."""

    session: int


class Close(msgspec.Struct, tag="close"):
    """End the session's process and all that it started."""

    session: int
    patience: float
    """Seconds to let it end by itself, so that how it ended can be told."""


class Usage(msgspec.Struct, tag="usage"):
    """Say what the session has used so far."""

    session: int


class Used(msgspec.Struct, tag="used"):
    """What a session's processes have used so far, in seconds."""

    cpu: float
    """Processor time."""
    delayed: float
    """Time in which one of them was ready to run and the machine had no processor free for it."""


class Opened(msgspec.Struct, tag="opened"):
    """The child runs."""

    session: int


class Closed(msgspec.Struct, tag="closed"):
    """All processes of the session have gone. `code` is the exit code, or minus the signal that ended it."""

    session: int
    code: int
    cpu: float
    """Seconds of processor time that the session used, as far as it waited for its own processes."""
    memory: int
    """The most memory that its first process held, in bytes."""


class Refused(msgspec.Struct, tag="refused"):
    """The order could not be carried out; the sentence says why."""

    sentence: str


Order = Open | Interrupt | Usage | Close
Reply = Hello | Opened | Used | Closed | Refused

read_order: Callable[[bytes], Order] = reader(Order)
read_reply: Callable[[bytes], Reply] = reader(Reply)

PACKET_LIMIT = 65_536
"""The longest packet, in bytes."""
