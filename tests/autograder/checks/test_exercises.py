"""Every exercise by its own corpus: the solution earns all, the blank nothing, and each wrong answer loses what it says."""

from functools import cache
from pathlib import Path

import pytest

from autograder import checks
from autograder.judging.behaviours import judge
from autograder.judging.verdict_text import render
from autograder.notebooks import CHECK, answer_of, is_graded, part_of, read, read_answers, read_sentence_key, released, solution
from threadlab.trials.trial import in_process

CORPUS = Path(__file__).resolve().parents[3] / "autograder" / "known_answers"
SLUGS = [slug for slug in checks.SLUGS if slug != "sixth-message"]
"""`sixth-message` has tests of its own."""
DEAR = {"migrate-thread", "resilient-turn", "run-queue", "support-desk"}
"""Exercises whose solutions take seconds to judge."""
SOLUTIONS = [pytest.param(slug, marks=[pytest.mark.slow] if slug in DEAR else []) for slug in SLUGS]
ANSWERS = [(slug, path) for slug in SLUGS for path in sorted((CORPUS / slug).glob("*/*.py"))]


def named(answers):
    """Parameters of a test of known answers. `conftest.py` gives both tests of an answer to one process, which judges it once."""
    return [pytest.param(slug, path, id=f"{slug}-{path.parent.name}-{path.stem}") for slug, path in answers]


def verdicts(slug, sources_of):
    """What each part comes to, for answers that stand alone."""
    return [verdict(slug, part.name, tuple(sources_of(part.name))) for part in checks.find(slug).parts]


@cache
def verdict(slug, name, sources):
    """What a part comes to. The answers of a corpus differ in one part mostly; the others are judged once."""
    return judge(checks.find(slug).part(name), in_process({}, alone=True), list(sources))


def given_by(slug):
    """The locked cells' imports, so that an answer finds around it what the notebook gives."""
    cells = read(solution(slug)).cells
    setup = next(cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup")
    return "\n".join(line for line in setup.splitlines() if not line.startswith("%") and "autograder" not in line)


@pytest.mark.parametrize("slug", SOLUTIONS)
def test_solution_earns_all_points(slug):
    notebook = read(solution(slug))
    judged = verdicts(slug, lambda name: [given_by(slug), *answer_of(notebook, name).context, *answer_of(notebook, name).sources])
    assert not [name for verdict in judged for name in verdict.lost], "\n".join(render(verdict) for verdict in judged)


@pytest.mark.parametrize("slug", SLUGS)
def test_blank_earns_nothing(slug):
    notebook = read(released(slug))
    judged = verdicts(slug, lambda name: [given_by(slug), *answer_of(notebook, name).context, *answer_of(notebook, name).sources])
    assert sum(verdict.earned for verdict in judged) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "path"), named(ANSWERS))
def test_known_answer_loses_exactly_what_it_states(slug, path):
    cells, stated = read_answers(path)
    judged = verdicts(slug, lambda name: [given_by(slug), cells.get(name, "raise NotImplementedError()")])
    lost = {name for verdict in judged for name in verdict.lost}
    assert lost == set(stated or ()), "\n".join(render(verdict) for verdict in judged)
    assert (path.parent.name == "wrong") == bool(lost)


@pytest.mark.parametrize("slug", SLUGS)
def test_notebook_and_check_agree_on_points(slug):
    exercise = checks.find(slug)
    cells = read(solution(slug)).cells
    points = {part_of(cell): cell.metadata.nbgrader.points for cell in cells if is_graded(cell)}
    assert points == {part.name: part.points for part in exercise.parts}
    title = cells[0].source
    assert f"[Lesson {exercise.about.lesson}](../../lessons/{exercise.about.lesson}-" in title
    assert f".ipynb) · about {exercise.about.minutes} minutes · {exercise.about.points} points" in title
    assert all(
        f'check("{slug}"' in cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id", "").startswith(CHECK)
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_statement_names_every_behaviour(slug):
    text = "\n".join(cell.source for cell in read(solution(slug)).cells)
    hidden = [one.name for part in checks.find(slug).parts for one in part.behaviours if f"| `{one.name}` | {one.points} |" not in text]
    assert not hidden


@pytest.mark.parametrize("slug", SLUGS)
def test_every_behaviour_has_a_wrong_answer_that_loses_it(slug):
    named = [path for one, path in ANSWERS if one == slug and path.stem not in ("blank", "does_nothing")]
    stated = {name for path in named for name in read_answers(path)[1] or ()}
    assert {behaviour.name for part in checks.find(slug).parts for behaviour in part.behaviours} <= stated
    assert len([path for path in named if path.parent.name == "right"]) >= 3
    assert len([path for path in named if path.parent.name == "wrong"]) >= 6
    assert len(checks.find(slug).hints) == 3


def test_check_is_graded_again_when_its_helpers_change():
    """What a check takes from its neighbours is part of it."""
    assert {path.stem for path in checks.modules("retention-job")} == {"retention_job", "retention_scenes", "seen"}
    assert {path.stem for path in checks.modules("migrate-thread")} >= {"migrate_thread", "confirmed_answer", "wait_for_run", "seen"}


@pytest.mark.parametrize("slug", checks.SLUGS)
def test_every_behaviour_and_every_promise_has_scenes_and_every_scene_is_judged(slug):
    for part in [part for part in checks.find(slug).parts if part.judge is None]:
        scenes = {scene.name for scene in part.scenes}
        assert len(scenes) == len(part.scenes)
        judged = {name for one in part.behaviours for name in one.scenes or (part.scenes[0].name,)}
        assert judged == scenes
        for promise, instances in part.promises.items():
            assert instances, f"{slug}: no scene shows “{promise}”"
            assert set(instances) <= scenes, f"{slug}: “{promise}” names scenes that there are not"


@pytest.mark.parametrize(
    "slug",
    [
        "first-turn",
        "open-conversation",
        "confirmed-answer",
        "wait-for-run",
        "sixth-message",
        "thread-lane",
        "retention-job",
        "tool-loop",
        "stream-turn",
        "run-queue",
        "busy-thread",
        "support-desk",
    ],
)
def test_promises_of_the_statement_are_tied_to_scenes(slug):
    (part,) = [part for part in checks.find(slug).parts if part.judge is None]
    assert len(part.promises) >= 4
    tied = {name for instances in part.promises.values() for name in instances}
    assert {scene.name for scene in part.scenes} <= tied, "a scene that no promise speaks of"


def test_answer_may_name_the_sentence_that_it_gets(tmp_path):
    answer = tmp_path / "answer.py"
    answer.write_text("# loses: asks_once\n# says: user_messages_posted_one_wanted\n# %% first_turn\nx = 1\n")
    assert read_sentence_key(answer) == "user_messages_posted_one_wanted"
    answer.write_text("# loses: asks_once\n# %% first_turn\n# says: not this\n")
    assert read_sentence_key(answer) is None


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "path"), named([(slug, path) for slug, path in ANSWERS if read_sentence_key(path)]))
def test_known_answer_gets_the_sentence_that_it_names(slug, path):
    cells, _ = read_answers(path)
    judged = verdicts(slug, lambda name: [given_by(slug), cells.get(name, "raise NotImplementedError()")])
    keys = [one.key for verdict in judged for one in verdict.findings if one.earned < one.points and not one.follows]
    assert keys[0] == read_sentence_key(path), "\n".join(render(verdict) for verdict in judged)
