"""All that passes between the two sides of a trial.

The guest speaks first and waits for one answer, always: so the two sides can be one process or two, and nothing happens out of order.
"""

from typing import Any, Literal, TypeAlias

import msgspec

# ---- guest → host -----------------------------------------------------------------------------------------------------------------------


class Send(msgspec.Struct, frozen=True, tag_field="says", tag="send"):
    """A client lets go of a request. `waits`: synchronous code, which does nothing else until the reply is there."""

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    patience: float
    waits: bool


class ReadOn(msgspec.Struct, frozen=True, tag_field="says", tag="read_on"):
    """A client wants more of the streamed reply to request `number`."""

    number: int
    waits: bool


class Abandon(msgspec.Struct, frozen=True, tag_field="says", tag="abandon"):
    """The client no longer waits for request `number` (a time-out, a cancelled task, a closed stream)."""

    number: int


class Sleep(msgspec.Struct, frozen=True, tag_field="says", tag="sleep"):
    """Synchronous code sleeps for so many seconds."""

    seconds: float


class Idle(msgspec.Struct, frozen=True, tag_field="says", tag="idle"):
    """The event loop has nothing ready. `timer_at`: when its next timer is due; `sleeper`: that timer is a sleep, not a time-out."""

    timer_at: float | None
    sleeper: bool


class ToolCall(msgspec.Struct, frozen=True, tag_field="says", tag="tool"):
    """A tool that was handed out is to be run."""

    name: str
    arguments: dict[str, bool | int | float | str | None]


class CallbackCall(msgspec.Struct, frozen=True, tag_field="says", tag="callback"):
    """A function of one text that was handed out is called."""

    name: str
    text: str


DatabaseAction: TypeAlias = Literal["connect", "execute", "executemany", "executescript", "commit", "rollback", "close", "isolation_level"]


class DatabaseCall(msgspec.Struct, frozen=True, tag_field="says", tag="database"):
    """A connection to the database that was handed out is to do something: see `threadlab.trials.database.Database.run`."""

    connection: int
    action: DatabaseAction
    sql: str
    parameters: list[Any]
    """For each execution its parameters, by name or by position: numbers, text, bytes and None."""


class Mark(msgspec.Struct, frozen=True, tag_field="says", tag="mark"):
    """A driver begins or ends a turn."""

    name: Literal["submitted", "settled", "resumed"]
    turn: int


class Ending(msgspec.Struct, frozen=True, tag_field="says", tag="ending", omit_defaults=True):
    """How the learner's code ended. The last message of a guest."""

    how: str
    """`returned`, `raised`, `halted` (the host stopped it), `missing` (a name is not defined) or `broken` (the cell itself failed)."""
    value: Any = None
    type: str = ""
    message: str = ""
    line: str = ""
    bases: list[str] = []
    """Of what was raised: the names of the classes that its own derives from, as it says itself."""
    forgotten: list[str] = []
    """Tasks that were still going when the function returned, by the name of their coroutine."""
    never_awaited: list[str] = []
    task_errors: list[str] = []
    """Errors of tasks that nobody looked at."""

    @property
    def sentence(self) -> str:
        """For a person: "it raised KeyError: 'ada' (at line 3: …)"."""
        if self.how == "returned":
            described = isinstance(self.value, dict) and "$" in self.value
            return f"it returned {'nothing (None)' if self.value is None else 'a ' + self.value['$'] if described else repr(self.value)}"
        what = f"it raised {self.type}: {self.message}" if self.type else f"it {self.message}"
        return f"{what} (at {self.line})" if self.line else what


Said: TypeAlias = Send | ReadOn | Abandon | Sleep | Idle | ToolCall | CallbackCall | DatabaseCall | Mark | Ending


# ---- host → guest -----------------------------------------------------------------------------------------------------------------------


class Go(msgspec.Struct, frozen=True, tag_field="says", tag="go"):
    """Go on; it is now `now`."""

    now: float


class Deliver(msgspec.Struct, frozen=True, tag_field="says", tag="deliver"):
    """The reply to request `number` arrives."""

    now: float
    number: int
    status: int
    headers: dict[str, str]
    body: bytes
    streams: bool = False
    """More of the body can be had with ReadOn."""


class Chunk(msgspec.Struct, frozen=True, tag_field="says", tag="chunk"):
    """More of a streamed reply. `ended`: that was all. `cut`: the connection broke after it."""

    now: float
    number: int
    data: bytes
    ended: bool
    cut: bool = False


class Fail(msgspec.Struct, frozen=True, tag_field="says", tag="fail"):
    """No reply to request `number` will come: what the client's HTTP library is to say instead (`unreachable`, `reset`, `silence`)."""

    now: float
    number: int
    how: str


class Halt(msgspec.Struct, frozen=True, tag_field="says", tag="halt"):
    """The trial is over for the guest: it was killed, or it went on without an end."""

    now: float
    reason: str


class ToolReply(msgspec.Struct, frozen=True, tag_field="says", tag="tool"):
    """What a tool returns; without an output it raises an exception of the class `raises` with `error`, or TypeError with `misused`."""

    now: float
    output: str | None
    error: str = ""
    misused: str = ""
    raises: str = "LookupError"


class DatabaseReply(msgspec.Struct, frozen=True, tag_field="says", tag="database", omit_defaults=True):
    """What a statement came to, or the name of the sqlite3 error that it ended in, and its message."""

    now: float
    connection: int = 0
    in_transaction: bool = False
    columns: list[str] | None = None
    rows: list[list[Any]] = []
    count: int = -1
    last_id: int | None = None
    error: str = ""
    message: str = ""


Told: TypeAlias = Go | Deliver | Chunk | Fail | Halt | ToolReply | DatabaseReply


# ---- what a guest is to run -------------------------------------------------------------------------------------------------------------


class Spec(msgspec.Struct, frozen=True):
    """What to run in a trial. All plain values, so that it can be sent to another process."""

    entry: str
    """The name that the answer defines: a function to call, or whatever the driver makes of it."""
    args: list[Any] = []
    """Arguments; `{"$": "client"}` and `{"$": "async_client"}` stand for clients of the trial, beside the `$` may stand the client's
    own `max_retries`, `timeout` and `api_key`. `{"$": "db"}` stands for a SQLAlchemy session; beside its `$` may stand the `tables` of
    its database (`MODULE:BASE`, a declarative base) and the `rows` that are in it from the beginning. `{"$": "callback", "name": ...}`
    stands for a function of one string that reports each of its calls. `{"$": "tools", "tools": ...}` stands for a dictionary of tools,
    see `threadlab.trials.guest.tools`."""
    kwargs: dict[str, Any] = {}
    sources: list[str] = []
    """The answer cells, run again in a fresh namespace before every order. Empty: `entry` is taken from the namespace as it is."""
    driver: str = "call"
    """How `entry` is used: a name in `threadlab.trials.guest.drivers`."""
    seed: int = 0
    start: float = 0.0
    api_key: str = ""
    attempt: int = 1
    """2 when the program was killed and is started again."""
    number: int = 0
    """The number of the last request of the process before."""
    context: list[str] = []
    """The cells that define what the answer uses: their functions and classes are defined afresh, too."""


CLIENT = {"$": "client"}
ASYNC_CLIENT = {"$": "async_client"}
ON_TEXT = {"$": "callback", "name": "on_text"}
