"""Group commit: requests that come in together wait for the disk together.

A transaction is safe once the disk says so, and that is most of what a request costs. The server therefore handles all that has arrived
by one turn of the event loop inside one transaction, and lets none of their replies out before it has ended: every reply is as safe as
if it had waited alone. Where the store can, the disk is waited for in another thread, and only by requests that have written: the event
loop goes on, and what only reads is answered when the transaction has ended. See `benchmarks/over_http.py`.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from threadlab.store.protocol import Flushing

T = TypeVar("T")


class GroupCommit:
    """Runs pieces of work, each at once, and gives their results back when what they wrote is safe.

    With `flushing`, transactions are expected not to wait for the disk.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[None]], flushing: Flushing | None = None) -> None:
        self._transaction, self._flushing = transaction, flushing
        self._open: AbstractContextManager[None] | None = None
        self._safe: asyncio.Future[None] | None = None
        self._flush: asyncio.Task[None] | None = None
        self._next_flush: asyncio.Task[None] | None = None

    async def __call__(self, work: Callable[[], T]) -> T:
        """The result of `work`. Raises what it raises, and what ending the transaction or the wait for the disk raises."""
        if self._safe is None:
            opened = self._transaction()
            opened.__enter__()
            loop = asyncio.get_running_loop()
            self._open, self._safe = opened, loop.create_future()
            loop.call_soon(self._end)  # after whatever is ready to run now
        safe, before = self._safe, self._written()
        result = work()
        wrote = self._written() != before
        await asyncio.shield(safe)  # one client that goes away is no reason to forget the others
        if wrote and self._flushing is not None:
            await asyncio.shield(self._flushed(self._flushing))
        return result

    def _written(self) -> int:
        return 0 if self._flushing is None else self._flushing.written()

    def _end(self) -> None:
        opened, safe = self._open, self._safe
        self._open = self._safe = None
        assert opened is not None
        assert safe is not None
        try:
            opened.__exit__(None, None, None)
        except Exception as error:
            safe.set_exception(error)
            safe.exception()  # seen: if nobody waits any more, there is nobody to tell
        else:
            safe.set_result(None)

    def _flushed(self, flushing: Flushing) -> asyncio.Task[None]:
        """A wait for the disk that has not begun yet: one for all who come while another one is going on."""
        if self._next_flush is None:
            self._next_flush = asyncio.create_task(self._wait_for_disk(flushing, self._flush))
            self._next_flush.add_done_callback(_seen)
        return self._next_flush

    async def _wait_for_disk(self, flushing: Flushing, earlier: "asyncio.Task[None] | None") -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        self._flush, self._next_flush = self._next_flush, None
        await asyncio.to_thread(flushing.flush)


def _seen(task: "asyncio.Task[None]") -> None:
    """Whoever still waits is told what went wrong; if nobody does, there is nobody to tell."""
    if not task.cancelled():
        task.exception()
