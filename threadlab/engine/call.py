"""What a handler is given: one authenticated call, and what it may ask of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from threadlab import errors
from threadlab import objects as o
from threadlab.engine import validate
from threadlab.records import Row, Stored
from threadlab.store import Query, Store

if TYPE_CHECKING:
    from threadlab.engine.core import Engine

B = TypeVar("B", bound=msgspec.Struct)
W = TypeVar("W", o.Assistant, o.Thread, o.Message, o.Run, o.RunStep)

PREFIXES: dict[type[Stored], tuple[str, str, str]] = {
    o.Assistant: ("assistant", "asst", "assistant_id"),
    o.Thread: ("thread", "thread", "thread_id"),
    o.Message: ("thread.message", "msg", "message_id"),
    o.Run: ("thread.run", "run", "run_id"),
    o.RunStep: ("thread.run.step", "step", "step_id"),
}
"""Of each kind of object: its name on the wire, the prefix of its ids, and the parameter that carries one."""


class Call:
    """One call of one operation, after the key and the route were found good."""

    def __init__(self, engine: Engine, operation: str, ids: tuple[str, ...], query: str, body: bytes, project: str, now: float) -> None:
        self.engine, self.operation, self.ids, self.project, self.now = engine, operation, ids, project, now
        self.raw = body
        self._query = query
        self.noted: dict[str, Any] = {}
        """What the handler wants the journal to say about this call: `thread_id`, `run_id`, `object_id`, `detail`."""

    @property
    def store(self) -> Store:
        return self.engine.store

    @property
    def second(self) -> int:
        return int(self.now)

    def body(self, kind: type[B]) -> B:
        return validate.body(self.raw, kind)

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self._query, keep_blank_values=True))

    def new_id(self, prefix: str) -> str:
        return self.engine.new_id(prefix)

    def note(self, **fields: Any) -> None:
        self.noted.update(fields)

    # ---- finding things -----------------------------------------------------------------------------------------------------------------

    def find(self, kind: type[W], object_id: str, parent: str = "") -> tuple[Row, W]:
        """The row and the object with this id, if the caller's project has it (below `parent`). Raises ApiError 400 or 404."""
        name, prefix, param = PREFIXES[kind]
        if not object_id.startswith(prefix):
            raise errors.wrong_prefix(param, object_id, prefix)
        row = self.store.get(object_id)
        if row is None or row.project != self.project or row.kind != name or (parent and row.parent != parent):
            raise errors.not_found(name, object_id)
        body = row.body
        assert isinstance(body, kind)
        return row, body

    def add(self, body: Stored, parent: str = "", run_id: str = "", tokens: int = 0) -> Row:
        """Keep a new object."""
        row = Row(body.id, PREFIXES[type(body)][0], self.project, parent, self.store.next_seq(), body, run_id, tokens)
        self.store.put(row)
        return row

    def change(self, row: Row, **fields: Any) -> Any:
        """Keep a changed object; returns it."""
        body = msgspec.structs.replace(row.body, **fields)
        self.store.put(msgspec.structs.replace(row, body=body))
        return body

    # ---- lists --------------------------------------------------------------------------------------------------------------------------

    def page(self, kind: type[W], parent: str = "", run_id: str = "", shown: Callable[[Row], Any] | None = None) -> o.Page:
        """A page as `limit`, `order`, `after` and `before` in the query ask for it. Raises ApiError 400."""
        query = self.query()
        limit = _whole(query.get("limit"), "limit", 20)
        validate.between("limit", limit, 1, 100)
        order = query.get("order") or "desc"
        if order not in ("asc", "desc"):
            raise errors.wrong_value("order", order, ["asc", "desc"])
        after, before = self._cursor(query, "after", kind, parent), self._cursor(query, "before", kind, parent)
        newest_first = order == "desc"
        if newest_first:
            after, before = before, after
        # A page "before" a cursor holds the objects next to it, so it is read from the cursor and turned round.
        backwards = bool(query.get("before")) and not query.get("after")
        found = self.store.page(
            Query(PREFIXES[kind][0], self.project, parent, run_id, after, before, limit + 1, newest_first is not backwards)
        )
        rows = found[:limit]
        if backwards:
            rows = rows[::-1]
        data = [shown(row) if shown else row.body for row in rows]
        return o.Page(data, rows[0].id if rows else None, rows[-1].id if rows else None, len(found) > limit)

    def _cursor(self, query: dict[str, str], name: str, kind: type[Stored], parent: str) -> int | None:
        object_id = query.get(name)
        if not object_id:
            return None
        row = self.store.get(object_id)
        wire_name = PREFIXES[kind][0]
        if row is None or row.project != self.project or row.kind != wire_name or row.parent != parent:
            raise errors.not_found(wire_name, object_id)  # guess: what the API said to an unknown cursor is not recorded
        return row.seq


def _whole(text: str | None, param: str, default: int) -> int:
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise errors.wrong_type(param, "an integer", "a string") from None
