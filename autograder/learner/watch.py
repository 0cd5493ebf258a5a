"""`course.py watch`: checks an exercise again whenever its notebook is saved, and listens to a few keys."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.behaviours import Verdict
from autograder.judging.notebook import grade_notebook, incidents, salted
from autograder.judging.prepared import handed_out, prepare
from autograder.judging.verdict_text import render
from autograder.learner import progress
from autograder.learner.blanks import reset
from autograder.notebooks import is_solution, read, released, solution
from threadlab.errors import ThreadlabError

KEYS = "keys: [h] hint  [n] next  [r] reset  [s] solution once passed  [o] overview  [c] check again  [q] quit"
PAUSE = 0.3
"""Seconds between two looks at the file."""


class Watch:
    """One learner at one exercise at a time. `say` shows a text."""

    def __init__(self, client: WorkerClient, slug: str, say: Callable[[str], None]) -> None:
        self.client, self.slug, self.say = client, slug, say
        self._seen: float | None = None
        self._resetting = False

    # ---- checking

    def look(self) -> None:
        """Check again if the notebook has been saved since."""
        try:
            saved = released(self.slug).stat().st_mtime
        except OSError:
            saved = 0.0
        if saved != self._seen:
            self._seen = saved
            self.check()

    def check(self) -> None:
        try:
            verdicts, notes = check_now(self.client, self.slug)
        except ThreadlabError as problem:
            self.say(str(problem))
            return
        exercise = checks.find(self.slug)
        earned = sum(verdict.earned for verdict in verdicts)
        standing = progress.note(self.slug, earned, exercise.points)
        self.say("\n\n".join([*notes, *(render(verdict) for verdict in verdicts)]))
        self.say(f"{self.slug}: {earned} of {exercise.points} points." + (" [n] goes on to the next." if standing.passed else ""))
        self.say(KEYS)

    # ---- keys

    def press(self, key: str) -> bool:
        """Do what a key asks for; False ends the watch."""
        if self._resetting:
            self._resetting = False
            self.say(self._reset() if key == "r" else "Nothing was changed.")
            return True
        action = {"h": self.hint, "n": self.next, "s": self.solution, "c": self.check, "r": self.ask, "o": self.overview}.get(key)
        if action is not None:
            action()
        return key != "q"

    def hint(self) -> None:
        standings = progress.load()
        standing = standings.setdefault(self.slug, progress.Standing())
        hints = checks.find(self.slug).hints
        standing.hints = min(standing.hints + 1, len(hints))
        self.say(f"Hint {standing.hints} of {len(hints)}: {hints[standing.hints - 1]}")
        with contextlib.suppress(OSError):
            progress.save(standings)

    def next(self) -> None:
        standings = progress.load()
        later = checks.SLUGS[checks.SLUGS.index(self.slug) + 1 :] + checks.SLUGS
        open_ones = [slug for slug in later if not standings.get(slug, progress.Standing()).passed]
        if not open_ones:
            self.say("That was the last one: every exercise is done.")
            return
        self.slug, self._seen = open_ones[0], None
        self.say(f"Now {self.slug}: {released(self.slug)}")

    def solution(self) -> None:
        standing = progress.load().get(self.slug, progress.Standing())
        if not standing.passed:
            self.say("The solution is shown once your own answer has passed.")
        elif not solution(self.slug).exists():
            self.say("This copy of the course has no solutions in it.")
        else:
            cells = [cell.source for cell in read(solution(self.slug)).cells if is_solution(cell)]
            self.say("\n\n".join(cell.replace("### BEGIN SOLUTION\n", "").replace("### END SOLUTION", "").rstrip() for cell in cells))

    def ask(self) -> None:
        self._resetting = True
        self.say(f"Press r again to begin {self.slug} afresh; what you have written is kept beside it. Any other key leaves it.")

    def _reset(self) -> str:
        try:
            aside = reset(self.slug)
        except (ThreadlabError, OSError) as problem:
            return str(problem)
        return f"{self.slug} is blank again. Your answer is kept in {aside.name}; reload the notebook in JupyterLab."

    def overview(self) -> None:
        self.say(progress.overview())


class Checked(NamedTuple):
    """What came of a notebook."""

    verdicts: list[Verdict]
    notes: list[str]
    """What was done to it before it was judged, and what it did that no notebook should; a sentence each."""


def check_now(client: WorkerClient, slug: str, path: Path | None = None) -> Checked:
    """Judge the learner's notebook as it stands, as grading does, with the files that lie beside it in the exercise's folder.

    Raises ThreadlabError for one that cannot be read.
    """
    path = (path or released(slug)).absolute()  # by a name alone, one in its folder does not say which folder that is
    notebook = read(path)
    notes = prepare(notebook, handed_out(slug))
    folder = path.parent if path.parent.name == slug else None
    with client.open(folder) as session, salted(notebook, folder):
        verdicts = grade_notebook(notebook, session, checks.find(slug))
        return Checked(verdicts, notes + incidents(notebook, session))


def first_open() -> str:
    """The first exercise that is not done."""
    standings = progress.load()
    return next((slug for slug in checks.SLUGS if not standings.get(slug, progress.Standing()).passed), checks.SLUGS[0])


def run(slug: str | None, out: Console) -> int:
    """Watch until q, Ctrl-C or the end of the input."""

    def say(text: str) -> None:
        out.print(text, markup=False)
        out.print()

    say(progress.overview())
    with WorkerClient(trust=True) as client, _keys() as key:
        watch = Watch(client, slug or first_open(), say)
        say(f"Watching {released(watch.slug)}. Save it, and it is checked.")
        going = True
        while going:
            watch.look()
            pressed = key()
            going = not pressed or watch.press(pressed)
    return 0


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[], str]]:
    """A function that waits a moment for a key and returns it, or an empty string."""
    if not sys.stdin.isatty():

        def nobody() -> str:
            time.sleep(PAUSE)
            return ""

        yield nobody
        return
    if sys.platform == "win32":
        import msvcrt

        def on_windows() -> str:
            time.sleep(PAUSE)
            return msvcrt.getwch().lower() if msvcrt.kbhit() else ""

        yield on_windows
        return
    import select
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)

    def on_posix() -> str:
        ready, _, _ = select.select([sys.stdin], [], [], PAUSE)
        return sys.stdin.read(1).lower() or "q" if ready else ""

    try:
        yield on_posix
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
