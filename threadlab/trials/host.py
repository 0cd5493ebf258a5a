"""The host side of a trial: it has the engine, the clock and the choice of what is delivered next.

A guest can only send requests, sleep, use what it was handed, and end. Requests are executed here, tools and statements are run here, so a
verdict rests on what happened and not on what the guest says happened.
"""

import heapq
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Set
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from threadlab.engine import Engine, Lost, Reply, Request, Stream
from threadlab.engine.assistants_api.lifecycle import TERMINAL
from threadlab.engine.assistants_api.stream import StreamCut
from threadlab.engine.journal import CallbackUsed, DatabaseChanged, Entry, Note, Sent, Tables, ToolUsed, TurnMarked
from threadlab.engine.routes import find_operation
from threadlab.store.memory import MemoryStore
from threadlab.trials.guest import messages as m
from threadlab.trials.guest.messages import Spec
from threadlab.trials.handed_out import ForgedMessage, HandedOut
from threadlab.trials.learnt import Learnt
from threadlab.virtual_time.clock import LEAST
from threadlab.wire import azure
from threadlab.wire.assistants import Run
from threadlab.wire.errors import ApiError
from threadlab.wire.responses import Response

LATENCY = 0.02
"""Seconds that a request takes to be carried out and answered."""
WAITS_AT_MOST = 3.0
"""Seconds that a request in flight can be kept waiting while time-outs pass by (a slow network, not a broken one)."""
RESTART_TAKES = 1.0
"""Seconds from the moment at which a program is killed to its next start."""
SLEEPS_PAST = 2
"""How many sleeps may end while a request is in flight, however long they are..."""
SLEEPS_AT_MOST = 60.0
"""...up to so many seconds: sleeping instead of waiting for the reply proves nothing, and this is how it shows."""


class Limits(msgspec.Struct, frozen=True):
    """When the host has had enough. A guest that goes on is told why."""

    polls: int = 500
    """GET requests of the same object."""
    polls_after_end: int = 25
    """GET requests of a run that is over."""
    requests: int = 4000
    messages: int = 40_000
    in_flight: int = 200
    """Requests that are sent and not yet delivered."""
    choices: int = 2000
    """Points at which more than one thing can happen next; past them, the first always does."""
    seconds: float = 2 * 86_400.0


class Choice(msgspec.Struct, frozen=True):
    """A point at which more than one thing could have happened next."""

    options: tuple[str, ...]
    taken: int


class KillPoint(msgspec.Struct, frozen=True):
    """A point at which the program can be killed."""

    when: Literal["before", "after", "used"]
    """Before a request arrived, after it was carried out and before its reply, or after something that was handed out was used."""
    operation: str
    """The request's, or the name of what was used."""
    text: str = ""
    tables: tuple[str, ...] = ()
    """Of a commit: the tables whose rows have changed."""

    def __str__(self) -> str:
        """As in "killed ..."."""
        match self.when:
            case "before":
                return f"before {self.operation} arrived"
            case "after":
                return f"after {self.operation} was carried out, before its reply"
            case "used":
                return f"after the {self.operation} had taken in {self.text or 'something'}"


class _Held(msgspec.Struct, frozen=True, order=True):
    """A reply that is on its way, or a stream that will have more."""

    at: float
    n: int
    number: int
    told: m.Told | None = None


