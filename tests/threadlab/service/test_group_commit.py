"""Requests that share a wait for the disk."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from threadlab.service.group_commit import GroupCommit


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


def test_requests_share_one_commit() -> None:
    disk = Disk()

    async def main() -> list[str]:
        group_commit = GroupCommit(disk.transaction)
        return await asyncio.gather(*(group_commit(disk.write(name)) for name in "abc"))

    assert asyncio.run(main()) == ["a", "b", "c"]
    assert disk.said == ["begin", "a", "b", "c", "commit"]


def test_reply_waits_for_the_commit() -> None:
    disk = Disk()

    async def main() -> None:
        await GroupCommit(disk.transaction)(disk.write("a"))
        disk.said.append("reply")

    asyncio.run(main())
    assert disk.said == ["begin", "a", "commit", "reply"]


def test_failed_commit_is_not_acknowledged() -> None:
    disk = Disk(full=True)

    async def main() -> list[object]:
        group_commit = GroupCommit(disk.transaction)
        return await asyncio.gather(*(group_commit(disk.write(name)) for name in "ab"), return_exceptions=True)

    assert [str(one) for one in asyncio.run(main())] == ["the disk is full"] * 2


def test_client_that_leaves_does_not_harm_the_others() -> None:
    disk = Disk()

    async def main() -> str:
        group_commit = GroupCommit(disk.transaction)
        first, second = (asyncio.create_task(group_commit(disk.write(name))) for name in "ab")
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(main()) == "b"
    assert disk.said == ["begin", "a", "b", "commit"]
