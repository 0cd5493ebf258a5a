"""The nbgrader preprocessor that runs a submission: in a forked, locked-down process instead of a kernel."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer

from autograder import checks
from autograder.course_folder import ROOT
from autograder.execution.client import Session, WorkerClient
from autograder.execution.hosts import Host, best_host
from autograder.judging.behaviours import Exercise, Verdict
from autograder.judging.notebook import grade_notebook
from threadlab.trials.trial import SALT

_client: WorkerClient | None = None


def shared_client(trust: bool = False, host: Host | None = None) -> WorkerClient:
    """The one worker of this process, started when it is first needed and ended with the process. `host`: where its children come from."""
    global _client
    if _client is None:
        _client = WorkerClient(trust, host or best_host())
        atexit.register(_client.close)
    return _client


@contextlib.contextmanager
def salted(notebook: NotebookNode) -> Iterator[None]:
    """Let the ids of all trials follow from what was handed in and from a secret of this computer: the same when it is graded again, others
    for everybody else, and not to be known beforehand."""
    digest = hashlib.sha256(secret())
    for cell in (one for one in notebook.cells if one.cell_type == "code"):
        digest.update(str(cell.get("source", "")).encode("utf-8", "replace") + b"\0")
    token = SALT.set(int.from_bytes(digest.digest()[:7], "big"))
    try:
        yield
    finally:
        SALT.reset(token)


@cache
def secret() -> bytes:
    """The secret of this computer's gradings, made when it is first needed."""
    file = ROOT / "autograder" / "work" / ".secret"
    with contextlib.suppress(OSError):
        return file.read_bytes()
    made = secrets.token_bytes(32)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".secret-") as whole:  # nobody may read half a secret
            whole.write(made)
            whole.flush()
            with contextlib.suppress(FileExistsError):  # another worker was quicker: its secret is everybody's
                os.link(whole.name, file)
        return file.read_bytes()
    return made


def exercise_of(slug: str) -> Exercise | None:
    """The course's exercise of this name, or None for an assignment of somebody else's."""
    return checks.find(slug) if slug in checks.SLUGS else None


REFUSALS = (
    "BlockingIOError",
    "ConnectionRefusedError",
    "FileNotFoundError",
    "MemoryError",
    "OSError",
    "OperationalError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "gaierror",
)
"""The errors with which a system says no. An honest cell may meet one, so they are told and nothing follows from them."""
MOST_INCIDENTS = 10


def incidents(notebook: NotebookNode, session: Session) -> list[str]:
    """What a submission did that no submission should, a sentence each."""
    found = [f"{session.failure.sentence[0].upper()}{session.failure.sentence[1:]}."] if session.failure else []
    timeouts = sum(output.get("ename") == "CellTimeoutError" for cell in notebook.cells for output in cell.get("outputs", []))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("ename") in REFUSALS and len(found) < MOST_INCIDENTS:
                found.append(f"A cell ended in {output['ename']}: {output.get('evalue', '')[:200]}")
    return found + ([f"{timeouts} cell{'s' if timeouts > 1 else ''} did not come to an end in time."] if timeouts else [])


class ExecuteInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the place of nbgrader's Execute: same outputs, no kernel, and graded cells are judged in this process."""

    timeout = Integer(30, allow_none=True, help="Seconds that a cell may run.").tag(config=True)
    trust_submissions = Bool(False, help="Run submissions even where the system offers no sandbox.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        about = resources.get("nbgrader", {})
        folder = self._folder(resources)
        exercise = exercise_of(about.get("assignment", ""))
        start = time.perf_counter()
        with shared_client(self.trust_submissions).open(folder) as session, salted(nb):
            verdicts = grade_notebook(nb, session, exercise, cell_timeout=self.timeout)
        self.seconds = time.perf_counter() - start
        self.incidents = incidents(nb, session)
        if exercise is not None:
            self._report(about, folder or Path(), verdicts)
        return nb, resources

    def _folder(self, resources: ResourcesDict) -> Path | None:
        """Where the submission's other files are."""
        return Path(resources.get("metadata", {}).get("path") or ".")

    def _report(self, about: dict[str, Any], folder: Path, verdicts: list[Verdict]) -> None:
        """Keep the verdicts beside the graded notebook, for the teacher's reports."""
        name = f"{about.get('notebook', 'notebook')}.verdicts.json"
        (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(verdicts)))
