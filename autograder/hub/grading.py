"""The service that grades what is handed in on a hub, one for each course: it watches the exchange, grades, and gives feedback back.

    python -P -m autograder.hub.grading     with THREADS_COURSE, THREADS_EXCHANGE, THREADS_HUB_DATA

It keeps nothing of its own. What has been graded is in the course's records, as after `course.py grade`; a service that is started again
looks through the exchange, and grades what has no record. `hub.toml` is read again when it has changed: the teacher switches there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.classroom import nbgrader_steps as classes
from autograder.classroom.one_grader import alone
from autograder.hub import page
from autograder.hub.exchange import SECRET, newest
from autograder.hub.plan import Course, Plan, read_settings
from autograder.printable import printable
from autograder.sandbox import available
from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from autograder.classroom.assignment import Record
    from autograder.classroom.processes import Pool

EVERY = 1.0
"""Seconds between two looks at the exchange."""
SETTLED = 10.0
"""Seconds after which a submission counts as complete although nbgrader has not finished it."""
ATTEMPTS = 3
"""How often a submission is tried when something that is not its own is in the way."""
FINISHED = 0o777
"""What nbgrader gives a submission's folder last."""


class Service:
    """Grades one course's submissions as they come."""

    def __init__(self, plan: Plan, course: str, trust: bool = False, always: bool = False) -> None:
        self._plan, self._course, self._trust, self._always = plan, course, trust, always
        self._place = plan.exchange / course
        self._done: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._pool: Pool | None = None
        self._pool_is = ""
        self._api: Any = None
        self._read_at = 0
        self._settings = plan.courses[course]

    def run(self) -> None:
        """Until the process is ended."""
        last_message = ""
        while True:
            try:
                self.look()
                last_message = ""
            except ThreadlabError as error:
                if last_message != str(error):
                    say(str(error))
                last_message = str(error)
            time.sleep(EVERY)

    def look(self) -> int:
        """Grade everything that is new; returns how many submissions. Raises ThreadlabError when nothing can be graded at all."""
        settings = self._current()
        if not (settings.grade_on_submission or self._always):
            return 0
        new = self._new()
        if not new:
            return 0
        pool = self._graders(settings)
        waiting: dict[str, dict[str, Path]] = defaultdict(dict)
        for student, slug, path in new:
            waiting[slug][student] = path
        with alone():
            for slug, students in sorted(waiting.items()):
                self._grade(slug, students, pool, settings)
        return len(new)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    # ---- what there is to do

    def _current(self) -> Course:
        """The course's settings as they are now."""
        with contextlib.suppress(OSError):
            changed = self._plan.file.stat().st_mtime_ns
            if changed != self._read_at:
                self._read_at = changed
                self._settings = read_settings(self._plan.file).courses.get(self._course, self._settings)
        return self._settings

    def _new(self) -> list[tuple[str, str, Path]]:
        inbound = self._place / "inbound"
        return [one for one in newest(inbound) if one[2].name not in self._done and self._counts(*one[1:])]

    def _counts(self, slug: str, path: Path) -> bool:
        """Whether it is a complete submission to an exercise that was released."""
        if not (self._place / "outbound" / slug).is_dir():
            return False
        about = path.stat()
        return about.st_mode & 0o777 == FINISHED or time.time() - about.st_ctime > SETTLED

    def _graders(self, settings: Course) -> Pool:
        """The sandbox's processes, or the cluster that the settings name."""
        where = settings.cluster or "here"
        if self._pool is None or self._pool_is != where:
            self.close()
            self._pool, self._pool_is = self._made(settings.cluster), where
        return self._pool

    def _made(self, cluster: str) -> Pool:
        if cluster:
            from autograder.classroom.dask_cluster import Cluster

            return Cluster(cluster, self._trust)
        if not self._trust and not (report := available()).complete:
            raise ThreadlabError(f"What is handed in is not graded here: {report.sentence()}")
        from autograder.classroom.processes import Processes

        pool = Processes(trust=self._trust)
        pool.start()
        return pool

    # ---- doing it

    def _grade(self, slug: str, students: dict[str, Path], pool: Pool, settings: Course) -> None:
        if self._api is None:
            self._api = classes.nbgrader_api(self._trust)
        outcome = self._api.collect(slug, update=True)
        if not outcome["success"]:
            say(f"{slug} could not be collected: {printable(outcome.get('log') or outcome.get('error') or '')[-600:]}")
            return
        for line in (outcome.get("log") or "").splitlines():
            if "left out" in line or "the later time counts" in line:
                say(line)
        coursedir = self._api.coursedir
        there = [one for one in students if Path(coursedir.root, coursedir.format_path(coursedir.submitted_directory, one, slug)).is_dir()]
        self._done.update(path.name for student, path in students.items() if student not in there)  # it was left out
        for student, record in classes.grade_each(slug, self._api, pool, there):
            name = students[student].name
            if record is not None:
                self._give_back(slug, student, record, settings)
                self._done.add(name)
                continue
            self._failed[name] += 1
            if self._failed[name] == ATTEMPTS:
                say(f"{student}: {slug} could not be graded, {ATTEMPTS} times; it is tried again when the hub is started again.")
                self._done.add(name)
            self.close()  # whatever is the matter with the processes that grade, the next ones are new

    def _give_back(self, slug: str, student: str, record: Record, settings: Course) -> None:
        """Feedback to where the student fetches it. What goes wrong here is this student's alone."""
        try:
            if settings.feedback == "marks" and not record.problem:
                done = classes.feedback_of(slug, student, self._api) and self._api.release_feedback(slug, student)["success"]
            else:
                done = self._put_page(slug, student, record)
        except Exception as error:
            say(f"{student}: feedback on {slug}: {type(error).__name__}: {printable(error)}")
            return
        what = f"not graded: {printable(record.problem)}" if record.problem else "graded"
        say(f"{student}: {slug} {what}{'' if done else ', no feedback'}")

    def _put_page(self, slug: str, student: str, record: Record) -> bool:
        from nbgrader.utils import notebook_hash

        coursedir = self._api.coursedir
        folder = Path(coursedir.root, coursedir.format_path(coursedir.submitted_directory, student, slug))
        secret, moment = (folder / SECRET).read_text("ascii"), (folder / "timestamp.txt").read_text("utf-8")
        to = self._place / "feedback"
        for name in self._notebooks(slug):
            file = to / f"{notebook_hash(secret=secret, notebook_id=name)}.html"
            if file.exists() and not page.is_ours(file):
                continue  # marks were released for this very submission
            aside = file.with_suffix(".part")
            aside.write_text(page.page(name, student, moment, record.verdicts.get(name, []), record), encoding="utf-8")
            aside.chmod(0o644)
            aside.replace(file)
        return True

    def _notebooks(self, slug: str) -> Iterator[str]:
        for path in sorted((self._place / "outbound" / slug).glob("*.ipynb")):
            yield path.stem


def say(text: str) -> None:
    print(f"grading: {text}", file=sys.stderr, flush=True)


def main() -> int:
    service = Service(
        Plan.from_environment(),
        os.environ["THREADS_COURSE"],
        trust="THREADS_HUB_TRUST" in os.environ,
        always="THREADS_HUB_GRADE" in os.environ,
    )
    try:
        service.run()
    except KeyboardInterrupt:
        return 130
    finally:
        service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
