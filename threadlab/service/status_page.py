"""The page at `/`: the last requests and the last threads, for eyes and for screen readers. No script, no colour that means something.

Whoever can open a port on this computer can read it, and a computer may have other users. So it shows what was asked and how large
threads are to everybody, and what is written in them only to those who have the token, which `serve` prints and which opens nothing else.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from threadlab.html_page import template
from threadlab.service.log_line import RequestLine
from threadlab.store.protocol import Query, Store
from threadlab.wire import assistants as o

TEMPLATE = Path(__file__).with_name("status_page.html.j2")
THREADS = 20
"""Threads on the page, of each project."""
EXCERPT = 160
"""Characters shown of a message and of metadata."""


class ThreadLine(NamedTuple):
    """One thread, as the page shows it."""

    id: str
    project: str
    created: int
    """Seconds since 1970, on the service's clock."""
    messages: int
    run: str
    """The status of its newest run; empty if it has had none."""
    metadata: str
    said: str
    """The beginning of its newest message, and by whom."""


def token_of(key: str) -> str:
    """What opens the page's private part. It cannot be turned back into the key."""
    return hashlib.blake2b(key.encode(), digest_size=12, person=b"status page").hexdigest()


def is_token(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), token_of(key).encode())


def last_threads(store: Store, projects: Iterable[str]) -> list[ThreadLine]:
    """The newest threads of each project, newest first."""
    rows = [row for project in projects for row in store.page(Query("thread", project, limit=THREADS, newest_first=True))]
    return [_thread_line(store, row.project, row.body) for row in rows if isinstance(row.body, o.Thread)]


def _thread_line(store: Store, project: str, thread: o.Thread) -> ThreadLine:
    message, run = (
        next((row.body for row in store.page(Query(kind, project, thread.id, limit=1, newest_first=True))), None)
        for kind in ("thread.message", "thread.run")
    )
    return ThreadLine(
        thread.id,
        project,
        thread.created_at,
        store.count("thread.message", project, thread.id),
        run.status if isinstance(run, o.Run) else "",
        _short(", ".join(f"{name}: {value}" for name, value in thread.metadata.items())),
        _short(f"{message.role}: {message.text}") if isinstance(message, o.Message) else "",
    )


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def page(version: str, replies: str, requests: Iterable[RequestLine], threads: Sequence[ThreadLine], *, private: bool) -> bytes:
    """The whole page. Everything that came from outside is escaped by its template. `replies` is where replies come from."""
    rows = [(_when(one.time), one.method, one.path, one.status or "no reply", f"{one.milliseconds:.0f} ms") for one in requests]
    lines = [(_when(one.created), one.id, one.project, one.messages, one.run or "none") for one in threads]
    columns = ["Created", "Thread", "Project", "Messages", "Newest run"]
    if private:
        lines = [(*row, one.metadata, one.said) for row, one in zip(lines, threads, strict=True)]  # type: ignore[misc]
        columns += ["Metadata", "Newest message"]
    tables = [
        ("Last requests", ["Ended", "Method", "Path", "Status", "Took"], rows),
        ("Last threads", columns, lines),
    ]
    return template(TEMPLATE).render(version=version, replies=replies, private=private, tables=tables).encode()


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