class Host:
    """Answers one guest. `choose(options)` picks what happens next among labelled options; `kill_at` counts the points a kill can hit."""

    def __init__(
        self,
        engine: Engine,
        start: float,
        choose: Callable[[tuple[str, ...]], int] = lambda options: 0,
        limits: Limits | None = None,
        kill_at: int | None = None,
        handed_out: Spec | None = None,
        *,
        disk: bool = False,
    ) -> None:
        self.engine, self.now, self.start = engine, start, start
        self.limits = limits or Limits()
        self.choices: list[Choice] = []
        self.points: list[KillPoint] = []
        """The points that a kill could have hit so far."""
        spec = handed_out or Spec("")
        self._handed_out = HandedOut(spec, self._committed)
        self._arguments = [spec.args, spec.kwargs]
        self._learnt: Learnt | None = None
        self._disk = disk
        """Whether the program has files that outlive its process: then a later one may know what nobody has told it."""
        self._choose, self._kill_at = choose, kill_at
        self._in_flight: dict[int, tuple[m.Send, float, int]] = {}
        self._held: list[_Held] = []
        self._streams: dict[int, Stream] = {}
        self._n = self._requests = self._messages = self.last_number = 0
        self._polls: dict[str, int] = {}
        self._halted: str | None = None
        self.killed_when = ""
        """At which point the program was killed, in words; empty if it was not."""

    # ---- the one way in ------------------------------------------------------------------------------------------------------------------

    def ask(self, said: m.Said) -> m.Told:
        """Answer one message of the guest."""
        self._messages += 1
        if self._halted is None:
            self._halted = self._enough() or self._from_before(said)
        if self._halted is not None:
            return m.Halt(self.now, self._halted)
        reply = self._answer(said)
        if self._learnt is not None and isinstance(reply, m.Deliver | m.Chunk):  # a database puts together what it is asked to
            self._learnt.learn(reply)
        reason = self._reason()
        return reply if reason is None else m.Halt(self.now, reason)

    def _from_before(self, said: m.Said) -> str | None:
        if self._learnt is None:
            return None
        if not isinstance(said, m.Send):
            return self.untold(said)
        return self.untold([unquote(said.path), unquote(said.query), said.headers, said.body, _decoded(said.body), _texts(said)])

    def untold(self, said: Any) -> str | None:
        """Why what a later process of a program says shows that it remembers the process before, if it does."""
        one = None if self._learnt is None else self._learnt.unknown(said)
        return None if one is None else f"used {one}, which this process was never told: what a process remembers is gone with it"

    def _reason(self) -> str | None:
        return self._halted

    def _answer(self, said: m.Said) -> m.Told:
        match said:
            case m.Send():
                return self._send(said)
            case m.Idle():
                return self._idle(said)
            case m.Sleep():
                self._sleep(said.seconds)
                return m.Go(self.now)
            case m.ReadOn():
                return self._read_on(said)
            case m.ToolCall():
                return self._use_tool(said)
            case m.CallbackCall():
                self._handed_out.check_callback(said.name)
                self._used(CallbackUsed(at=self.now, operation=said.name, text=said.text))
                return m.Go(self.now)
            case m.DatabaseCall():
                return self._use_database(said)
            case m.Mark():
                user, text = self._handed_out.mark(said.name, said.turn)
                self._used(TurnMarked(at=self.now, operation=said.name, turn=said.turn, user=user, text=text))
                return m.Go(self.now)
            case m.Abandon():
                return self._abandon(said)
            case m.Ending():
                return m.Go(self.now)

    def _enough(self) -> str | None:
        if self._requests > self.limits.requests:
            return f"went on after {self.limits.requests} requests, more than are answered here, and was stopped"
        if self._messages > self.limits.messages:
            return f"went on without an end, after {self._requests} request{'' if self._requests == 1 else 's'}"
        if self.now - self.start > self.limits.seconds:
            return f"waited {(self.now - self.start) / 3600:.0f} hours without an end"
        return None

    def _kill_point(self, point: KillPoint) -> None:
        if len(self.points) == self._kill_at and self._halted is None:
            self._halted, self.killed_when = "killed", f"killed {point}"
            self._handed_out.end_process()
        self.points.append(point)

    @property
    def killed(self) -> bool:
        return bool(self.killed_when)

    def restart(self) -> None:
        """Make ready for the next process of a program that was killed. What was in flight is lost; what the service has, it has."""
        self._halted = self._kill_at = None
        self.next_process()
        self.engine.journal.add(Note(at=self.now, operation="restart", text=self.killed_when))

    def next_process(self) -> None:
        """Make ready for another process of the program. What was in flight and what was not committed is lost."""
        self.now += RESTART_TAKES
        self._handed_out.end_process()
        self._learnt = None if self._disk else Learnt([self._arguments, self._handed_out.kept()], self._all_ids)
        for waiting in (self._in_flight, self._held, self._streams, self._polls):
            waiting.clear()

    def _all_ids(self) -> Set[str]:
        store = self.engine.store
        assert isinstance(store, MemoryStore)
        return store.ids()

    def close(self) -> None:
        """Put away what was handed out."""
        self._handed_out.close()

    @property
    def in_flight(self) -> list[str]:
        """What was sent and never delivered."""
        return [_label(send) for send, _, _ in self._in_flight.values()]

    # ---- what was handed out -------------------------------------------------------------------------------------------------------------

    def _sleep(self, seconds: float) -> None:
        self.now += min(max(seconds, LEAST), 10 * 86_400.0) if seconds > 0 else 0.0

    def _used(self, entry: Entry, tables: Iterable[str] = ()) -> None:
        """Something was used: it stands in the journal, and the program can be killed after it."""
        self.engine.advance(self.now)  # what was due before this stands before it in the journal
        self.engine.journal.add(entry)
        self._kill_point(KillPoint("used", entry.operation, entry.text, tuple(tables)))

    def _committed(self, text: str, tables: Tables, changed: Iterable[str]) -> None:
        self._used(DatabaseChanged(at=self.now, operation="database", text=text, tables=tables), changed)

    def _use_tool(self, said: m.ToolCall) -> m.Told:
        try:
            result = self._handed_out.use_tool(said.name, said.arguments)
        except TypeError as error:
            return m.ToolReply(self.now, None, misused=str(error))
        self._used(
            ToolUsed(
                at=self.now,
                operation="tool",
                text=result.text,
                tool=said.name,
                arguments=said.arguments,
                output=result.output,
                raised=result.error,
            )
        )
        self._sleep(result.seconds)
        return m.ToolReply(self.now, result.output, result.error, raises=result.raises)

    def _use_database(self, said: m.DatabaseCall) -> m.Told:
        database, number = self._handed_out.database, said.connection
        try:
            if said.action == "connect":
                number = database.connect()
                return m.DatabaseReply(self.now, number)
            parameters: Any = said.parameters if said.action == "executemany" else (said.parameters or [[]])[0]
            result = database.run(number, said.action, said.sql, parameters)
        except (sqlite3.Error, OverflowError, ValueError) as error:
            if isinstance(error, ForgedMessage):
                raise
            name = type(error).__name__ if isinstance(error, sqlite3.Error) else "InterfaceError"
            return m.DatabaseReply(self.now, number, database.in_transaction(number), error=name, message=str(error)[:500])
        return m.DatabaseReply(self.now, number, database.in_transaction(number), result.columns, result.rows, result.count, result.last_id)

    # ---- requests ------------------------------------------------------------------------------------------------------------------------

    def _send(self, send: m.Send) -> m.Told:
        self._requests += 1
        self.last_number = send.number
        if send.method == "GET" and not send.path.endswith(("/messages", "/items")):
            self._count_poll(send.path)
        self.engine.advance(self.now)  # what was due before this stands before it in the journal
        self.engine.journal.add(Sent(at=self.now, operation=_label(send), request=send.number, texts=tuple(_texts(send))))
        if not send.waits:
            if len(self._in_flight) >= self.limits.in_flight:
                self._halted = f"sent more than {self.limits.in_flight} requests without waiting for any"
                return m.Halt(self.now, self._halted)
            self._in_flight[send.number] = (send, self.now, 0)
            return m.Go(self.now)
        reply, hold = self._carry_out(send)
        self._hold_back(hold)
        return _at(reply, self.now)

    def _hold_back(self, seconds: float) -> None:
        """A reply that is held back until a response is done: what happens meanwhile has happened when it arrives."""
        if seconds > 0:
            self.now += seconds
            self.engine.advance(self.now)

    def _count_poll(self, path: str) -> None:
        what = path.rstrip("/").rpartition("/")[2]
        row = self.engine.store.get(what)
        status = row.body.status if row is not None and isinstance(row.body, Run | Response) else ""
        over = status in TERMINAL  # of the ends of a response, none has a name that a run's have not
        key, most = (f"{path} over", self.limits.polls_after_end) if over else (path, self.limits.polls)
        self._polls[key] = self._polls.get(key, 0) + 1
        if self._polls[key] > most:
            because = f"polled {what} {most} times after its status was {status}" if over else f"polled {what} {most} times"
            self._halted = f"{because}, and was stopped"

    def _carry_out(self, send: m.Send) -> tuple[m.Told, float]:
        """Execute a request: what the guest will be told, and in how many more seconds."""
        label = _label(send)
        self._kill_point(KillPoint("before", label))
        if self._halted is not None:
            return m.Halt(self.now, self._halted), 0.0
        request = Request(send.method, send.path, send.query, send.headers, send.body)
        outcome = self.engine.handle(request, self.now, number=send.number)
        self.now += LATENCY
        self._kill_point(KillPoint("after", label))
        if isinstance(outcome, Lost) and outcome.how == "silence":
            return m.Fail(self.now, send.number, "silence"), send.patience
        if outcome.hold > send.patience:
            return m.Fail(self.now, send.number, "silence"), send.patience
        if isinstance(outcome, Lost):
            return m.Fail(self.now, send.number, outcome.how), outcome.hold
        return self._deliver(send.number, outcome), outcome.hold

    def _deliver(self, number: int, reply: Reply) -> m.Told:
        if reply.stream is not None:
            self._streams[number] = reply.stream
        return m.Deliver(self.now, number, reply.status, dict(reply.headers), reply.body, reply.stream is not None)

    def _abandon(self, said: m.Abandon) -> m.Told:
        """The client gave up. Its request may arrive all the same, or never."""
        getattr(self._streams.pop(said.number, None), "close", lambda: None)()
        self._held = [reply for reply in self._held if reply.number != said.number]
        heapq.heapify(self._held)
        waiting = self._in_flight.pop(said.number, None)
        if waiting is not None:
            label = _label(waiting[0])
            if self._pick((f"{label} never arrives", f"{label} arrives all the same")) == 1:
                self._carry_out(waiting[0])
        return m.Go(self.now)

    # ---- streams -------------------------------------------------------------------------------------------------------------------------

    def _read_on(self, said: m.ReadOn) -> m.Told:
        if not said.waits:
            self._hold(self._next_of(said.number), said.number, None)
            return m.Go(self.now)
        while True:
            self.now = max(self.now, self._next_of(said.number))
            chunk = self._chunk(said.number)
            if chunk is not None:
                return chunk

    def _next_of(self, number: int) -> float:
        stream = self._streams.get(number)
        return self.now if stream is None else stream.next_at or self.now

    def _chunk(self, number: int) -> m.Chunk | None:
        stream = self._streams.get(number)
        if stream is None:
            return m.Chunk(self.now, number, b"", ended=True)
        try:
            data = b"".join(stream.read(self.now))
        except StreamCut as cut:
            self._streams.pop(number)
            return m.Chunk(self.now, number, b"".join(cut.chunks), ended=True, cut=True)
        if stream.next_at is None:
            self._streams.pop(number)
            return m.Chunk(self.now, number, data, ended=True)
        return m.Chunk(self.now, number, data, ended=False) if data else None

    # ---- what happens next ---------------------------------------------------------------------------------------------------------------

    def _idle(self, said: m.Idle) -> m.Told:
        """Nothing is ready in the guest: deliver one of the requests in flight, or let the next timer fire."""
        while True:
            if said.timer_at is not None and said.timer_at <= self.now:
                return m.Go(self.now)
            at, reply = self._next_in_time(said)
            options = self._deliverable()
            if at is not None and self._may_pass(at, reply is not None or said.sleeper):
                options.append(("time passes", None))
            if not options:
                self._halted = "waits for something that never comes: nothing is in flight and no timer is set"
                return m.Halt(self.now, self._halted)
            number = options[self._pick(tuple(label for label, _ in options))][1]
            result = self._let_pass(at or self.now, reply, said) if number is None else self._let_through(number)
            if self._halted is not None:
                return m.Halt(self.now, self._halted)
            if result is not None:
                return result

    def _deliverable(self) -> list[tuple[str, int | None]]:
        """The requests in flight, oldest first, under names that tell them apart."""
        labelled = [(_label(send), send, number) for number, (send, _, _) in self._in_flight.items()]
        count = Counter(label for label, _, _ in labelled)
        return [(f"{label} {_apart(send, number)}" if count[label] > 1 else label, number) for label, send, number in labelled]

    def _pick(self, options: tuple[str, ...]) -> int:
        if len(options) == 1 or len(self.choices) >= self.limits.choices:
            return 0
        choice = self._choose(options)
        self.choices.append(Choice(options, choice))
        return choice

    def _next_in_time(self, said: m.Idle) -> tuple[float | None, _Held | None]:
        reply = self._held[0] if self._held else None
        if reply is not None and (said.timer_at is None or reply.at <= said.timer_at):
            return max(reply.at, self.now), reply
        return said.timer_at, None

    def _may_pass(self, at: float, sleeper: bool) -> bool:
        """Whether time may move on to `at` past the requests that are in flight."""
        return all(
            at - sent <= WAITS_AT_MOST or (sleeper and passed < SLEEPS_PAST and at - sent <= SLEEPS_AT_MOST)
            for _, sent, passed in self._in_flight.values()
        )

    def _let_pass(self, at: float, held: _Held | None, said: m.Idle) -> m.Told | None:
        self.now = max(self.now, at)
        if held is None:
            self._in_flight = {number: (send, sent, passed + 1) for number, (send, sent, passed) in self._in_flight.items()}
            return m.Go(self.now)
        heapq.heappop(self._held)
        self.engine.advance(self.now)
        if held.told is not None:
            return _at(held.told, self.now)
        chunk = self._chunk(held.number)
        if chunk is None:
            self._hold(self._next_of(held.number), held.number, None)
        return chunk

    def _let_through(self, number: int) -> m.Told | None:
        send, _, _ = self._in_flight.pop(number)
        result, hold = self._carry_out(send)
        if hold <= 0:
            return result
        self._hold(self.now + hold, number, result)
        return None

    def _hold(self, at: float, number: int, told: m.Told | None) -> None:
        self._n += 1
        heapq.heappush(self._held, _Held(at, self._n, number, told))


