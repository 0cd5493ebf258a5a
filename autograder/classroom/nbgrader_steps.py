"""nbgrader's steps for a class: release, grade, feedback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.lms.shapes import plain
from autograder.notebooks import BadNotebook
from autograder.one_student import apart
from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from autograder.classroom.assignment import Record
    from autograder.classroom.processes import Pool

CONFIG = Path(__file__).resolve().parents[1]


def nbgrader_api(trust: bool = False, **directories: str) -> Any:
    """nbgrader's own Python interface with the course's configuration. `directories` go to its CourseDirectory."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    for folder in (CONFIG, CONFIG.parent):  # a plugin beside the configuration is found, as when nbgrader runs there
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(CONFIG)).load_config()
    config.merge(Config({"ExecuteInSandbox": {"trust_submissions": trust}, "CourseDirectory": directories}))
    return NbGraderAPI(config=config)


def known(slug: str, api: Any) -> bool:
    """Whether the gradebook has the assignment."""
    from nbgrader.api import MissingEntry

    try:
        with api.gradebook as gradebook:
            return bool(gradebook.find_assignment(slug).notebooks)
    except MissingEntry:
        return False


def ready(slug: str, **directories: str) -> None:
    """See to it that the gradebook knows the assignment; a fresh clone has no gradebook at all.

    nbgrader learns an assignment by releasing it, so it is released once more, to a folder of its own: the notebooks in `exercises/` may
    hold somebody's answers. `directories` are as in `nbgrader_api`. Raises ThreadlabError when nbgrader cannot do it.
    """
    api = nbgrader_api(trust=False, **{"release_directory": "autograder/work/release", **directories})
    if known(slug, api):
        return
    outcome = api.generate_assignment(slug, force=True, create=True)
    if not outcome["success"]:
        raise ThreadlabError(f"nbgrader could not enter {slug} into the gradebook:\n{_end_of(outcome)}")


def grade(slug: str, api: Any, pool: Pool, students: list[str] | None = None, force: bool = False) -> Iterator[Record]:
    """Grade a class, side by side; each student's failure is that student's alone. Yields the records as they come."""
    from autograder.classroom.assignment import Classroom

    room = Classroom(slug, api)
    names = sorted(students or room.students())
    for name in names:
        if not room.look(name).folder.is_dir():
            raise BadNotebook(f"{name} has not handed in {slug}: there is no folder {room.look(name).folder}.")
    _try_hidden(slug)
    yield from room.run(pool, names, force)


def grade_each(slug: str, api: Any, pool: Pool, students: list[str]) -> Iterator[tuple[str, Record | None]]:
    """Grade what these have handed in. Everybody comes up once: with None if something that is not theirs was in the way."""
    waiting = dict.fromkeys(sorted(students))
    try:
        ready(slug)
        for record in grade(slug, api, pool, list(waiting)):
            del waiting[record.student]
            yield record.student, record
    except Exception as error:  # one exercise's trouble is not another's
        print(f"{slug}: {type(error).__name__}: {error}", file=sys.stderr)
    for student in waiting:
        yield student, None


def _try_hidden(slug: str) -> None:
    """Let a mistake in a teacher's own scenes end here, and not as everybody's lost points. Raises ThreadlabError."""
    from autograder import checks
    from autograder.execution.client import WorkerClient
    from autograder.judging.hidden import hidden
    from autograder.judging.hidden_tried import try_hidden
    from autograder.notebooks import read

    path = CONFIG.parent / "solutions" / slug / f"{slug}.ipynb"
    if slug in checks.SLUGS and hidden(slug).scenes and path.is_file():
        with WorkerClient(trust=True) as client:  # the course's own code
            try_hidden(checks.find(slug), read(path), client)


def passed_over(slug: str, api: Any) -> list[str]:
    """Folders that hold a submission and that nbgrader takes for nobody's."""
    from autograder.classroom.assignment import Classroom

    return Classroom(slug, api).passed_over()


MOST_NAMED = 20
"""Of folders where nothing looks that are named one by one."""


