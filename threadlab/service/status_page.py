"""The page at `/`: the last requests and the last threads, for eyes and for screen readers. No script, no colour that means something.

Whoever can open a port on this computer can read it, and a computer may have other users. So it shows what was asked and how large
threads are to everybody, and what is written in them only to those who have the token, which `serve` prints and which opens nothing else.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from threadlab.service.log_line import RequestLine
from threadlab.store.protocol import Query, Store
from threadlab.wire import assistants as o

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
    """The whole page. Everything that came from outside is escaped here and nowhere else. `replies` is where replies come from."""
    asked = [(_when(one.time), one.method, one.path, one.status or "no reply", f"{one.milliseconds:.0f} ms") for one in requests]
    kept = [(_when(one.created), one.id, one.project, one.messages, one.run or "none") for one in threads]
    columns = ["Created", "Thread", "Project", "Messages", "Newest run"]
    if private:
        kept = [(*row, one.metadata, one.said) for row, one in zip(kept, threads, strict=True)]  # type: ignore[misc]
        columns += ["Metadata", "Newest message"]
        note = "This page has what is written in the threads: keep its address to yourself."
    else:
        note = "What is written in the threads is shown at the address that <code>serve</code> printed when it started."
    tables = _table("Last requests", ["Ended", "Method", "Path", "Status", "Took"], asked) + _table("Last threads", columns, kept)
    return _PAGE.format(version=escape(version), replies=escape(replies), note=note, tables=tables).encode()


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return f"<h2>{title}</h2><p>None yet.</p>"
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<h2>{title}</h2><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Threads service</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem }}
main {{ overflow-x: auto }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; vertical-align: top; padding: .2rem 1.5rem .2rem 0; overflow-wrap: anywhere }}
th {{ white-space: nowrap }}
</style></head>
<body><main><h1>Threads service</h1>
<p>Version {version}, running. Point a client at <code>/v1</code> of this address. Reload the page to see what is new.</p>
<p>Replies come from {replies}.</p>
<p>{note}</p>
{tables}
</main></body></html>
"""
