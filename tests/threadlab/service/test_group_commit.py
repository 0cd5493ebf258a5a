"""Requests that share a wait for the disk; each test named after the mistake it catches."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from threadlab.service.group_commit import Together


class Disk:
    """Counts transactions, and fails to end them if told so."""

    def __init__(self, *, full: bool = False) -> None:
        self.said: list[str] = []
        self._full = full

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.said.append("begin")
        yield
        if self._full:
            raise OSError("the disk is full")
        self.said.append("commit")

    def write(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.said.append(name)
            return name

        return work


def test_each_waits_for_the_disk_alone() -> None:
    disk = Disk()

    async def main() -> list[str]:
        together = Together(disk.transaction)
        return await asyncio.gather(*(together(disk.write(name)) for name in "abc"))

    assert asyncio.run(main()) == ["a", "b", "c"]
    assert disk.said == ["begin", "a", "b", "c", "commit"]


def test_reply_goes_out_before_it_is_safe() -> None:
    disk = Disk()

    async def main() -> None:
        await Together(disk.transaction)(disk.write("a"))
        disk.said.append("reply")

    asyncio.run(main())
    assert disk.said == ["begin", "a", "commit", "reply"]


def test_full_disk_is_acknowledged() -> None:
    disk = Disk(full=True)

    async def main() -> list[object]:
        together = Together(disk.transaction)
        return await asyncio.gather(*(together(disk.write(name)) for name in "ab"), return_exceptions=True)

    assert [str(one) for one in asyncio.run(main())] == ["the disk is full"] * 2


def test_client_that_leaves_takes_the_others_along() -> None:
    disk = Disk()

    async def main() -> str:
        together = Together(disk.transaction)
        first, second = (asyncio.create_task(together(disk.write(name))) for name in "ab")
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(main()) == "b"
    assert disk.said == ["begin", "a", "b", "commit"]
