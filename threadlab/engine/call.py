"""What a handler is given: one authenticated call, and what it may ask of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from threadlab.engine import validate
from threadlab.engine.state import State
from threadlab.store.protocol import Query, Store
from threadlab.store.records import Row, Stored
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f
from threadlab.wire import responses as r
from threadlab.wire.exchange import Request

B = TypeVar("B", bound=msgspec.Struct)
W = TypeVar(
    "W",
    o.Assistant,
    o.Thread,
    o.Message,
    o.Run,
    o.RunStep,
    f.File,
    f.VectorStore,
    f.StoreFile,
    f.FileBatch,
    r.Conversation,
    r.ConversationItem,
    r.Response,
    r.InputItem,
)

PREFIXES: dict[type[Stored], tuple[str, str, str]] = {
    o.Assistant: ("assistant", "asst", "assistant_id"),
    o.Thread: ("thread", "thread", "thread_id"),
    o.Message: ("thread.message", "msg", "message_id"),
    o.Run: ("thread.run", "run", "run_id"),
    o.RunStep: ("thread.run.step", "step", "step_id"),
    f.File: ("file", "file", "file_id"),
    f.FileBytes: ("file.bytes", "file", "file_id"),
    f.VectorStore: ("vector_store", "vs", "vector_store_id"),
    f.StoreFile: ("vector_store.file", "file", "file_id"),
    f.FileBatch: ("vector_store.files_batch", "vsfb", "batch_id"),
    f.DeletedModel: ("model.deleted", "ft", "model"),
    r.Conversation: ("conversation", "conv", "conversation_id"),
    r.ConversationItem: ("conversation.item", "", "item_id"),
    r.Response: ("response", "resp", "response_id"),
    r.InputItem: ("response.input_item", "", "item_id"),
    r.WrittenItem: ("response.output_item", "", "item_id"),
}
"""Of each kind of object: its name on the wire, the prefix of its ids, and the parameter that carries one."""


class Call:
    """One call of one operation, after the key and the route were found good."""

    def __init__(self, state: State, operation: str, ids: tuple[str, ...], request: Request, project: str, now: float) -> None:
        self.state, self.operation, self.ids, self.project, self.now = state, operation, ids, project, now
        self.request = request
        self.model = ""
        """The model that this call is a request to, for the headers about its limits."""
        self.noted: dict[str, Any] = {}
        """What the handler wants the journal to say about this call: fields of `threadlab.engine.journal.Executed`."""

    @property
    def store(self) -> Store:
        return self.state.store

    @property
    def second(self) -> int:
        return int(self.now)

    def body(self, kind: type[B]) -> B:
        return validate.body(self.request.body, kind)

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @property
    def include(self) -> list[str]:
        """What the query asks for beyond what is always shown."""
        return [value for name, value in parse_qsl(self.request.query) if name in ("include[]", "include")]

    def new_id(self, prefix: str) -> str:
        return self.state.new_id(prefix)

    def note(
        self,
        *,
        thread_id: str = "",
        run_id: str = "",
        conversation_id: str = "",
        response_id: str = "",
        object_id: str = "",
        text: str = "",
        role: str = "",
        metadata: Mapping[str, str] | None = None,
        window: Iterable[str] = (),
        listed: Iterable[str] = (),
        added: Iterable[str] = (),
        outputs: Mapping[str, str] | None = None,
        run_status: str = "",
        size: int = 0,
    ) -> None:
        """Let the journal say this about the call, if it succeeds: see `threadlab.engine.journal.Executed`."""
        fields: dict[str, Any] = {
            "thread_id": thread_id,
            "run_id": run_id,
            "conversation_id": conversation_id,
            "response_id": response_id,
            "object_id": object_id,
            "text": text,
            "role": role,
            "metadata": metadata,
            "window": tuple(window),
            "listed": tuple(listed),
            "added": tuple(added),
            "outputs": outputs,
            "run_status": run_status,
            "size": size,
        }
        self.noted |= {name: value for name, value in fields.items() if value}

    # ---- finding things ------------------------------------------------------------------------------------------------------------------

    def find(self, kind: type[W], object_id: str, parent: str = "") -> tuple[Row, W]:
        """The row and the object with this id, if the caller's project has it (below `parent`). Raises ApiError 400 or 404."""
        name, prefix, param = PREFIXES[kind]
        if not object_id.startswith(prefix):
            raise errors.wrong_prefix(param, object_id, prefix)
        row = self.store.get(row_id(kind, object_id, parent))
        if row is None or row.project != self.project or row.kind != name or (parent and row.parent != parent):
            raise errors.not_found(name, object_id)
        body = row.body
        assert isinstance(body, kind)
        return row, body

    def new_row(self, body: Stored, parent: str = "", run_id: str = "", tokens: int = 0) -> Row:
        """A row for a new object, not kept yet."""
        kind = type(body)
        return Row(row_id(kind, body.id, parent), PREFIXES[kind][0], self.project, parent, self.store.next_seq(), body, run_id, tokens)

    def add(self, body: Stored, parent: str = "", run_id: str = "", tokens: int = 0) -> Row:
        """Keep a new object."""
        row = self.new_row(body, parent, run_id, tokens)
        self.store.put(row)
        return row

    def change(self, row: Row, **fields: Any) -> Any:
        """Keep a changed object; returns it."""
        body = msgspec.structs.replace(row.body, **fields)
        self.store.put(msgspec.structs.replace(row, body=body))
        return body

    # ---- lists ---------------------------------------------------------------------------------------------------------------------------

    def page(
        self,
        kind: type[W],
        parent: str = "",
        run_id: str = "",
        *,
        shown: Callable[[Row], Any] = lambda row: row.body,
        keep: Callable[[Row], bool] | None = None,
        most: int = 100,
        default: int = 20,
    ) -> o.Page:
        """A page as `limit`, `order`, `after` and `before` in the query ask for it. Raises ApiError 400.

        `shown` turns a row into what goes out, `keep` leaves rows out; `most` and `default` are for `limit`.
        """
        query = self.query()
        limit = _whole(query.get("limit"), "limit", default)
        validate.between("limit", limit, 1, most)
        order = query.get("order") or "desc"
        if order not in ("asc", "desc"):
            raise errors.wrong_value("order", order, ["asc", "desc"])
        after, before = self._cursor(query, "after", kind, parent), self._cursor(query, "before", kind, parent)
        newest_first = order == "desc"
        if newest_first:
            after, before = before, after
        # A page "before" a cursor holds the objects next to it, so it is read from the cursor and turned round.
        backwards = bool(query.get("before")) and not query.get("after")
        page_query = Query(PREFIXES[kind][0], self.project, parent, run_id, after, before, limit + 1, newest_first is not backwards)
        matches = self.store.page(page_query) if keep is None else self._kept(page_query, keep)
        rows = matches[:limit]
        if backwards:
            rows = rows[::-1]
        first, last = (rows[0].body.id, rows[-1].body.id) if rows else (None, None)
        return o.Page([shown(row) for row in rows], first, last, len(matches) > limit)

    def _kept(self, wanted: Query, keep: Callable[[Row], bool]) -> list[Row]:
        """The first rows of a list that are to be kept, as many as `wanted` asks for."""
        found: list[Row] = []
        while True:
            rows = self.store.page(wanted)
            found += [row for row in rows if keep(row)]
            if len(rows) < wanted.limit or len(found) >= wanted.limit:
                return found[: wanted.limit]
            end = {"before" if wanted.newest_first else "after": rows[-1].seq}
            wanted = msgspec.structs.replace(wanted, **end)

    def _cursor(self, query: dict[str, str], name: str, kind: type[Stored], parent: str) -> int | None:
        object_id = query.get(name)
        if not object_id:
            return None
        row = self.store.get(row_id(kind, object_id, parent))
        wire_name = PREFIXES[kind][0]
        if row is None or row.project != self.project or row.kind != wire_name or row.parent != parent:
            raise errors.not_found(wire_name, object_id)  # guess: what the API said to an unknown cursor is not recorded
        return row.seq


def row_id(kind: type[Stored], object_id: str, parent: str) -> str:
    """Under which id a row is kept: that of its object, but a file in a vector store shares the file's, an input the item's."""
    return f"{parent}/{object_id}" if kind in (f.StoreFile, f.DeletedModel, r.InputItem) else object_id


def _whole(text: str | None, param: str, default: int) -> int:
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise errors.wrong_type(param, "an integer", "a string") from None
