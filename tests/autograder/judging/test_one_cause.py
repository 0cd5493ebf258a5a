"""What a verdict says: the score, the first failure in full, and of the rest what it follows from."""

import copy
import pickle

import pytest

from autograder import checks
from autograder.judging.behaviours import NEVER_CAME_UP, NOT_WRITTEN, Finding, Sentence, Verdict, judge, with_one_cause
from autograder.judging.verdict_text import render
from autograder.learner.check import Points
from autograder.notebooks import answer_of, read, released
from threadlab.trials.trial import in_process


def finding(name, sentence="", key="", earned=0):
    return Finding(name, 2, earned, sentence, key)


def test_failures_with_one_cause_name_the_row_that_says_it():
    found = with_one_cause(
        [
            finding("asks", "it never came to that: asks", NEVER_CAME_UP),
            finding("waits", "it raised KeyError", "raised KeyError"),
            finding("returns", "it raised KeyError", "raised KeyError"),
            finding("reads", earned=2),
            finding("pages", "one page of two", "one_page"),
        ]
    )
    assert [one.follows for one in found] == ["waits", "", "waits", "", ""]


def test_rows_without_any_cause_follow_from_the_first():
    found = with_one_cause([finding("asks", "it never came to that: a", NEVER_CAME_UP), finding("waits", "b", NEVER_CAME_UP)])
    assert [one.follows for one in found] == ["", "asks"]


def test_text_begins_with_the_score_and_says_the_first_failure_in_full():
    long = "what happened there " * 20
    text = render(
        Verdict("ask", with_one_cause([finding("reads", earned=2), finding("waits", long, "a"), finding("pages", long + "x", "b")]))
    )
    lines = text.splitlines()
    assert lines[0] == "ask: 2 of 6 points, 1 of 3 checks passed."
    assert long in lines[1]
    assert len(lines[2]) < 200
    assert lines[3] == "[pass] reads (2/2)"


def test_blank_answer_is_one_line():
    blank = Verdict("ask", with_one_cause([finding(name, "not written yet.", NOT_WRITTEN) for name in ("asks", "waits")]))
    assert render(blank) == "ask: 0 of 4 points: not written yet."


def test_sentence_keeps_its_key_when_it_is_copied_and_passed_on():
    sentence = Sentence("one_page", "one page of two")
    for other in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):
        assert (other, other.key) == ("one page of two", "one_page")


def test_points_are_a_number_that_a_notebook_does_not_show():
    assert Points(3) == 3.0
    assert isinstance(Points(3), float)
    assert Points(0)._ipython_display_() is None


@pytest.mark.parametrize("slug", [slug for slug in checks.SLUGS if slug != "sixth-message"])
def test_blank_as_it_was_handed_out_is_said_to_be_unwritten(slug: str) -> None:
    notebook = read(released(slug))
    for part in checks.find(slug).parts:
        if part.judge is None:
            verdict = judge(part, in_process({}), answer_of(notebook, part.name).sources)
            assert {one.key for one in verdict.findings} == {NOT_WRITTEN}
            assert render(verdict).count("\n") == 0
