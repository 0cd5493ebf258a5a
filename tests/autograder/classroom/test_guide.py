"""The teacher's guide, typed: every command in it, on a class that comes from a Canvas zip and goes back into four systems."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from autograder.notebooks import read_answers, with_answers
from tests.autograder.classroom.test_lms import ROSTER, archive, rows
from tests.autograder.course_copy import ROOT, command
from tests.course.tiny import git_clone

TEXT = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")
COMMANDS = {" ".join(found.split()) for found in re.findall(r"`((?:python3 course\.py|nbgrader) [^`]+)`", TEXT)}
SLUG = "sixth-message"

TYPED = {
    "python3 course.py release DIR": "release {place}/learners",
    "nbgrader generate_assignment sixth-message": "",
    'nbgrader db assignment add sixth-message --duedate="2026-11-02 10:00:00 UTC"': "",
    "python3 course.py collect submissions.zip --roster roster.csv": "collect {place}/submissions.zip --roster {place}/roster.csv",
    "python3 course.py collect FILE_OR_FOLDER": "collect {place}/blackboard.zip --zone Europe/Berlin",
    "python3 course.py collect DIR --student NAME": "collect {place}/stick --student ann",
    "python3 course.py grade sixth-message": "grade sixth-message --trust-submissions --feedback",
    "python3 course.py grade EXERCISE": "grade sixth-message --trust-submissions",
    "python3 course.py grade [EXERCISE …]": "grade --trust-submissions --force --workers 1",
    "nbgrader autograde sixth-message": "nbgrader autograde sixth-message --student=jdoe --force --ExecuteInSandbox.trust_submissions=True",
    "python3 course.py report sixth-message": "",
    "python3 course.py report": "",
    "python3 course.py report [EXERCISE …]": "report sixth-message --compare {reports}/sixth-message.json --formgrader http://lab:8888",
    "python3 course.py gradebook SYSTEM": "gradebook moodle",
    "python3 course.py gradebook canvas --exported grades.csv": "gradebook canvas sixth-message --exported {place}/grades.csv",
    "python3 course.py gradebook moodle": "",
    "python3 course.py gradebook blackboard --exported gc.xls": "gradebook blackboard sixth-message --exported {place}/gc.xls",
    "python3 course.py gradebook ilias sixth-message --exported status.csv": "gradebook ilias sixth-message --exported {place}/status.csv",
    "python3 course.py replay sixth-message ada": "replay sixth-message jroe --trust-submissions",
    "python3 course.py replay EXERCISE STUDENT": "replay sixth-message jroe --trust-submissions --behaviour {lost}",
    "python3 course.py corpus --exercise EXERCISE": "corpus --exercise first-turn --trust-submissions",
    "python3 course.py corpus": "corpus --exercise first-turn --trust-submissions",
    "python3 course.py mutate EXERCISE --sample 60": "mutate open-conversation --sample 2",
    "python3 course.py new-exercise SLUG --lesson NN": "new-exercise second-message --lesson 04",
    "python3 course.py forget NAME": "forget jroe",
}
"""What a teacher types for it, if it is not the very command; in this order."""
ELSEWHERE = {
    "python3 course.py check": "tests/autograder/test_commands.py",
    "python3 course.py watch": "tests/autograder/learner/test_watch.py",
    'python3 course.py certificate --name "Ada Lovelace"': "tests/autograder/learner/test_certificate.py",
    "python3 course.py certificate --verify certificate.html": "tests/autograder/learner/test_certificate.py",
    "python3 course.py certificate --verify FILE": "tests/autograder/learner/test_certificate.py",
    "python3 course.py wheels DIR": "tests/course/test_setup.py",
    "python3 course.py wheels wheels": "tests/course/test_setup.py",
    "python3 course.py lab --wheels DIR": "tests/course/test_setup.py",
    "python3 course.py doctor": "tests/course/test_doctor.py",
    "python3 course.py workshop": "tests/autograder/workshop/test_restart.py",
    "python3 course.py workshop --listen 0.0.0.0": "tests/autograder/workshop/test_restart.py",
    "python3 course.py workshop --forget": "tests/autograder/workshop/test_restart.py",
    "python3 course.py hub": "tests/autograder/hub/server.py",
    "python3 course.py browser DIR": "tests/courseware/browser/conftest.py",
    "nbgrader release_assignment sixth-message": "tests/autograder/classroom/test_exchange.py",
    "nbgrader fetch_assignment": "tests/autograder/classroom/test_exchange.py",
    "nbgrader submit": "tests/autograder/classroom/test_exchange.py",
    "nbgrader collect sixth-message": "tests/autograder/classroom/test_exchange.py",
}
"""Typed by other tests."""
OPTIONS = {option for code in re.findall(r"`([^`]+)`", TEXT) for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", code)}
OPTIONS_ELSEWHERE = {
    "--certificate": "tests/autograder/workshop/test_restart.py",
    "--certificate-key": "tests/autograder/workshop/test_restart.py",
    "--cluster": "tests/autograder/classroom/test_elsewhere.py",
    "--edition": "tests/autograder/workshop/server.py",
    "--grade-on-submission": "tests/autograder/hub/conftest.py",
    "--listen": "tests/autograder/workshop/test_restart.py",
    "--name": "tests/autograder/learner/test_certificate.py",
    "--port": "tests/autograder/workshop/server.py",
    "--shown": "tests/autograder/workshop/test_restart.py",
    "--verify": "tests/autograder/learner/test_certificate.py",
    "--wheels": "tests/course/test_setup.py",
}


def test_every_command_of_the_guide_is_typed_by_a_test() -> None:
    assert COMMANDS - TYPED.keys() - ELSEWHERE.keys() == set()
    assert (TYPED.keys() | ELSEWHERE.keys()) - COMMANDS == set()
    for typed, path in ELSEWHERE.items():
        verb = typed.removeprefix("python3 course.py ").removeprefix("nbgrader ").split()[0]
        assert re.search(rf'[".]{verb}"', (ROOT / path).read_text(encoding="utf-8")), typed


def test_every_option_of_the_guide_is_typed_by_a_test() -> None:
    typed = {word.partition("=")[0] for line in (*TYPED, *TYPED.values()) for word in line.split() if word.startswith("--")}
    assert OPTIONS - typed - OPTIONS_ELSEWHERE.keys() - {"--forget"} == set()
    for option, path in {**OPTIONS_ELSEWHERE, "--forget": ELSEWHERE["python3 course.py workshop --forget"]}.items():
        assert f'"{option}"' in (ROOT / path).read_text(encoding="utf-8"), option


def answer(kind: str, name: str) -> bytes:
    path = ROOT / "autograder" / "known_answers" / SLUG / kind / f"{name}.py"
    return json.dumps(with_answers(SLUG, read_answers(path)[0])).encode()


@pytest.mark.slow
def test_guide_can_be_followed_command_by_command(tmp_path: Path) -> None:
    course, place = git_clone(tmp_path / "course"), tmp_path / "place"
    place.mkdir()
    right = next(path.stem for path in sorted((ROOT / "autograder/known_answers" / SLUG / "right").glob("*.py")))
    wrong = next(path for path in sorted((ROOT / "autograder/known_answers" / SLUG / "wrong").glob("*.py")) if path.stem != "blank")
    archive(
        place / "submissions.zip",
        {
            f"doejane_LATE_12345_678901_{SLUG}.ipynb": answer("right", right),
            f"roejohn_12346_678902_{SLUG}.ipynb": answer("wrong", wrong.stem),
        },
    )
    archive(place / "blackboard.zip", {f"The sixth message_blee_attempt_2026-11-02-10-00-00_{SLUG}.ipynb": answer("wrong", wrong.stem)})
    (place / "stick").mkdir()
    archive(place / "stick" / "threads-work-2026-11-02.zip", {f"exercises/{SLUG}/{SLUG}.ipynb": answer("right", right)})
    rows(place / "roster.csv", ROSTER)
    rows(
        place / "grades.csv",
        "Student,ID,SIS Login ID,Section,sixth-message (4711)\n    Points Possible,,,,16\n"
        '"Doe, Jane",12345,jdoe,1,\n"Roe, John",12346,jroe,1,\n',
    )
    (place / "gc.xls").write_text(
        '"Last Name"\t"First Name"\t"Username"\t"sixth-message [Total Pts: 16 Score] |4711"\n"Doe"\t"Jane"\t"jdoe"\t""\n', encoding="utf-16"
    )
    rows(place / "status.csv", "update;usr_id;login;lastname;firstname;status;mark;notice;comment\n0;1;jdoe;Doe;Jane;notgraded;;;\n")
    lost = (read_answers(wrong)[1] or [])[0]
    for written, meant in TYPED.items():
        words = shlex.split(
            (meant or written.removeprefix("python3 course.py ")).format(place=place, lost=lost, reports=course / "autograder/work/reports")
        )
        done = command(course, *(words if words[0] == "nbgrader" else ["autograder", *words]), code=None)
        assert done.returncode in ((0, 1) if words[0] == "mutate" else (0,)), f"{written}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, written
    assert (course / "autograder/work/reports/canvas.csv").is_file() is False, "forgotten together with the student"
    assert (place / "learners" / "exercises" / SLUG / f"{SLUG}.ipynb").is_file()
