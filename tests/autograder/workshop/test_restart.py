"""A workshop that is interrupted, graded, reported and forgotten: by plain HTTP, with a real server and real grading."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
from pathlib import Path

import httpx2
import pytest

from autograder.sandbox import available
from tests.autograder.course_copy import command
from tests.autograder.workshop.server import SLUG, Workshop, act, notebook, number_of, opened, until_graded

TRUST = [] if available().complete else ["--trust-submissions"]
"""Whether this machine has a sandbox is another test's business."""


@pytest.mark.slow
@pytest.mark.xdist_group("workshop_restart")
def test_workshop_goes_on_after_it_was_killed_and_is_forgotten_whole(course: Path, edition: Path) -> None:
    before = Workshop(course, edition, "--no-grading").start()
    ada, bob = before.join("Ada"), before.join("Bob Ω")
    question = {"kind": "predicted", "question": "first-status", "choice": "B"}
    checked = {"kind": "checked", "exercise": SLUG, "part": "first_turn", "earned": 2, "lost": ["one_run", "waits_for_the_end"]}
    opened_it = {"kind": "opened", "path": f"exercises/{SLUG}/{SLUG}.ipynb"}
    assert ada.post("/room/events", json=[opened_it, checked, question, {"kind": "hand", "up": True}]).json() == {"taken": 4}
    for someone, answer in ((ada, "no_run"), (bob, "step_by_step")):
        assert someone.post(f"/room/hand-in/{SLUG}", content=notebook(course, answer)).status_code == 202
    teacher, code, board = before.teacher(), before.code, before.board
    before.stop(signal.SIGKILL)

    after = Workshop(course, edition, *TRUST)
    after.port, after.address = before.port, before.address
    with before.visitors, opened(after):
        assert (after.code, after.board) == (code, board)
        page = teacher.get("/teacher/").text
        for text in ("Ada", "Bob Ω", "Exercise: A first turn", "hand raised", "first-turn 2/10", "1 of 1", "1 of 2 have predicted"):
            assert text in page
        assert ada.get("/room/me").json()["hand"] is True
        found = until_graded(ada), until_graded(bob)
        assert [(one["state"], one["score"], one["of"]) for one in found] == [("graded", 2, 10), ("graded", 10, 10)]
        assert "one_run (0/2)" in found[0]["text"]
        assert ada.post(f"/room/hand-in/{SLUG}", content=notebook(course, "step_by_step")).json() == {"number": 2}
        assert until_graded(ada, 2)["score"] == 10
        assert "first-turn 10/10" in teacher.get("/teacher/").text
        act(teacher, "lower", participant=number_of(teacher, "Ada"))
        assert ada.get("/room/me").json()["hand"] is False

    assert "The same command opens it again with everything in it." in after.farewell
    command(course, "autograder", "report", SLUG)
    report = json.loads((course / "autograder/work/reports" / f"{SLUG}.json").read_bytes())
    assert [(row["student"], row["score"]) for row in report["rows"]] == [("ada", 10), ("bob-ω", 10)]
    assert "2 submissions, 2 graded" in command(course, "autograder", "grade", SLUG, *TRUST).stdout

    said = command(course, "autograder.workshop", "--forget").stdout
    assert "2 participants" in said
    work = course / "autograder" / "work"
    kept = [path for path in work.rglob("*") if path.is_file() and "release" not in path.parts]
    left = [path.name for path in kept if any(name in path.read_bytes() for name in (b'"ada"', b">ada<", "bob-ω".encode()))]
    assert left == []
    assert not (work / "room").exists()
    assert list((work / "submitted").iterdir()) == []
    assert "Nobody's first-turn was graded" in command(course, "autograder", "report", SLUG, code=2).stderr
    assert "No workshop has collected anything" in command(course, "autograder.workshop", "--forget").stdout


@pytest.mark.slow
def test_second_workshop_in_the_same_folder_is_refused(course: Path, edition: Path) -> None:
    with opened(Workshop(course, edition, "--no-grading")):
        done = command(course, "autograder.workshop", "--edition", str(edition), "--port", "0", code=2)
        assert "A workshop is open in this folder already" in done.stderr


@pytest.mark.slow
def test_listening_for_the_room_says_what_that_opens(course: Path, edition: Path) -> None:
    with opened(Workshop(course, edition, "--no-grading")) as alone:
        assert "Only this computer can reach it. To let the room in: --listen 0.0.0.0" in alone.greeting
    with opened(Workshop(course, edition, "--no-grading", "--listen", "0.0.0.0", "--shown", "http://threads.example:8660/")) as room:
        assert "Everybody in this network can reach the join page" in room.greeting
        assert "unencrypted" in room.greeting
        assert room.board.startswith(room.address)
        page = room.teacher().get("/teacher/projector").text
        assert "threads.example:8660" in page
        assert 'aria-label="QR code of the address and the code"' in page


def test_room_with_a_certificate_is_encrypted(course: Path, edition: Path, tmp_path: Path) -> None:
    certificate, key = tmp_path / "room.pem", tmp_path / "room.key"
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(["openssl", *words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    room = Workshop(course, edition, "--no-grading", "--certificate", str(certificate), "--certificate-key", str(key)).start()
    try:
        assert f"https://127.0.0.1:{room.port}" in room.greeting
        assert "unencrypted" not in room.greeting
        page = httpx2.get(f"https://127.0.0.1:{room.port}/", verify=ssl.create_default_context(cafile=certificate), follow_redirects=True)
        assert page.status_code == 200
    finally:
        room.stop()


def test_missing_edition_and_busy_port_are_sentences(course: Path, edition: Path, tmp_path: Path) -> None:
    done = command(course, "autograder.workshop", "--edition", str(tmp_path), code=2)
    assert "Build one: python3 course.py browser" in done.stderr
    done = command(course, "autograder.workshop", "--edition", str(edition), "--listen", "203.0.113.7", code=2)
    assert "203.0.113.7 port" in done.stderr
    assert "Traceback" not in done.stderr