def _label(send: m.Send) -> str:
    """A request as a person would name it: `createMessage`."""
    try:
        return find_operation(send.method, azure.plain_path(send.path))[0].name
    except ApiError:
        return f"{send.method} {send.path}"


def _apart(send: m.Send, number: int) -> str:
    """What tells a request from another of the same operation."""
    texts = _texts(send)
    return f"“{texts[0][:24]}”" if texts else f"({number})"


_bodies = msgspec.json.Decoder(dict[str, Any])


def _texts(send: m.Send) -> list[str]:
    """The texts of the user messages that a request carries, so that the journal can say whose reply was lost."""
    if send.method != "POST" or not (b'"content"' in send.body or b'"input"' in send.body):
        return []
    try:
        body = _bodies.decode(send.body)
    except msgspec.MsgspecError:
        return []
    thread = body.get("thread")
    response_input = body.get("input")
    lists = [body.get(name) for name in ("additional_messages", "messages", "items")]
    lists += [thread.get("messages") if isinstance(thread, dict) else None, [body]]
    lists.append([{"content": response_input}] if isinstance(response_input, str) else response_input)
    contents = [one.get("content") for several in lists if isinstance(several, list) for one in several if isinstance(one, dict)]
    return [text[:500] for content in contents if (text := _plain(content)) is not None]


def _plain(content: Any) -> str | None:
    """The text of a message's content, however it was written: a string, or a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") in ("text", "input_text")]
        return "".join(part for part in parts if isinstance(part, str)) or None
    return content if isinstance(content, str) else None


def _at(told: m.Told, now: float) -> m.Told:
    return msgspec.structs.replace(told, now=now)


def _decoded(body: bytes) -> Any:
    """A body as the service reads it: JSON can write a letter in more than one way."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return body
