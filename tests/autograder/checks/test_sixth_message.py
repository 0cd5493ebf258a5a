"""The checks of `sixth-message`: what they accept, what they refuse, and in which words."""

from pathlib import Path

import pytest

from autograder import checks
from autograder.authoring.corpus import find, grade
from autograder.execution.client import WorkerClient
from autograder.judging.behaviours import judge
from autograder.judging.verdict_text import render
from autograder.notebooks import read, read_answers, solution, with_answers
from threadlab.trials.trial import in_process

CORPUS = Path(__file__).resolve().parents[3] / "autograder" / "known_answers"
ANSWERS = sorted((CORPUS / "sixth-message").glob("*/*.py"))


def verdicts(cells):
    exercise = checks.find("sixth-message")
    return [
        judge(part, in_process({}), [cells[part.name]] if part.name in cells else ["raise NotImplementedError()"])
        for part in exercise.parts
    ]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_known_answer_loses_exactly_what_it_states(path):
    cells, stated = read_answers(path)
    judged = verdicts(cells)
    lost = {name for verdict in judged for name in verdict.lost}
    assert lost == set(stated or ()), "\n".join(render(verdict) for verdict in judged)
    assert (path.parent.name == "wrong") == bool(lost)


def test_points_of_the_parts_add_up():
    exercise = checks.find("sixth-message")
    notebook = read(solution("sixth-message"))
    graded = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert graded == {f"check_{part.name}": part.points for part in exercise.parts}


def test_statement_names_every_behaviour():
    exercise = checks.find("sixth-message")
    text = "\n".join(cell.source for cell in read(solution("sixth-message")).cells)
    for part in exercise.parts:
        for behaviour in part.behaviours:
            assert f"`{behaviour.name}`" in text


def test_every_behaviour_has_a_wrong_answer_that_loses_it():
    stated = {name for path in ANSWERS for name in read_answers(path)[1] or ()}
    assert {behaviour.name for part in checks.find("sixth-message").parts for behaviour in part.behaviours} <= stated


def test_failure_cites_a_line_of_the_journal():
    cells, _ = read_answers(CORPUS / "sixth-message" / "wrong" / "started_is_not_done.py")
    text = render(verdicts(cells)[1])
    assert "#3" in text
    assert "createRun" in text
    assert "of 6 orders" in text


def test_passing_answer_is_told_that_visible_checks_passed():
    text = render(verdicts(read_answers(CORPUS / "sixth-message" / "right" / "create_and_poll.py")[0])[1])
    assert "visible checks passed" in text
    assert "all checks" not in text.lower()


def test_tries_in_the_answer_cell_do_no_harm():
    cells, _ = read_answers(CORPUS / "sixth-message" / "right" / "create_and_poll.py")
    tries = "\n\nimport openai\nrun = await send_and_run(openai.AsyncOpenAI(), 'thread_x', 'asst_x', 'hi')\nprint(run.status)\n"
    part = checks.find("sixth-message").part("send_and_run")
    verdict = judge(part, in_process({}), [cells["send_and_run"] + tries])
    assert verdict.lost == [], render(verdict)


def test_each_order_starts_with_fresh_globals():
    # one scene calls it twice in one process; kept from order to order, the list would grow longer than that
    cell = (
        "seen = []\n\nasync def send_and_run(client, thread_id, assistant_id, text):\n"
        "    seen.append(thread_id)\n    assert len(seen) <= 2 and len(set(seen)) == 1\n"
        "    await client.beta.threads.messages.create(thread_id, role='user', content=text)\n"
        "    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)\n"
    )
    verdict = judge(checks.find("sixth-message").part("send_and_run"), in_process({}), [cell])
    assert verdict.lost == [], render(verdict)


@pytest.mark.slow
def test_sandbox_judges_as_the_notebook_does():
    with WorkerClient(trust=True) as client:
        for row in grade(find(CORPUS, "sixth-message"), client):
            assert row.problem == "", (row.name, row.problem, row.sentences)


def test_submission_of_unknown_cells_is_refused():
    from autograder.notebooks import BadNotebook

    with pytest.raises(BadNotebook, match="no answer cell named other"):
        with_answers("sixth-message", {"other": "x = 1"})
