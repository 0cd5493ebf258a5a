"""A class that is interrupted: whatever was graded stays, the rest is done by the same command, and the result is the same."""

import json
import random
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from autograder.classroom.grader import Job, Outcome, Plan
from autograder.classroom.processes import Processes
from autograder.classroom.released import Release
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, environment, files, hand_in, rows


def a_class(course, count):
    clone(course)
    notebooks = [answered(course, SLUG, path) for path in corpus()]
    for number in range(count):
        hand_in(course, f"student-{number:02}", notebooks[number % len(notebooks)], timestamp=f"2026-01-01 10:00:{number:02} UTC")
    command(course, "nbgrader", "generate_assignment", SLUG, "--force")
    return course


def killed_after(course, delay, sign):
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2"],
        cwd=course / "autograder",
        env=environment(course),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    records = course / "autograder" / "work" / "records" / SLUG
    start = len(list(records.glob("*.json"))) if records.exists() else 0
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if records.exists() and len(list(records.glob("*.json"))) >= start + delay:
            break
        time.sleep(0.005)
    time.sleep(random.random() * 0.03)
    process.send_signal(sign)  # nothing, if it has ended
    return process.wait(30)


@pytest.mark.slow
def test_gradebook_is_the_same_after_a_kill_and_a_second_start(tmp_path):
    """Ten times at a random moment, of a class of 60."""
    import shutil

    undisturbed = a_class(tmp_path / "undisturbed", 60)
    shutil.copytree(undisturbed, tmp_path / "killed")
    disturbed = tmp_path / "killed"
    command(undisturbed, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2")
    random.seed(7)
    codes = [killed_after(disturbed, random.randint(0, 1), signal.SIGKILL if turn % 3 else signal.SIGINT) for turn in range(10)]
    assert -signal.SIGKILL in codes, codes
    command(disturbed, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2")
    for table, expected in rows(undisturbed).items():
        assert rows(disturbed)[table] == expected, table
    assert files(disturbed) == files(undisturbed)
    assert attempts(disturbed) == {f"student-{number:02}": 1 for number in range(60)}


def heeds_ctrl_c():
    """In a new process: a shell that starts the tests in the background has them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_stopped_grading_says_how_to_go_on_and_goes_on(tmp_path):
    course = a_class(tmp_path, 8)
    words = ("autograder", "grade", SLUG, "--trust-submissions", "--workers", "2")
    stopped = subprocess.Popen(
        [sys.executable, "-u", "-m", *words],
        cwd=course / "autograder",
        env=environment(course),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heeds_ctrl_c,
    )
    assert stopped.stderr.readline() == f"Grading {SLUG}: 8 submissions\n"
    stopped.send_signal(signal.SIGINT)
    said = stopped.communicate(timeout=60)[1]
    assert stopped.returncode == 130
    assert said.splitlines()[-1] == "Stopped. What was graded so far is kept; the same command goes on from there."
    assert "Traceback" not in said
    command(course, *words)
    assert attempts(course) == {f"student-{number:02}": 1 for number in range(8)}


def attempts(course):
    """How many each has made, by the records; none of which may say that something is wrong."""
    found = [json.loads(path.read_bytes()) for path in (course / "autograder" / "work" / "records" / SLUG).glob("*.json")]
    assert not [one["problem"] for one in found if one["problem"]]
    return {one["student"]: len(one["attempts"]) for one in found}


@pytest.mark.slow
def test_only_changed_submissions_are_graded_again(tmp_path):
    course = a_class(tmp_path, 4)
    records = course / "autograder" / "work" / "records" / SLUG

    def changed(*words):
        before = {path.name: path.stat().st_mtime_ns for path in records.glob("*.json")}
        command(course, "autograder", "grade", SLUG, "--trust-submissions", *words)
        return {path.stem for path in records.glob("*.json") if before.get(path.name) != path.stat().st_mtime_ns}

    everybody = {f"student-{number:02}" for number in range(4)}
    assert changed() == everybody
    assert changed() == set()
    hand_in(course, "student-02", answered(course, SLUG, corpus()[-1]))
    assert changed() == {"student-02"}
    assert changed("--student", "student-01") == {"student-01"}
    (course / "autograder" / "work" / "gradebook.db").unlink()
    assert changed() == everybody  # a gradebook that was lost is filled again
    checks = course / "autograder" / "checks" / "first_turn.py"
    checks.write_text(checks.read_text() + "\n# another check\n")
    assert changed() == everybody
    assert changed("--force") == everybody
    assert attempts(course) == {**dict.fromkeys(everybody, 1), "student-02": 2}  # the same thing graded again is no other attempt


def plan():
    return Plan(Release("0", "nothing", None, []), [], [], {})


@pytest.mark.slow
def test_class_goes_on_when_a_worker_dies(monkeypatch):
    """Three jobs; the process that has the second one is killed, twice."""
    pool = Processes(workers=1, trust=True)
    try:
        jobs = iter([Job("ann", {}, {}), Job("bob", {"x": b"0" * 10}, {}), Job("cy", {}, {})])
        seen = []
        from autograder.classroom import processes as module

        give = module._Worker.give

        def deadly(worker, job):
            give(worker, job)
            if job.student == "bob":
                worker.process.kill()

        monkeypatch.setattr(module._Worker, "give", deadly)
        for outcomes in pool.run(plan(), jobs):
            seen += [(outcome.student, bool(outcome.problem)) for outcome in outcomes]
        assert sorted(seen) == [("ann", False), ("bob", True), ("cy", False)]
    finally:
        pool.close()


@pytest.mark.slow
def test_large_submission_and_large_outcome_pass_each_other():
    """Neither fits into a pipe, so neither may be sent while the other is on its way."""
    pool = Processes(workers=1, trust=True)
    try:
        jobs = iter([Job(str(number), {}, {"x" * 300: bytes(3_000_000)}) for number in range(4)])
        assert sorted(outcome.student for outcomes in pool.run(plan(), jobs) for outcome in outcomes) == ["0", "1", "2", "3"]
    finally:
        pool.close()


def test_outcome_arrives_as_it_was_sent():
    outcome = Outcome("ann", {"n": "{}"}, {"n": {"a": None, "b": 0.5}}, {"n": {"c": "No response."}})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome) == outcome
