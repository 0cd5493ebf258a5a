"""The nbgrader preprocessor that runs a submission: in a forked, locked-down process instead of a kernel."""

from __future__ import annotations

import atexit
import time
from pathlib import Path
from typing import Any

import msgspec
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.execution.hosts import Host, best_host
from autograder.judging.behaviours import Exercise, Verdict
from autograder.judging.notebook import grade_notebook, incidents, salted

_client: WorkerClient | None = None


def shared_client(trust: bool = False, host: Host | None = None) -> WorkerClient:
    """The one worker of this process, started when it is first needed and ended with the process. `host`: where its children come from."""
    global _client
    if _client is None:
        _client = WorkerClient(trust, host or best_host())
        atexit.register(_client.close)
    return _client


def exercise_of(slug: str) -> Exercise | None:
    """The course's exercise of this name, or None for an assignment of somebody else's."""
    return checks.find(slug) if slug in checks.SLUGS else None


class ExecuteInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the place of nbgrader's Execute: same outputs, no kernel, and graded cells are judged in this process."""

    timeout = Integer(30, allow_none=True, help="Seconds that a cell may run.").tag(config=True)
    trust_submissions = Bool(False, help="Run submissions even where the system offers no sandbox.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        about = resources.get("nbgrader", {})
        folder = self._folder(resources)
        exercise = exercise_of(about.get("assignment", ""))
        start = time.perf_counter()
        with shared_client(self.trust_submissions).open(folder) as session, salted(nb, folder):
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
