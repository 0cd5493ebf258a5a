"""The server's side of grading: what waits is sent to the grading process, and what comes back is kept and announced."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from autograder.workshop.grading_process import Came, Ready, Wanted
from autograder.workshop.store import FAILED, GRADED, WAITING, HandIn, Participant, Store

LINE = 1024**2
"""Bytes of one answer of the grading process."""
AGAIN_AFTER = (0.5, 2.0, 10.0, 30.0)
"""Seconds after which a grading process that has ended is started again: the first time, the second …"""


class Grading:
    """`announce` is called with the participant whose hand-in was graded; with 0 when grading itself has begun or ended."""

    def __init__(self, store: Store, submitted: Path, log: Path, announce: Callable[[int], None], trust: bool = False) -> None:
        self._store, self._submitted, self._log, self._announce, self._trust = store, submitted, log, announce, trust
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.state = "getting ready"
        """What the board says about grading; empty when there is nothing to say."""
        self._failures = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._process is not None and self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()  # it ends with the hand-in that it has begun
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def hand_in(self, participant: Participant, exercise: str, notebook: bytes) -> HandIn:
        """Put a notebook where grading looks for it, and have it graded."""
        folder = self._submitted / participant.folder / exercise
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{exercise}.part"
        aside.write_bytes(notebook)
        aside.replace(folder / f"{exercise}.ipynb")
        (folder / "timestamp.txt").write_text(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf-8")
        result = self._store.handed_in(participant.id, exercise)
        self._send(participant.folder, result)
        return result

    def _send(self, student: str, one: HandIn) -> None:
        if self._process is None or self._process.stdin is None or self.state:
            return  # it is sent when the process is ready
        line = msgspec.json.encode(Wanted(one.participant, student, one.exercise, one.number)) + b"\n"
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(line)

    # ---- the process

    async def _run(self) -> None:
        while True:
            await self._once()
            if self._failures < 0:  # it said why it cannot grade at all
                return
            wait = AGAIN_AFTER[min(self._failures, len(AGAIN_AFTER) - 1)]
            self._failures += 1
            self._says(f"grading has stopped, and starts again in {wait:g} s; see {self._log.name}")
            await asyncio.sleep(wait)

    async def _once(self) -> None:
        command = [sys.executable, "-P", "-m", "autograder.workshop.grading_process", *(["--trust-submissions"] if self._trust else [])]
        with self._log.open("ab") as log:
            self._process = await self._started(command, log)
        assert self._process.stdout is not None
        while line := await self._line(self._process.stdout):
            if self.state:
                self._begin(msgspec.json.decode(line, type=Ready))
            else:
                self._keep(msgspec.json.decode(line, type=Came))
        await self._process.wait()

    async def _started(self, command: list[str], log: IO[bytes]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=log, limit=LINE, start_new_session=True)

    async def _line(self, stream: asyncio.StreamReader) -> bytes:
        return await stream.readline()

    def _begin(self, ready: Ready) -> None:
        if ready.problem:
            self._failures = -1
            self._says(f"hand-ins are collected and not graded: {ready.problem}")
            return
        self._says("")
        folders = {one.id: one.folder for one in self._store.participants()}
        for one in self._store.hand_ins():
            if one.state == WAITING and one.participant in folders:
                self._send(folders[one.participant], one)

    def _keep(self, came: Came) -> None:
        self._failures = 0
        state, text = (FAILED, came.problem) if came.problem else (GRADED, came.text)
        self._store.graded(came.participant, came.exercise, came.number, state, came.score, came.of, text)
        self._announce(came.participant)

    def _says(self, state: str) -> None:
        self.state = state
        self._announce(0)
