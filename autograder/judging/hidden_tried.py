"""Whether the course's own solution passes what a teacher keeps back, tried before anybody is graded by it.

A scene can be set up without an error and still fit no answer: arguments that belong to another world, a time that the trial's limits do
not allow, a behaviour that such a scene cannot show. Everybody would lose points by it, and each student would be told that it was theirs.
"""

from __future__ import annotations

from nbformat import NotebookNode

from autograder.execution.client import SubmissionFailed, WorkerClient
from autograder.judging.behaviours import UNJUDGED, Exercise, Part, Verdict
from autograder.judging.hidden import FOLDER, hidden, judge_hidden
from autograder.judging.notebook import run_cells
from autograder.judging.remote_guest import remote_guest
from autograder.notebooks import answer_of
from threadlab.errors import ThreadlabError


def try_hidden(exercise: Exercise, solution: NotebookNode, client: WorkerClient) -> None:
    """Judge the solution in the scenes that are kept back; does nothing if there are none. Raises ThreadlabError for one that it loses."""
    hidden_checks = hidden(exercise.slug)
    for part in exercise.parts:
        if not any(hidden_checks.must_hold.get(scene.name) for scene in hidden_checks.scenes.get(part.name, ())):
            continue
        verdict = _judged(exercise.slug, part, solution, client)
        for one in verdict.findings if verdict is not None else ():
            if one.earned < one.points:
                scenes = [one.scene] if one.scene else [scene.name for scene in hidden_checks.scenes[part.name]]
                where = f"in the scene {' or '.join(map(repr, scenes))}"
                raise ThreadlabError(
                    f"{FOLDER / exercise.slug}.py: the course's own solution loses {one.behaviour} {where}: {one.sentence.rstrip('.')}. "
                    "Nobody was graded, because this scene would take points from everybody. Check the arguments that the scene "
                    "passes to the answer, and the behaviours that MUST_HOLD lists for it."
                )


def _judged(slug: str, part: Part, solution: NotebookNode, client: WorkerClient) -> Verdict | None:
    answer = answer_of(solution, part.name)
    with client.open() as session:
        try:
            run_cells(solution, session)
            guest = remote_guest(session, context=answer.context)
            return judge_hidden(slug, part, guest, answer.sources, {one.name for one in part.behaviours})
        except SubmissionFailed as failed:
            raise ThreadlabError(f"The solution of {slug} cannot be run, so {FOLDER / slug}.py cannot be tried: {failed}.") from None
        except UNJUDGED as error:
            raise ThreadlabError(
                f"{FOLDER / slug}.py: what the course's own solution does there cannot be judged ({type(error).__name__}: {error}). "
                "Nobody was graded."
            ) from None
