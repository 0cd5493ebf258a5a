"""Grade mutants side by side in the sandbox; what is known of one is kept, so that a run that was interrupted goes on."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path

import msgspec

from autograder import checks
from autograder.course_folder import ROOT
from autograder.execution.client import WorkerClient
from autograder.execution.orders import WorkerError
from autograder.judging.behaviours import UNJUDGED, Loss, Part, first_loss
from autograder.judging.remote_guest import Budget, remote_guest
from autograder.mutation.mutants import Mutant, surroundings
from autograder.notebooks import uses
from autograder.sandbox.report import SandboxUnavailable
from threadlab.trials.trial import Guest

KNOWN = ROOT / "autograder" / "work" / "mutation"
"""A file an exercise, with a line for each mutant that was graded."""
TRIAL_TIMEOUT, ALL_TRIALS = 8.0, 60.0
"""Seconds of processor time that a mutant may use in one trial, and in all."""
CRASHED = "the check could not judge what it returned"

_client: WorkerClient | None = None


class Fate(msgspec.Struct, frozen=True):
    """What became of a mutant."""

    key: str
    fingerprint: str
    behaviour: str = ""
    """The behaviour that it loses first; empty if it survives."""
    sentence: str = ""

    @property
    def survives(self) -> bool:
        return not self.behaviour


def grade_all(
    mutants: Sequence[Mutant], *, workers: int = 2, trust: bool = False, again: bool = False, known: Path = KNOWN
) -> Iterator[tuple[Mutant, Fate]]:
    """Every mutant with its fate, as they come. Fates of an earlier run are used while the check and the service are the same."""
    waiting: deque[Mutant] = deque()
    for mutant in mutants:
        fate = None if again else _known_fates(known, mutant.exercise).get(key_of(mutant))
        if fate is not None:
            yield mutant, fate
        else:
            waiting.append(mutant)
    _known_fates.cache_clear()
    if not waiting:
        return
    pool = ProcessPoolExecutor(min(workers, len(waiting)), get_context("spawn"), _begin, (trust,))
    try:
        futures = {pool.submit(grade_one, mutant): mutant for mutant in waiting}
        for future in as_completed(futures):
            mutant, fate = futures[future], future.result()
            _remember(known, mutant.exercise, fate)
            yield mutant, fate
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def grade_one(mutant: Mutant) -> Fate:
    """Grade a mutant in this process, whose answer runs in the sandbox."""
    assert _client is not None
    try:
        session = _client.open()
    except SandboxUnavailable as problem:  # which cannot be passed on from process to process
        raise WorkerError(str(problem)) from None
    with session:
        guest = remote_guest(session, Budget(seconds=ALL_TRIALS), TRIAL_TIMEOUT)
        loss = loss_of(mutant, guest)
    return Fate(key_of(mutant), mutant.fingerprint, loss.behaviour if loss else "", loss.sentence if loss else "")


def loss_of(mutant: Mutant, guest: Guest) -> Loss | None:
    """What a mutant loses first: in the part that was changed, then in those that use it."""
    sources = [surroundings(mutant.exercise), *mutant.cells.values()]
    exercise = checks.find(mutant.exercise)
    others = [part for part in exercise.parts if mutant.part in uses(mutant.cells.get(part.name, "")) and part.name != mutant.part]
    for part in (exercise.part(mutant.part), *others):
        if loss := _guarded(part, guest, sources):
            return loss
    return None


def _guarded(part: Part, guest: Guest, sources: list[str]) -> Loss | None:
    try:
        return first_loss(part, guest, sources)
    except UNJUDGED as error:
        return Loss(part.name, f"{CRASHED} ({type(error).__name__})")


def key_of(mutant: Mutant) -> str:
    """Of all that decides on a mutant's fate: its text, the check, and what judges."""
    parts = [_judging(mutant.exercise), *mutant.cells.values()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


@lru_cache
def _judging(slug: str) -> str:
    files = [
        *checks.modules(slug),
        *sorted((ROOT / "threadlab" / "trials").rglob("*.py")),
        ROOT / "autograder" / "judging" / "behaviours.py",
    ]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


@lru_cache
def _known_fates(folder: Path, slug: str) -> dict[str, Fate]:
    path = folder / f"{slug}.jsonl"
    lines = path.read_bytes().splitlines() if path.is_file() else []
    decode: Callable[[bytes], Fate] = msgspec.json.Decoder(Fate).decode
    result = {}
    for line in lines:
        try:
            fate = decode(line)
        except msgspec.MsgspecError:  # the line that was being written when the run was ended
            continue
        result[fate.key] = fate
    return result


def _remember(folder: Path, slug: str, fate: Fate) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{slug}.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(fate) + b"\n")


def _begin(trust: bool) -> None:
    """What a worker does first."""
    global _client
    _client = WorkerClient(trust=trust)
    _client.start()
    Finalize(_client, _client.close, exitpriority=10)