def not_looked_at(api: Any) -> list[str]:
    """What was put among the submissions, and lies where grading does not look: a sentence for each folder."""
    from autograder import checks

    coursedir = api.coursedir
    top, source = (
        Path(coursedir.root, coursedir.format_path(kind, ".", "."))  # as nbgrader makes paths, for nobody and nothing
        for kind in (coursedir.submitted_directory, coursedir.source_directory)
    )
    exercises = {*checks.SLUGS, *(path.name for path in source.glob("*") if path.is_dir())}
    strange = [top] if _hands_in(top, "*") else []
    for student in sorted(path for path in top.glob("*") if path.is_dir() and not path.is_symlink()):
        if _hands_in(student, "*"):
            strange.append(student)
        inside = (path for path in student.glob("*") if path.is_dir() and not path.is_symlink() and path.name not in exercises)
        strange += [path for path in sorted(inside) if _hands_in(path, "**/*")]
    said = [_where_it_belongs(path, top, exercises) for path in strange[:MOST_NAMED]]
    return said + ([f"Nor was what is in {len(strange) - MOST_NAMED} more such folders."] if len(strange) > MOST_NAMED else [])


def _hands_in(folder: Path, pattern: str) -> bool:
    """Whether there is something that could be a submission."""
    try:
        return any(path.suffix.lower() in (".ipynb", ".zip") and ".ipynb_checkpoints" not in path.parts for path in folder.glob(pattern))
    except OSError:
        return False


def _where_it_belongs(folder: Path, top: Path, exercises: set[str]) -> str:
    meant = [slug for slug in sorted(exercises) if plain(slug) == plain(folder.name)] if folder.parent.parent == top else []
    what_to_do = f"Rename it to {meant[0]}." if meant else "What an LMS has packed is taken in by course.py collect."
    return f"{folder}: was not looked at. Submissions belong in {top}/<student>/<exercise>/. {what_to_do}"


def max_score(slug: str, api: Any) -> float:
    """What an assignment is worth."""
    from autograder.classroom.released import read_release

    return read_release(api.coursedir.db_url, slug).max_score


def feedback(slug: str, api: Any) -> list[str]:
    """nbgrader's feedback pages for everybody who was graded, each in a process with limits. Returns whose page could not be made."""
    from autograder.classroom.assignment import Classroom

    room = Classroom(slug, api)
    return [student for student in room.graded_students() if not feedback_of(slug, student, api)]


def feedback_of(slug: str, student: str, api: Any) -> bool:
    """nbgrader's feedback page for one; False when it could not be made."""
    return apart(_page, slug, student, api) is not None


def _page(slug: str, student: str, api: Any) -> bytes:
    """Make a student's page. Raises ThreadlabError when nbgrader cannot."""
    done = _make_page(slug, student, api)
    folder = Path(api.coursedir.format_path(api.coursedir.feedback_directory, student, slug))
    for path in folder.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.chmod(0o644)
        path.write_text(text.replace("<head>", f"<head>{POLICY}", 1), encoding="utf-8")
    if not (done and any(folder.glob("*.html"))):
        raise ThreadlabError(f"nbgrader made no page for {student}.")
    return b""


def _make_page(slug: str, student: str, api: Any) -> bool:
    """As the gradebook's API does it, with the student's folder taken literally: nbgrader reads its name as a pattern, and finds none of
    somebody called `[abc]` (nbgrader#1843)."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.utils import capture_log, temp_attrs
    from traitlets.config import Config

    class Feedback(GenerateFeedback):  # type: ignore[misc]
        def init_notebooks(self) -> None:
            folder = self._format_source(slug, student)
            self.notebooks: list[str] = []
            self.assignments = {folder: sorted(str(path) for path in Path(folder).glob("*.ipynb"))}

    with temp_attrs(api.coursedir, assignment_id=slug, student_id=student):
        converter = Feedback(coursedir=api.coursedir, parent=api)
        converter.update_config(Config({"HTMLExporter": {"template_name": "feedback"}}))
        converter.force = True
        return bool(capture_log(converter)["success"])


POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:\">"
)
"""Nothing in a feedback page may run, or be fetched from anywhere."""


def _end_of(outcome: Any) -> str:
    lines = [line for line in (outcome.get("log") or outcome.get("error") or "").strip().splitlines() if line.strip()]
    return "\n".join(lines[-6:])
