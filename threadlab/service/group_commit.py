"""Group commit: requests that come in together wait for the disk together.

A transaction is safe once the disk says so, and that is most of what a request costs. The server therefore handles all that has arrived
by one turn of the event loop inside one transaction, and lets none of their replies out before it has ended: every reply is as safe as
if it had waited alone. See `benchmarks/over_http.py`.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

T = TypeVar("T")


class GroupCommit:
    """Runs pieces of work, each at once, and gives their results back when what they wrote is safe."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        self._transaction = transaction
        self._open: AbstractContextManager[None] | None = None
        self._safe: asyncio.Future[None] | None = None

    async def __call__(self, work: Callable[[], T]) -> T:
        """The result of `work`. Raises what it raises, and what ending the transaction raises."""
        if self._safe is None:
            opened = self._transaction()
            opened.__enter__()
            loop = asyncio.get_running_loop()
            self._open, self._safe = opened, loop.create_future()
            loop.call_soon(self._end)  # after whatever is ready to run now
        safe = self._safe
        result = work()
        await asyncio.shield(safe)  # one client that goes away is no reason to forget the others
        return result

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
