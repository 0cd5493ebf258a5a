"""Which messages of a thread a run reads: its window, by truncation strategy and token limits.

A window costs what is in it, not what is in the thread: token counts are kept with each message, and only what fits is read.
"""

from __future__ import annotations

from threadlab.engine.call import Call
from threadlab.engine.files_api import files
from threadlab.engine.files_api.file_search import searchable
from threadlab.store.protocol import Query, Store
from threadlab.store.records import Plan, Row
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Prompt, ToolResult, Turn

CONTEXT = 128_000
"""Tokens that a run can read at most when nothing smaller is asked for (the context length of gpt-4-turbo and gpt-4o)."""
HEAD = 2
"""`auto` keeps this many of the oldest messages and drops from the middle (how many is a guess; that it is the middle is documented)."""
_CHUNK = 200


def select(store: Store, project: str, thread_id: str, strategy: o.TruncationStrategy, budget: int) -> list[Row]:
    """The messages of the window, oldest first.

    `budget` is what is left for them, in tokens. An empty list in a thread with messages means that not even the newest one fits.
    """
    if strategy.type == "last_messages":
        return _fitting(_page(store, project, thread_id, strategy.last_messages or 1), budget)
    if store.tokens(project, thread_id) <= budget:
        return _all(store, project, thread_id)
    head = store.page(Query("thread.message", project, thread_id, limit=HEAD))
    while head and sum(row.tokens for row in head) > budget // 4:
        head.pop()
    left = budget - sum(row.tokens for row in head)
    tail: list[Row] = []
    before: int | None = None
    oldest = head[-1].seq if head else 0
    while True:
        chunk = store.page(Query("thread.message", project, thread_id, before=before, after=oldest, limit=_CHUNK, newest_first=True))
        for row in chunk:
            if row.tokens > left:
                return head + tail[::-1] if tail else []
            tail.append(row)
            left -= row.tokens
        if len(chunk) < _CHUNK:
            return head + tail[::-1]
        before = chunk[-1].seq


def _page(store: Store, project: str, thread_id: str, count: int) -> list[Row]:
    return store.page(Query("thread.message", project, thread_id, limit=count, newest_first=True))


def _fitting(newest_first: list[Row], budget: int) -> list[Row]:
    rows: list[Row] = []
    for row in newest_first:
        if row.tokens > budget:
            break
        budget -= row.tokens
        rows.append(row)
    return rows[::-1]


def _all(store: Store, project: str, thread_id: str) -> list[Row]:
    return store.page(Query("thread.message", project, thread_id, limit=1_000_000))


def _images(call: Call, message: o.Message) -> list[str]:
    """The addresses of a message's pictures, for a model outside: the responders in here do not look at them."""
    if call.state.responder is not None or (len(message.content) == 1 and isinstance(message.content[0], o.TextBlock)):
        return []
    result: list[str] = []
    for block in message.content:
        match block:
            case o.ImageUrlBlock():
                result.append(block.image_url.url)
            case o.ImageFileBlock():
                result += [address for address in [files.address_of(call, block.image_file.file_id)] if address]
    return result


def prompt_of(call: Call, run: o.Run, plan: Plan, read: list[Row], results: list[ToolResult]) -> Prompt:
    left = run.max_completion_tokens
    return Prompt(
        run.model,
        run.instructions,
        [Turn(row.body.role, row.body.text, row.id, images=_images(call, row.body)) for row in read if isinstance(row.body, o.Message)],
        run.tools,
        run.tool_choice,
        run.parallel_tool_calls,
        run.response_format,
        results,
        run.temperature,
        can_search=bool(searchable(call, run)),
        top_p=run.top_p,
        max_tokens=None if left is None else max(left - plan.completion_tokens, 1),
    )
