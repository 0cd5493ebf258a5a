"""A fourth review, apart from grading: what is collected, certificates that are verified, and what a new process of a program was told."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.execution.client import WorkerClient, _Turns
from autograder.execution.orders import Used
from autograder.judging.remote_guest import remote_guest
from autograder.learner import certificate as certificates
from autograder.lms.collect import FILES_OF_ONE, Collector
from autograder.sandbox import available
from tests.autograder.course_copy import ROOT, SLUG
from threadlab import Service
from threadlab.trials.trial import Spec, World, run_trial
from threadlab.version import version

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NOTEBOOK = (ROOT / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
DAY = "2026-11-02-10-00-00"


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def looked_at(folder: Path, files: dict[str, bytes]) -> tuple[list[str], Collector]:
    """Whose notebooks were found in an archive of these files."""
    (folder / "a.zip").write_bytes(zipped(files))
    collector = Collector({})
    return [one.student for one in collector.look(folder / "a.zip")], collector


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        (f"Ann Lee_12_assignsubmission_file_/submitted/victim/{SLUG}/{SLUG}.ipynb", "12"),
        (f"Ann Lee_12_assignsubmission_file_/Victim_55_assignsubmission_file_/{SLUG}.ipynb", "12"),
        (f"Ann Lee_12_assignsubmission_file_/w-submissions/w-victim/{SLUG}.ipynb", "12"),
        (f"Ann Lee_12_assignsubmission_file_/victim_55_66_work.zip/{SLUG}.ipynb", "12"),
        (f"Lee_Ann_ann_12/Victim_55_assignsubmission_file_{SLUG}.ipynb", "ann"),
        (f"multi_feedback_Threads_7/Lee_Ann_ann_12/Tim_Vic_victim_13/{SLUG}.ipynb", "ann"),
        (f"w-submissions/w-ann/submitted/victim/{SLUG}/{SLUG}.ipynb", "ann"),
        (f"w-submissions/w-ann/victim_55_66_{SLUG}.ipynb", "ann"),
        (f"submitted/ann/{SLUG}/victim_55_66_{SLUG}.ipynb", "ann"),
    ],
)
def test_name_that_a_student_chose_says_nothing_about_the_owner(tmp_path: Path, path: str, owner: str) -> None:
    assert looked_at(tmp_path, {path: NOTEBOOK})[0] == [owner]


def test_name_that_two_systems_could_have_made_is_of_the_one_that_made_the_others(tmp_path: Path) -> None:
    canvas = f"leeann_12_34_x_victim_attempt_{DAY}_{SLUG}.ipynb"
    assert looked_at(tmp_path, {canvas: NOTEBOOK, f"roebob_13_35_{SLUG}.ipynb": NOTEBOOK})[0] == ["12", "13"]
    students, collector = looked_at(tmp_path, {canvas: NOTEBOOK})
    assert students == []
    assert "could be Blackboard or Canvas's" in collector.found.notes[0]
    blackboard = f"Week 1_ann_attempt_{DAY}_x_victim_attempt_{DAY}_{SLUG}.ipynb"
    (tmp_path / "a.zip").write_bytes(zipped({blackboard: NOTEBOOK}))
    from zoneinfo import ZoneInfo

    assert [one.student for one in Collector({}, ZoneInfo("UTC")).look(tmp_path / "a.zip")] == ["ann"]


def test_person_who_is_named_by_the_teacher_is_not_named_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "work.zip").write_bytes(zipped({f"victim_55_66_{SLUG}.ipynb": NOTEBOOK}))
    assert [one.student for one in Collector({}, student="ann").look(tmp_path / "work.zip")] == ["ann"]


def damaged(packing: int) -> bytes:
    data = bytearray(zipped({f"{SLUG}.ipynb": NOTEBOOK}, packing))
    begin = data.index(b".ipynb") + 30
    data[begin : begin + 60] = bytes(byte ^ 0xFF for byte in data[begin : begin + 60])
    return bytes(data)


def newer_format() -> bytes:
    data = bytearray(zipped({f"{SLUG}.ipynb": NOTEBOOK}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 6 : at + 8] = b"\xff\x00"
    return bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: damaged(zipfile.ZIP_DEFLATED),
        lambda: damaged(zipfile.ZIP_LZMA),
        lambda: damaged(zipfile.ZIP_BZIP2),
        newer_format,
        lambda: zipped({f"{n}.ipynb": b"" for n in range(FILES_OF_ONE + 100)}),
        lambda: zipped({"a.zip": zipped({"b.zip": zipped({f"{SLUG}.ipynb": NOTEBOOK})})}),
        lambda: b"PK\x05\x06" + b"\xff" * 18,
    ],
    ids=["deflate", "lzma", "bzip2", "newer", "very_many_files", "nested", "only_an_end"],
)
def test_archive_of_one_student_keeps_nobody_else_from_being_collected(tmp_path: Path, make: Callable[[], bytes]) -> None:
    files = {"annlee_12_34_work.zip": make(), f"roebob_13_35_{SLUG}.ipynb": NOTEBOOK, f"zoecarl_14_36_{SLUG}.ipynb": NOTEBOOK}
    students, collector = looked_at(tmp_path, files)
    assert [one for one in students if one != "12"] == ["13", "14"]
    assert len(collector.found.notes) < 200


def test_very_many_files_of_one_student_keep_nobody_else_from_being_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.lms.collect.FILES_OF_ONE", 30)
    monkeypatch.setattr("autograder.lms.collect.MOST_FILES", 300)
    files = {f"Ann_12_assignsubmission_file_/{n}.ipynb": b"" for n in range(400)}
    students, collector = looked_at(tmp_path, {**files, f"Bob_13_assignsubmission_file_/{SLUG}.ipynb": NOTEBOOK})
    assert students == ["13"]
    assert sum("nobody hands in so much" in note for note in collector.found.notes) == 1


def test_repository_that_was_handed_in_runs_nothing(tmp_path: Path) -> None:
    def git(*words: str, folder: Path) -> None:
        who = ("-c", "user.email=a@example.org", "-c", "user.name=A")
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    places = [tmp_path / "in" / "Ann_12_assignsubmission_file_", tmp_path / "w-submissions" / "w-bob"]
    for place in places:
        place.mkdir(parents=True)
        git("init", "-q", folder=place)
        for content in (b"", NOTEBOOK):
            (place / f"{SLUG}.ipynb").write_bytes(content)
            git("add", ".", folder=place)
            git("commit", "-qm", "x", folder=place)
        tree = subprocess.run(["git", "rev-parse", "HEAD^{tree}"], cwd=place, check=True, capture_output=True, text=True, timeout=60)
        name = tree.stdout.strip()
        os.unlink(place / ".git" / "objects" / name[:2] / name[2:])
        with (place / ".git" / "config").open("a") as config:  # git fetches what is missing, with a command of the repository's
            config.write(
                f'[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = {place}\n\tpromisor = true\n'
                f'\tuploadpack = "touch {tmp_path}/ran; git-upload-pack"\n[protocol "file"]\n\tallow = always\n'
            )
        assert [one.at for one in Collector({}).look(place.parent)] == [None]
    assert not (tmp_path / "ran").exists()


def test_notebook_that_takes_gigabytes_is_read_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.one_student.MEMORY", 600 * 1024**2)
    bomb = b'{"cells": [' + b"[]," * 5_000_000 + json.dumps(os.urandom(200_000).hex()).encode() + b"]}"
    students, _ = looked_at(
        tmp_path, {f"Ann_12_assignsubmission_file_/{SLUG}.ipynb": bomb, f"Bob_13_assignsubmission_file_/{SLUG}.ipynb": NOTEBOOK}
    )
    assert students == ["12", "13"]


def certified(folder: Path, text: str) -> certificates.Page:
    path = folder / "certificate.html"
    path.write_text(text)
    return certificates.opened(path)


DATA = '<script type="application/json" id="certificate">'
LINE = {"slug": SLUG, "lesson": "00", "title": "x", "points": 10, "earned": 10, "passed_on": "2026-11-02"}


@pytest.mark.parametrize(
    "text",
    [
        DATA * 150_000,
        DATA + '{"x":' + "[" * 200_000 + "]" * 200_000 + "}</script>",
        DATA + json.dumps({"name": "x", "made": "x", "version": "x", "exercises": [LINE] * 20_000}) + "</script>",
    ],
    ids=["beginnings_without_end", "nested", "one_exercise_very_often"],
)
def test_page_that_would_keep_a_teacher_waiting_is_no_certificate(tmp_path: Path, text: str) -> None:
    with pytest.raises(certificates.BadCertificate, match="not a certificate"):
        certified(tmp_path, text)


def test_page_with_the_command_very_often_is_read_once(tmp_path: Path) -> None:
    one = certificates.Certificate("x", "2026-11-02", version(), ())
    page = certificates.page(one, "certificate.html").replace("<body", "certificate --verify " * 300_000 + "<body", 1)
    assert certified(tmp_path, page).problems == ("the page does not show what its data say",)


KNOWS_THE_DRAW = """
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create(messages=[{{"role": "user", "content": question}}])
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    return {known!r}[question.strip()]
"""


@pytest.mark.skipif(not available().complete, reason="there is no sandbox here: it needs Landlock and user namespaces")
def test_certificate_is_verified_with_questions_that_nobody_knew(tmp_path: Path) -> None:
    from autograder.checks.drawn import drawn

    known = {
        f"What is the capital of {one}?": capital
        for one, capital in drawn_answers([*drawn("first-turn", 3), *drawn("first-turn again", 2)])
    }
    cell = certificates.Cell(KNOWS_THE_DRAW.format(known=known), answer=True, name="first_turn")
    line = certificates.Line(SLUG, "00", "x", 10, 10, "2026-11-02", (cell,))
    with WorkerClient() as client:
        (found,) = certificates.compared(certificates.Certificate("x", "x", version(), (line, line)), client)
    assert not found.agrees
    assert "returns_the_answer" in found.lost


def drawn_answers(countries: list[str]) -> Iterator[tuple[str, str]]:
    """What the script says about the capital of each of these countries."""
    with Service() as service, service.time():
        client = service.client()
        assistant = client.beta.assistants.create(model="gpt-4o")
        for one in countries:
            thread = client.beta.threads.create(messages=[{"role": "user", "content": f"What is the capital of {one}?"}])
            client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
            yield one, client.beta.threads.messages.list(thread.id).data[0].content[0].text.value  # type: ignore[union-attr]


def test_note_that_is_handed_in_beside_a_notebook_changes_what_is_drawn(tmp_path: Path) -> None:
    from autograder.judging.notebook import salted
    from autograder.notebooks import read_text
    from threadlab.trials.trial import SALT

    def drawn_with(**files: str) -> int:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_text(content)
        with salted(read_text(NOTEBOOK), folder):
            return SALT.get()

    alone = drawn_with()
    assert drawn_with(notes_json="what was drawn the last time") != alone
    assert drawn_with(a_txt="b") != drawn_with(a_txt="c") != drawn_with(b_txt="c")
    (tmp_path / "again").mkdir()
    for name in ("timestamp.txt", f"{SLUG}.verdicts.json", f"{SLUG}.ipynb"):  # another time, and what grading has written
        (tmp_path / "again" / name).write_text("x")
    with salted(read_text(NOTEBOOK), tmp_path / "again"):
        assert SALT.get() == alone


LIFTS_ITS_LIMIT = """
import resource
resource.setrlimit = lambda *arguments: None
def answer():
    while True: pass
"""


@pytest.mark.slow
@pytest.mark.skipif(not available().complete, reason="there is no sandbox here: it needs Landlock and user namespaces")
def test_trial_without_a_limit_of_its_own_is_ended_from_outside() -> None:
    with WorkerClient() as client, client.open() as session:
        session.run_cell(LIFTS_ITS_LIMIT, 30)
        guest = remote_guest(session, timeout=4.0)
        ending = run_trial(guest, Spec("answer", sources=[LIFTS_ITS_LIMIT]), World()).ending
    assert ending.how == "halted"
    assert "computed for more than 4 seconds in one trial" in ending.message


def test_processor_time_of_all_processes_is_counted_when_some_have_gone() -> None:
    turns = _Turns()
    used = iter([Used(5.0, 0.0), Used(8.0, 0.0), Used(6.0, 0.0), Used(9.0, 0.0)])
    for _ in range(4):
        turns.add(2.0, lambda: next(used))
    assert turns.computed == 6.0
