"""Requests that share a wait for the disk."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from threadlab.service.group_commit import GroupCommit
from threadlab.store.protocol import Flushing


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


class SlowDisk(Disk):
    """Waits for the disk apart from its transactions, for as long as `gate` is shut."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.gate, self.flushes, self._broken = threading.Event(), 0, broken

    @property
    def flushing(self) -> Flushing:
        return Flushing(lambda: sum(one.isalpha() and len(one) == 1 for one in self.said), self._flush)

    def _flush(self) -> None:
        self.flushes += 1
        assert self.gate.wait(60)
        if self._broken:
            raise OSError("the disk is broken")


def test_reply_to_what_wrote_waits_for_the_disk_and_nobody_else_does() -> None:
    disk = SlowDisk()

    async def main() -> tuple[bool, str]:
        group_commit = GroupCommit(disk.transaction, disk.flushing)
        writer = asyncio.create_task(group_commit(disk.write("a")))
        await asyncio.gather(*(group_commit(lambda: None) for _ in range(3)))  # in one transaction with it, and answered
        early, _ = writer.done(), disk.gate.set()
        return early, await writer

    assert asyncio.run(main()) == (False, "a")
    assert disk.flushes == 1


def test_those_who_come_during_a_wait_for_the_disk_share_the_next() -> None:
    disk = SlowDisk()

    async def main() -> list[str]:
        group_commit = GroupCommit(disk.transaction, disk.flushing)
        first = asyncio.create_task(group_commit(disk.write("a")))
        while not disk.flushes:
            await asyncio.sleep(0.001)
        later = [asyncio.create_task(group_commit(disk.write(name))) for name in "bcd"]
        while disk.said.count("commit") < 2:
            await asyncio.sleep(0.001)
        assert not any(one.done() for one in (first, *later))
        disk.gate.set()
        return await asyncio.gather(first, *later)

    assert asyncio.run(main()) == ["a", "b", "c", "d"]
    assert disk.flushes == 2  # a flush that had begun when b was written says nothing about b


def test_what_the_disk_did_not_take_is_not_acknowledged() -> None:
    disk = SlowDisk(broken=True)
    disk.gate.set()

    async def main() -> list[object]:
        group_commit = GroupCommit(disk.transaction, disk.flushing)
        failed = await asyncio.gather(*(group_commit(disk.write(name)) for name in "ab"), return_exceptions=True)
        return [*map(str, failed), await group_commit(lambda: "read")]

    assert asyncio.run(main()) == ["the disk is broken", "the disk is broken", "read"]
