"""A hub in real browsers: a teacher and three students from release to feedback and marks, a server that is killed, a hostile student."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from autograder.hub.plan import own_accounts
from tests.autograder.course_copy import rows
from tests.autograder.hub.server import LONG, SLUG, SUBMITTED, Hub, Person, person, uid_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("hub")]


ELSEWHERE = {"cdnjs.cloudflare.com", "passwordsleakcheck-pa.googleapis.com"}
"""What nbgrader's own pages ask for (MathJax), and what Chromium does after a sign-in; neither is needed, and neither was answered."""


def scores(hub: Hub) -> dict[str, float]:
    """By student, as the gradebook has them."""
    found: dict[str, float] = {}
    for notebook, _, auto, *_ in rows(hub.course)["grade"]:
        student = str(notebook).split("/")[0]
        found[student] = found.get(student, 0.0) + float(str(auto or 0))
    return found


def test_class_from_release_to_feedback(hub: Hub, released: Person, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        ada, bob, cleo = (stack.enter_context(person(hub, name, tmp_path)) for name in ("ada", "bob", "cleo"))
        for student, known in ((ada, "no_run"), (bob, "step_by_step"), (cleo, "blank")):
            student.sign_in(hub.passwords["students"])
            student.fetch()
            student.answer(known)
            student.submit()
        says = {student.name: student.feedback("Handed in by") for student in (ada, bob, cleo)}
        assert "does not hold" in says["ada"]
        assert "does not hold" not in says["bob"]
        assert "holds" in says["bob"]
        assert "does not hold" in says["cleo"] or "Not written yet" in says["cleo"], says["cleo"][-3000:]
        for text in says.values():  # marks are the teacher's to release
            assert re.search(r"\d+ ?/ ?\d+|\d points?", re.sub(r"(?s)<style>.*?</style>", "", text)) is None
        assert "Handed in by ada" in ada.page_of_feedback("feedback")
        assert scores(hub)["bob"] == 10
        assert 0 < scores(hub)["ada"] < 10

        released.visit(f"/services/threads/formgrader/manage_submissions/{SLUG}")
        released.until("document.body.innerText.includes('10 / 10')", LONG)
        released.picture("formgrader-submissions")
        released.visit("/services/threads/formgrader/manage_assignments")
        for column in ("generate-feedback", "release-feedback"):
            released.formgrader(column, SLUG)
        bob.feedback("nbgrader")
        assert "10.0 / 10.0" in bob.page_of_feedback("marks")
        for one in (released, ada, bob, cleo):
            assert {host.partition(":")[0] for host in one.tab.asked} <= ELSEWHERE


def test_killed_server_comes_back_with_what_was_saved(hub: Hub, released: Person, tmp_path: Path) -> None:
    with person(hub, "dora", tmp_path) as dora:
        dora.sign_in(hub.passwords["students"])
        dora.fetch()
        dora.answer("step_by_step")
        (server,) = servers_of(hub, "dora")
        server.send_signal(signal.SIGKILL)
        server.wait(60)
        dora.visit("/hub/spawn/dora")
        dora.lab()
        dora.picture("is-back")
        dora.tab.open(f"exercises/{SLUG}/{SLUG}.ipynb")
        assert "client.beta.threads.runs" in json.dumps(dora.tab.cells())
        dora.submit()
        assert "does not hold" not in dora.feedback("Handed in by")


def pages_of(hub: Hub) -> list[str]:
    """All feedback that lies in the exchange."""
    return [page.read_text() for page in (hub.exchange / "threads" / "feedback").glob("*.html")]


def servers_of(hub: Hub, name: str) -> list[psutil.Process]:
    """The processes that are a person's server."""
    wanted = f"/user/{name}/"
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("JUPYTERHUB_SERVICE_PREFIX") == wanted and "singleuser" in " ".join(process.cmdline()):
                found.append(process)
    return found


ATTEMPTS = """
import glob, json, os, shutil, signal, socket
tried = {{}}
def attempt(name, act):
    try:
        tried[name] = repr(act())[:200]
    except BaseException as error:
        tried[name] = type(error).__name__
course, data, victim = {course!r}, {data!r}, {victim!r}
attempt("solutions", lambda: os.listdir(course + "/solutions"))
attempt("gradebook", lambda: open(course + "/autograder/work/gradebook.db", "rb").read(10))
attempt("known answers", lambda: os.listdir(course + "/autograder/known_answers"))
attempt("passwords", lambda: open(data + "/passwords.json").read())
attempt("homes", lambda: sorted(os.listdir(data + "/homes")))
attempt("inbound", lambda: os.listdir(data + "/exchange/threads/inbound"))
attempt("feedback", lambda: os.listdir(data + "/exchange/threads/feedback"))
attempt("released", lambda: open(data + "/exchange/threads/outbound/{slug}/{slug}.ipynb", "a").write("x"))
attempt("learners' copy", lambda: open(data + "/learners/threads/autograder/__init__.py", "a").write("x"))
attempt("victim's environment", lambda: open(f"/proc/{{victim}}/environ", "rb").read(10))
attempt("victim's files", lambda: os.listdir(f"/proc/{{victim}}/root/" + data))
attempt("victim's process", lambda: os.kill(victim, signal.SIGKILL))
attempt("root", lambda: os.setuid(0))
print(json.dumps(tried))
"""
READS = """
import os, time
def first_turn(client, assistant_id, question):
    for _ in range(3):
        os.fork() or time.sleep(3600)
    return open({book!r}, "rb").read().decode("latin1")
"""
HANDS_IN = """
import os, shutil
inbound, mine = {inbound!r}, os.environ["HOME"] + "/threads/exercises/{slug}"
os.symlink("/etc/passwd", mine + "/passwd.txt")
os.mkfifo(mine + "/pipe")
for name in ("bob", "eve"):
    folder = f"{{inbound}}/{{name}}+{slug}+2099-01-01 00:00:00.000000 UTC+x"
    os.makedirs(folder)
    shutil.copy(mine + "/{slug}.ipynb", folder)
    os.symlink("/etc/passwd", folder + "/passwd.txt")
    os.mkfifo(folder + "/pipe")
    os.chmod(folder, 0o777)
for name in ("eve+{slug}+no time", "eve", "+++", "bob+{slug}"):
    os.makedirs(f"{{inbound}}/{{name}}", exist_ok=True)
print("done")
"""


@pytest.mark.skipif(not own_accounts(), reason="accounts for each student can only be made by root, on Linux")
def test_hostile_student_reaches_nothing_of_anybody_elses(hub: Hub, released: Person, tmp_path: Path) -> None:
    with person(hub, "bert", tmp_path) as bert, person(hub, "eve", tmp_path) as eve:
        for student in (bert, eve):
            student.sign_in(hub.passwords["students"])
            student.fetch()
        (victim,) = servers_of(hub, "bert")
        tried = json.loads(
            eve.tab.execute(ATTEMPTS.format(course=str(hub.course), data=str(hub.data), victim=victim.pid, slug=SLUG)).splitlines()[-1]
        )
        assert tried.pop("homes") == "['eve']"
        assert set(tried.values()) <= {"FileNotFoundError", "PermissionError"}, tried
        assert victim.is_running()

        # A submission under another name, with links and pipes in it, and folders that are none.
        inbound = hub.exchange / "threads" / "inbound"
        eve.write(READS.format(book=str(hub.work / "gradebook.db")))
        assert eve.tab.execute(HANDS_IN.format(inbound=str(inbound), slug=SLUG)).strip() == "done"
        bert.answer("step_by_step")
        bert.submit()
        assert "does not hold" not in bert.feedback("Handed in by")
        submitted = hub.work / "submitted"
        eve.until(f"({SUBMITTED}) && true", LONG)
        assert not (submitted / "eve" / SLUG / "passwd.txt").exists()
        assert not (submitted / "eve" / SLUG / "pipe").exists()
        bob = submitted / "bob" / SLUG / f"{SLUG}.ipynb"
        assert not bob.exists() or os.stat(bob).st_uid != uid_of(hub, "eve")
        assert "was not handed in by the account of bob" in hub.log
        assert scores(hub)["bert"] == 10
        end = time.monotonic() + LONG  # hers may be graded after Bert's
        while not (of_eve := [page for page in pages_of(hub) if "by eve" in page]) and time.monotonic() < end:
            time.sleep(0.5)
        pages = pages_of(hub)
        assert ["does not hold" in page for page in of_eve] == [True], hub.log[-3000:]
        assert not any("SQLite format" in page for page in pages)
        assert scores(hub)["eve"] == 0
