"""From a learning management system and back: archives as each one makes them, and tables as each one imports them."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import unicodedata
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from autograder.lms.collect import Collector, Handed, Known, keep, people, put, read_roster, summary
from autograder.lms.write_back import Column, written
from autograder.notebooks import read_answers, with_answers
from tests.autograder.course_copy import ROOT, SLUG, clone, command
from threadlab.errors import ThreadlabError

ANSWERS = ROOT / "autograder" / "known_answers" / SLUG
FILE = f"{SLUG}.ipynb"


def notebook(kind: str = "right", mark: str = "") -> bytes:
    path = next(iter(sorted((ANSWERS / kind).glob("*.py"))))
    made = with_answers(SLUG, read_answers(path)[0])
    made.metadata["mark"] = mark
    return json.dumps(made).encode()


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def canvas(to: Path) -> Path:
    return archive(
        to / "submissions.zip",
        {
            f"doejane_12345_678900_{FILE}": notebook("wrong", "old"),
            f"doejane_LATE_12345_678901_{SLUG}-1.ipynb": notebook("right", "new"),
            f"roejohn_12346_678902_{FILE}": notebook("wrong"),
        },
    )


def moodle(to: Path) -> Path:
    return archive(
        to / "CS1-First turn-77.zip",
        {
            f"Jane Doe_1234567_assignsubmission_file/{FILE}": notebook(),
            f"John Roe_1234568_assignsubmission_file_/{SLUG} (1).ipynb": notebook("wrong"),
            f"Ann Lee_1234569_assignsubmission_file_{FILE}": notebook(),
        },
    )


def blackboard(to: Path) -> Path:
    return archive(
        to / "gradebook_CS1_First20turn_2026-11-03-08-00-00.zip",
        {
            f"First turn_jdoe_attempt_2026-11-02-10-00-00_{FILE}": notebook("wrong", "old"),
            f"First turn_jdoe_attempt_2026-11-02-11-30-00_{FILE}": notebook("right", "new"),
            "First turn_jdoe_attempt_2026-11-02-11-30-00.txt": b"Name: Jane Doe (jdoe)\nDate Submitted: ...\n",
        },
    )


def ilias(to: Path) -> Path:
    return archive(
        to / "multi_feedback.zip",
        {
            f"First turn/Doe_Jane_jdoe_271/20261102100000_{FILE}": notebook("wrong", "old"),
            f"First turn/Doe_Jane_jdoe_271/20261102113000_{FILE}": notebook("right", "new"),
            "First turn/status.csv": b"update;usr_id;login\n",
        },
    )


ROSTER = 'Student,ID,SIS Login ID\n    Points Possible,,\n"Doe, Jane",12345,jdoe\n"Roe, John",12346,jroe\n'


def rows(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_newest_attempt_in_a_canvas_zip_wins_and_is_late(tmp_path: Path) -> None:
    collector = Collector(read_roster(rows(tmp_path / "roster.csv", ROSTER)))
    taken = collector.look(canvas(tmp_path))
    assert [(one.student, one.slug, one.late) for one in taken] == [("jdoe", SLUG, True), ("jroe", SLUG, False)]
    assert b'"new"' in taken[0].data
    assert any("older attempt" in note for note in collector.found.notes)


def test_canvas_zip_without_a_roster_keeps_canvas_s_own_numbers(tmp_path: Path) -> None:
    assert [one.student for one in Collector({}).look(canvas(tmp_path))] == ["12345", "12346"]


def test_moodle_zip_is_sorted_in_each_of_its_layouts(tmp_path: Path) -> None:
    known = read_roster(rows(tmp_path / "r.csv", "username;Vorname;Nachname\njdoe;Jane;Doe\njroe;John;Roe\nalee;Ann;Lee\n"))
    taken = Collector(known).look(moodle(tmp_path))
    assert [one.student for one in taken] == ["alee", "jdoe", "jroe"]
    assert {one.slug for one in taken} == {SLUG}


def test_name_that_two_people_have_stands_for_neither(tmp_path: Path) -> None:
    known = read_roster(rows(tmp_path / "r.csv", "username,name\njdoe,Jane Doe\njdoe2,Jane Doe\n"))
    assert next(one.student for one in Collector(known).look(moodle(tmp_path))) == "1234567"


def test_blackboard_time_without_a_zone_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ThreadlabError, match="--zone"):
        Collector({}).look(blackboard(tmp_path))


def test_newest_attempt_in_a_blackboard_zip_wins_and_its_time_is_kept(tmp_path: Path) -> None:
    (one,) = Collector({}, ZoneInfo("Europe/Berlin")).look(blackboard(tmp_path))
    put([one], tmp_path)
    folder = tmp_path / "autograder/work/submitted/jdoe" / SLUG
    assert b'"new"' in (folder / FILE).read_bytes()
    assert (folder / "timestamp.txt").read_text() == "2026-11-02 10:30:00 UTC\n"


def test_newest_file_in_an_ilias_zip_wins(tmp_path: Path) -> None:
    (one,) = Collector({}, UTC).look(ilias(tmp_path))
    assert (one.student, one.name, one.at) == ("jdoe", "Doe Jane", datetime(2026, 11, 2, 11, 30, tzinfo=UTC))


def test_clones_of_github_classroom_are_dated_by_their_last_commit(tmp_path: Path) -> None:
    folder = tmp_path / f"{SLUG}-submissions" / f"{SLUG}-octo-cat"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(notebook())
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x", "--date=2026-11-02T10:00:00Z"]):
        subprocess.run([*git, *words], cwd=folder, check=True, capture_output=True, env={"GIT_COMMITTER_DATE": "2026-11-02T10:00:00Z"})
    (one,) = Collector({}).look(tmp_path / f"{SLUG}-submissions")
    assert (one.student, one.at) == ("octo-cat", datetime(2026, 11, 2, 10, tzinfo=UTC))


def test_download_of_the_browser_edition_is_taken_from_inside_an_lms_zip(tmp_path: Path) -> None:
    inner = archive(tmp_path / "threads-work-2026-11-02.zip", {f"exercises/{SLUG}/{FILE}": notebook(), "course.json": b"{}"})
    outer = archive(tmp_path / "submissions.zip", {"doejane_12345_678900_threads-work-2026-11-02.zip": inner.read_bytes()})
    assert [(one.student, one.slug) for one in Collector({}).look(outer)] == [("12345", SLUG)]
    assert [one.student for one in Collector({}, student="jane").look(inner)] == ["jane"]


def test_lesson_in_a_download_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    lesson = (ROOT / "lessons" / "00-first-conversation.ipynb").read_bytes()
    files = {f"exercises/{SLUG}/{FILE}": notebook(), "lessons/00-first-conversation.ipynb": lesson}
    inner = archive(tmp_path / "threads-work-2026-11-02.zip", files)
    for slug in ("", SLUG):
        collector = Collector({}, student="jane", slug=slug)
        assert [one.where for one in collector.look(inner)] == [f"exercises/{SLUG}/{FILE}"]
        assert collector.found.notes == []
        assert "Not taken: 1 notebook of lessons; only exercises are graded." in summary(collector.found)


def test_name_in_other_capitals_is_reported_as_a_second_student(tmp_path: Path) -> None:
    inner = archive(tmp_path / "threads-work-2026-11-02.zip", {f"exercises/{SLUG}/{FILE}": notebook()})
    assert put(Collector({}, student="ada").look(inner), tmp_path) == []
    (said,) = put(Collector({}, student="Ada").look(inner), tmp_path)
    assert said.startswith("There is a student ada as well as Ada.")


MOODLE = "Jane Doe_11_assignsubmission_file_"


@pytest.mark.parametrize(
    ("first", "second"),
    [(f"Copy of {SLUG}", SLUG), (SLUG, f"{SLUG} (1)"), (f"{SLUG}-1", SLUG), ("lab-3", f"{SLUG}-final")],
)
def test_which_of_two_answers_is_meant_is_not_guessed_from_their_names(tmp_path: Path, first: str, second: str) -> None:
    both = {f"{MOODLE}/{first}.ipynb": notebook(mark="one"), f"{MOODLE}/{second}.ipynb": notebook(mark="other")}
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", both)) == []
    (said,) = collector.found.problems
    assert "nothing says which is the newest" in said
    assert all(name in said for name in both)
    assert collector.found.notes == []


@pytest.mark.parametrize("names", [(FILE, f"{SLUG} (1).ipynb"), (f"{SLUG} (1).ipynb", FILE)])
def test_blank_notebook_beside_an_answer_is_left_out(tmp_path: Path, names: tuple[str, str]) -> None:
    empty = (ROOT / "exercises" / SLUG / FILE).read_bytes()
    both = {f"{MOODLE}/{names[0]}": empty, f"{MOODLE}/{names[1]}": notebook(mark="answer")}
    collector = Collector({})
    (one,) = collector.look(archive(tmp_path / "a.zip", both))
    assert b'"answer"' in one.data
    assert collector.found.problems == []
    assert collector.found.notes == [f"{MOODLE}/{names[0]} is blank, and was left out: {MOODLE}/{names[1]} counts."]


JUNK = [f"._{FILE}", f".~{FILE}", f"{SLUG}-checkpoint.ipynb", f".ipynb_checkpoints/{FILE}", f"__MACOSX/{FILE}"]


@pytest.mark.parametrize("slug", ["", SLUG])
@pytest.mark.parametrize("junk", JUNK)
def test_what_a_program_put_beside_a_notebook_is_nobody_s_answer(tmp_path: Path, junk: str, slug: str) -> None:
    files = {junk: notebook("wrong"), FILE: notebook(mark="answer")}
    windows = archive(tmp_path / "w.zip", {f"w/{name}".replace("/", "\\"): data for name, data in files.items()})
    sources = [
        archive(tmp_path / "folders.zip", {f"{MOODLE}/{name}": data for name, data in files.items()}),
        archive(tmp_path / "packed.zip", {f"{MOODLE}/w.zip": windows.read_bytes()}),
        tmp_path / "unpacked",
    ]
    for name, data in files.items():
        (sources[-1] / MOODLE / name).parent.mkdir(parents=True, exist_ok=True)
        (sources[-1] / MOODLE / name).write_bytes(data)
    for source in sources:
        (one,) = Collector({}, slug=slug).look(source)
        assert b'"answer"' in one.data


@pytest.mark.parametrize("junk", JUNK[:3])
def test_copy_of_a_program_is_no_newer_attempt(tmp_path: Path, junk: str) -> None:
    files = {f"doejane_12_901_{FILE}": notebook(mark="answer"), f"doejane_12_902_{junk}": notebook("wrong")}
    (one,) = Collector({}).look(archive(tmp_path / "a.zip", files))
    assert b'"answer"' in one.data


def test_exercise_that_the_teacher_names_is_of_notebooks_that_do_not_say(tmp_path: Path) -> None:
    other = (ROOT / "exercises" / "sixth-message" / "sixth-message.ipynb").read_bytes()
    nameless = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    files = {f"{MOODLE}/sixth-message.ipynb": other, f"{MOODLE}/{FILE}": notebook(), "Bo Li_12_assignsubmission_file_/lab.ipynb": nameless}
    collector = Collector({}, slug=SLUG)
    taken = collector.look(archive(tmp_path / "a.zip", files))
    assert [(one.student, one.where) for one in taken] == [("11", f"{MOODLE}/{FILE}"), ("12", "Bo Li_12_assignsubmission_file_/lab.ipynb")]
    assert collector.found.notes == [f"{MOODLE}/sixth-message.ipynb is of sixth-message, and was left out: --exercise asks for {SLUG}."]


def blackboard_s(heads: list[str], receipts: Mapping[str, str] | None = None) -> dict[str, bytes]:
    files = {f"{head}_attempt_2026-11-02-10-00-00_{FILE}": notebook(mark=head) for head in heads}
    return files | {f"{head}_attempt_2026-11-02-10-00-00.txt": text.encode() for head, text in (receipts or {}).items()}


UNDERSCORES = "username,name\na_doe,Ann Doe\nb_doe,Bob Doe\na_roe,Al Roe\n"


@pytest.mark.parametrize(
    ("files", "people_of_course", "expected"),
    [
        (blackboard_s(["T_a_doe", "T_b_doe"]), "", ["a_doe", "b_doe"]),
        (blackboard_s(["T_a_doe", "T_b_doe"]), UNDERSCORES, ["a_doe", "b_doe"]),
        (blackboard_s(["T_a_doe", "T_a_roe"]), UNDERSCORES, ["a_doe", "a_roe"]),
        (blackboard_s(["T_1_a_doe"]), UNDERSCORES, ["a_doe"]),
        (blackboard_s(["Week_1_jdoe", "Week_1_a_doe"]), "", ["a_doe", "jdoe"]),
        (blackboard_s(["T_a_doe"], {"T_a_doe": "Name: A (b) Doe (a_doe)\nDate: x (doe)\n"}), "", ["a_doe"]),
        (blackboard_s(["T_a_doe", "T_a_roe"], {"T_a_doe": "Name: A Doe (a_doe)\n"}), "", ["a_doe", "a_roe"]),
        (blackboard_s(["T_a_doe"]), "", []),
        (blackboard_s(["T_a_doe"], {"T_a_doe": "Name: A Doe (victim)\n"}), "", []),
        (blackboard_s(["T_a_doe"], {"T_a_doe_attempt_2026-11-02-10-00-00_x": "Name: A Doe (doe)\n"}), "", []),
    ],
)
def test_login_with_underscores_is_told_from_the_assignment_or_left_out(
    tmp_path: Path, files: dict[str, bytes], people_of_course: str, expected: list[str]
) -> None:
    known = read_roster(rows(tmp_path / "r.csv", people_of_course)) if people_of_course else {}
    collector = Collector(known, UTC)
    taken = collector.look(archive(tmp_path / "a.zip", files))
    assert [one.student for one in taken] == expected
    assert all(json.loads(one.data)["metadata"]["mark"].endswith(f"_{one.student}") for one in taken)
    assert [("where the login" in problem) for problem in collector.found.problems] == ([] if expected else [True])
    assert not any("older attempt" in note for note in collector.found.notes)


def students(folder: Path, names: list[str], roster: str, zone: tzinfo | None = UTC) -> dict[str, str]:
    """Whose each file became, by its name."""
    collector = Collector(read_roster(rows(folder / "r.csv", roster)), zone)
    return {one.where: one.student for one in collector.look(archive(folder / "a.zip", {name: notebook(mark=name) for name in names}))}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"Jane Doe_1001_assignsubmission_file_/{FILE}", "jdoe"),  # the number is Max's
        (f"Max Roe_1002_assignsubmission_file_/{FILE}", "mroe"),
        (f"Jane Roe_1001_assignsubmission_file_/{FILE}", "1001"),  # nobody of that name
        (f"Zoe Lee_1004_assignsubmission_file_/{FILE}", "1004"),  # nobody's name to compare with
        (f"doejane_1001_7_{FILE}", "jdoe"),
        (f"leezoe_1004_7_{FILE}", "zlee"),
        (f"roemaxq_1001_7_{FILE}", "mroe"),  # a second first name
        (f"Ann Lee_1005_assignsubmission_file_/{FILE}", "alee"),
    ],
)
def test_number_that_is_another_s_on_the_roster_does_not_stand_against_the_name(tmp_path: Path, name: str, expected: str) -> None:
    roster = 'id,username,name\n1001,mroe,Max Roe\n1002,zed,Zed Zed\n1003,jdoe,"Doe, Jane"\n1004,zlee,\n1005,alee,"Lee, Ann Mary"\n'
    assert students(tmp_path, [name], roster) == {name: expected}


def test_person_has_one_name_whichever_system_the_work_comes_from(tmp_path: Path) -> None:
    roster = "Student ID;Username;Name\n00123;jdoe;Jane Doe\n"
    for name in (f"Jane Doe_11_assignsubmission_file_/{FILE}", f"T_jdoe_attempt_2026-11-02-10-00-00_{FILE}", f"submitted/00123/x/{FILE}"):
        assert students(tmp_path, [name], roster) == {name: "jdoe"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_name_with_marks_is_the_same_in_either_of_its_spellings(tmp_path: Path, form: Literal["NFC", "NFD"]) -> None:
    roster = "username,name\njm,Jürgen Müller\nki,की\nka,का\n"
    names = [
        f"{unicodedata.normalize(form, name)}_{n}_assignsubmission_file_/{FILE}" for n, name in enumerate(("Jürgen Müller", "की", "का"))
    ]
    assert students(tmp_path, names, roster) == dict(zip(names, ("jm", "ki", "ka"), strict=True))


def zipped(folder: Path, files: Mapping[str, bytes]) -> bytes:
    return archive(folder / "inner.zip", files).read_bytes()


@pytest.mark.parametrize(
    "name",
    ["sixth-message.ipynb.txt", "a.json", "a.rar", "a.tar.gz", "a.7z", "a.py", "a", "a.pdf", "a-checkpoint.ipynb", ".a.ipynb", "~$a.zip"],
)
def test_person_from_whom_nothing_was_taken_is_named(tmp_path: Path, name: str) -> None:
    files = {f"{MOODLE}/{FILE}": notebook(), f"Bo Li_12_assignsubmission_file_/{name}": notebook()}
    source = archive(tmp_path / "a.zip", files)
    with zipfile.ZipFile(source) as opened:
        opened.extractall(tmp_path / "unpacked")
    for place in (source, tmp_path / "unpacked"):
        collector = Collector({})
        assert [one.student for one in collector.look(place)] == ["11"]
        (said,) = collector.found.problems
        assert said.startswith(f"Bo Li (12): nothing was taken of what they handed in: {name}.")
        assert said in summary(collector.found)


def test_archive_without_a_notebook_and_text_typed_online_are_named(tmp_path: Path) -> None:
    files = {
        "Bo Li_12_assignsubmission_file_/a.zip": b"",
        "Cy Li_13_assignsubmission_file_/a.zip": zipped(tmp_path, {}),
        "Di Li_14_assignsubmission_file_/a.zip": zipped(tmp_path, {"readme.txt": b"x"}),
        "Ed Li_15_assignsubmission_file_/a.zip": zipped(tmp_path, {"b.zip": zipped(tmp_path, {FILE: notebook()})}),
        "Fe Li_16_assignsubmission_onlinetext_/onlinetext.html": b"<p>async def",
        "T_jdoe_attempt_2026-11-02-10-00-00.txt": b"Name: Jane Doe (jdoe)\nSubmission Field:\nasync def",
    }
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", files)) == []
    said = [problem.partition(":")[0] for problem in collector.found.problems]
    assert said == ["Bo Li (12)", "Cy Li (13)", "Di Li (14)", "Ed Li (15)", "Fe Li (16)", "jdoe"]


def test_names_in_capitals_are_read(tmp_path: Path) -> None:
    files = {f"{MOODLE}/A.IPYNB": notebook(), "Bo Li_12_assignsubmission_file_/A.ZIP": zipped(tmp_path, {"B.IPYNB": notebook()})}
    assert [one.student for one in Collector({}).look(archive(tmp_path / "a.zip", files))] == ["11", "12"]


def test_archive_that_nobody_can_be_told_of_is_listed(tmp_path: Path) -> None:
    files = {"ada.tar.gz": b"x", "ada/sixth.ipynb.txt": b"x", "ada/a.zip": b"", "status.csv": b"x", "notes.txt": b"x", ".DS_Store": b"x"}
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", files)) == []
    assert collector.found.unknown == ["ada.tar.gz", "ada/sixth.ipynb.txt", "ada/a.zip"]
    assert collector.found.problems == []


@pytest.mark.parametrize(
    "roster", ["username,name\nx,Ann Lee\n", "username,name\nj1,Jane Doe\nj2,Jane Doe\n", "username,name\n,Jane Doe\nx,\n"]
)
def test_person_whom_the_roster_does_not_name_is_named(tmp_path: Path, roster: str) -> None:
    collector = Collector(read_roster(rows(tmp_path / "r.csv", roster)))
    files = {f"{MOODLE}/{FILE}": notebook()}
    assert [one.student for one in collector.look(archive(tmp_path / "a.zip", files))] == ["11"]
    (said,) = collector.found.problems
    assert said.startswith("Jane Doe (11) is nobody on the roster")
    assert Collector({}, student="ada").look(tmp_path / "a.zip")[0].student == "ada"


@pytest.mark.parametrize(
    "text", ["username;name\rx;Doe, Jane\r", "sep=;\r\nusername;name\r\nx;Doe, Jane\r\n", "sep=\t\nusername\tname\nx\tJane Doe\n"]
)
def test_roster_of_any_spreadsheet_is_read(tmp_path: Path, text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "r.csv").write_bytes(text.encode(encoding))
        assert read_roster(tmp_path / "r.csv")["janedoe"].id == "x"


def test_quotation_mark_without_its_second_one_is_a_sentence(tmp_path: Path) -> None:
    text = 'username,name\na,b\n"jm,Müller\n' + "x" * 200_000
    with pytest.raises(ThreadlabError, match=r"is no CSV after line \d.*quotation mark"):
        read_roster(rows(tmp_path / "r.csv", text))


def test_time_that_is_in_no_calendar_is_named(tmp_path: Path) -> None:
    collector = Collector({}, UTC)
    (one,) = collector.look(archive(tmp_path / "a.zip", {f"T_cy_attempt_2026-13-29-02-30-00_{FILE}": notebook()}))
    assert (one.student, one.at) == ("cy", None)
    assert "no such time in the calendar" in collector.found.problems[0]


def test_group_in_moodle_is_one_person_s_work_and_is_named(tmp_path: Path) -> None:
    names = [f"{who}_assignsubmission_file_/{FILE}" for who in ("Group A-1-Jane Doe-Roe_11", "Team-mate Bo Li_12", "Mary-Ann Lee_13")]
    collector = Collector(read_roster(rows(tmp_path / "r.csv", "username,name\njdoe,Jane Doe-Roe\nalee,Ann Lee\n")))
    taken = collector.look(archive(tmp_path / "a.zip", {name: notebook() for name in names}))
    assert [one.student for one in taken] == ["12", "13", "jdoe"]
    assert "Group A-1-Jane Doe-Roe (jdoe): this names a group. What was handed in counts for jdoe alone." in collector.found.notes


def test_name_on_the_roster_that_no_folder_can_have_is_a_problem(tmp_path: Path) -> None:
    collector = Collector(read_roster(rows(tmp_path / "r.csv", "username,name\n..,Jane Doe\n")))
    assert collector.look(archive(tmp_path / "a.zip", {f"{MOODLE}/{FILE}": notebook()})) == []
    assert collector.found.problems == ["Jane Doe (..): “..” cannot be the name of a student. Nothing of theirs was taken."]


def test_same_notebook_twice_is_one(tmp_path: Path) -> None:
    collector = Collector({})
    files = {f"{MOODLE}/{FILE}": notebook(), f"{MOODLE}/Copy of {FILE}": notebook()}
    assert len(collector.look(archive(tmp_path / "a.zip", files))) == 1
    assert collector.found.notes + collector.found.problems == []


def test_file_with_a_name_that_no_system_makes_is_listed(tmp_path: Path) -> None:
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", {"homework.ipynb": notebook()})) == []
    assert collector.found.unknown == ["homework.ipynb"]


def test_older_file_never_takes_the_place_of_a_newer_one(tmp_path: Path) -> None:
    (new,) = Collector({}, UTC).look(blackboard(tmp_path))
    put([new], tmp_path)
    old = archive(tmp_path / "old.zip", {f"First turn_jdoe_attempt_2026-11-01-10-00-00_{FILE}": notebook("wrong", "older")})
    assert "is older than" in put(Collector({}, UTC).look(old), tmp_path)[0]


def test_older_attempt_of_canvas_never_takes_the_place_of_a_newer_one(tmp_path: Path) -> None:
    def collected(number: int, late: str = "") -> list[str]:
        files = {f"doejane_{late}12_{number}_{FILE}": notebook(mark=str(number))}
        return put(Collector({}).look(archive(tmp_path / "a.zip", files)), tmp_path)

    path = tmp_path / "autograder/work/submitted/12" / SLUG / FILE
    assert collected(950) == []
    assert "is older than" in collected(901, "LATE_")[0]
    assert b'"950"' in path.read_bytes()
    assert people(tmp_path)["12"].late == []
    assert collected(950) == []
    assert collected(951) == []
    assert b'"951"' in path.read_bytes()
    path.unlink()
    assert collected(901) == []  # nothing is there that could be newer


def test_notebook_of_which_nobody_knows_whether_it_is_newer_is_named(tmp_path: Path) -> None:
    said = []
    for mark in ("first", "second", "second"):
        said.append(put(Collector({}).look(archive(tmp_path / "a.zip", {f"{MOODLE}/{FILE}": notebook(mark=mark)})), tmp_path))
    assert [len(one) for one in said] == [0, 1, 0]
    assert "nothing says which is newer" in said[1][0]


def test_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ([Handed("ada", SLUG, data, "x", "Canvas", name=data.decode())] for data in (b"old", b"new"))
    put(old, tmp_path)
    whole = Path.write_bytes

    def half(path: Path, data: bytes) -> int:
        whole(path, data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        put(new, tmp_path)
    with pytest.raises(OSError, match="No space left"):
        keep({}, tmp_path)
    folder = tmp_path / "autograder/work/submitted/ada" / SLUG
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert (folder / FILE).read_bytes() == b"old"
    assert people(tmp_path)["ada"].name == "old"


def test_damaged_list_of_people_is_a_sentence_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "autograder/work/people.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(ThreadlabError, match="is damaged"):
        put([Handed("ada", SLUG, b"", "x", "Canvas")], tmp_path)
    assert [one.name for one in path.parent.iterdir()] == ["people.json"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (f"../../doejane_1_2_{FILE}", "leads out of the archive"),
        (f"/etc/doejane_1_2_{FILE}", "leads out of the archive"),
        (f"C:\\doejane_1_2_{FILE}", "leads out of the archive"),
        (f"{'x' * 300}_1_2_{FILE}", "has a name that no file can have"),
        (f"doe\x1b[2Jjane_1_2_{FILE}", "has a name that no file can have"),
    ],
)
def test_file_with_an_evil_name_is_left_out_with_a_sentence(tmp_path: Path, name: str, why: str) -> None:
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", {name: notebook()})) == []
    assert why in collector.found.notes[0]


def test_link_in_an_archive_is_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        info = zipfile.ZipInfo(f"doejane_1_2_{FILE}")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    collector = Collector({})
    assert collector.look(tmp_path / "a.zip") == []
    assert "is a link" in collector.found.notes[0]


def test_file_that_unpacks_to_very_much_is_left_out(tmp_path: Path) -> None:
    collector = Collector({})
    assert collector.look(archive(tmp_path / "a.zip", {f"doejane_1_2_{FILE}": b"0" * 5_000_000})) == []
    assert "would unpack to 5,000,000 bytes" in collector.found.notes[0]


def test_file_that_is_no_archive_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(ThreadlabError, match="is not a zip archive"):
        Collector({}).look(tmp_path / "a.zip")


# ---- back again

COLUMNS = [
    Column("first-turn", "A first turn", 10, {"jdoe": 10, "jroe": 4.5}),
    Column("sixth-message", "The sixth message", 16, {"jdoe": 16, "=1+1": 3}),
]
FIRST = Column("first-turn", "First turn", 10, {"1001": 9})
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (12),A first turn (4711),The sixth message (4712),Final Score\n"
    "    Points Possible,,,,,5,10,16,(read only)\n"
    '"Doe, Jane",12345,s1,jdoe,CS1,3,,,\n"Roe, John",12346,s2,jroe,CS1,4,,9,\n"Lee, Ann",12347,s3,alee,CS1,,,,\n'
)


def parsed(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def test_canvas_table_fills_the_assignments_of_its_export_and_makes_no_new_one(tmp_path: Path) -> None:
    table = written("canvas", COLUMNS, {}, rows(tmp_path / "grades.csv", CANVAS))
    head, possible, *people_rows = parsed(table.text)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A first turn (4711)", "The sixth message (4712)"]
    assert possible[-2:] == ["10", "16"]
    assert [(row[3], *row[-2:]) for row in people_rows] == [("jdoe", "10", "16"), ("jroe", "4.5", "9")]
    assert table.notes == ["=1+1 is not in grades.csv, and has no row in the table."]


def test_canvas_finds_people_by_its_own_number_where_there_was_no_roster(tmp_path: Path) -> None:
    column = Column("first-turn", "A first turn", 10, {"12346": 4.5})
    known = {"12346": Known("roejohn", "12346")}  # as it is collected
    assert parsed(written("canvas", [column], known, rows(tmp_path / "g.csv", CANVAS)).text)[-1][-1] == "4.5"


CROSSED = {  # one person's login is another's number
    "canvas": 'Student,ID,SIS Login ID,First turn (4)\n"Doe, Jane",500,1001,\n"Roe, Max",1001,1002,\n',
    "ilias": "update;usr_id;login;lastname;firstname;mark\n0;500;1001;Doe;Jane;\n0;1001;1002;Roe;Max;\n",
    "moodle": "First name,Last name,ID number,Username,First turn\nJane,Doe,500,1001,\nMax,Roe,1001,1002,\n",
}


@pytest.mark.parametrize("system", CROSSED)
@pytest.mark.parametrize("known", [{}, {"1001": Known("Doe, Jane", "500")}, {"1001": Known("", "1001")}], ids=["placed", "roster", "named"])
def test_score_goes_to_nobody_whose_number_is_somebody_s_login(tmp_path: Path, system: str, known: dict[str, Known]) -> None:
    (_, row) = parsed(written(system, [FIRST], known, rows(tmp_path / "g.csv", CROSSED[system])).text, ";" if system == "ilias" else ",")
    assert ("Jane" in "".join(row), row[-1]) == (True, "9")


def test_score_goes_to_nobody_whose_login_is_somebody_s_number(tmp_path: Path) -> None:
    (_, row) = parsed(written("canvas", [FIRST], {"1001": Known("roemax", "1001")}, rows(tmp_path / "g.csv", CROSSED["canvas"])).text)
    assert row == ["Roe, Max", "1001", "1002", "9"]


@pytest.mark.parametrize("system", ["canvas", "ilias"])
def test_number_of_another_system_finds_nobody_of_another_name(tmp_path: Path, system: str) -> None:
    column = Column("first-turn", "First turn", 10, {"jdoe": 9})
    table = written(system, [column], {"jdoe": Known("Jane Doe", "1001")}, rows(tmp_path / "g.csv", CROSSED[system]))
    assert "9" not in table.text
    assert "jdoe is not in g.csv" in table.notes[-1]


def test_canvas_table_without_an_export_has_of_each_person_the_one_id_that_is_certain() -> None:
    known = {"1001": Known("roemax", "1001"), "jdoe": Known("Jane Doe", "1001")}  # the number of a roster: whose else may it be in Canvas?
    column = Column("first-turn", "First turn", 10, {"1001": 9, "jdoe": 8})
    _, _, *found = parsed(written("canvas", [column], known).text)
    assert [row[1:4] for row in found] == [["1001", "", ""], ["", "", "jdoe"]]


def test_letters_that_canvas_leaves_out_of_a_name_make_nobody_another(tmp_path: Path) -> None:
    exported = rows(tmp_path / "g.csv", 'Student,ID,SIS Login ID,First turn (4)\n"Müller, Jürgen",7,jm,\n')
    column = Column("first-turn", "First turn", 10, {"7": 9})
    assert parsed(written("canvas", [column], {"7": Known("mllerjrgen", "7")}, exported).text)[-1][-1] == "9"


def test_assignment_that_the_export_does_not_have_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThreadlabError, match="no column named “The sixth message”"):
        written("canvas", COLUMNS, {}, rows(tmp_path / "g.csv", CANVAS.replace("The sixth message", "Homework 2")))


def test_moodle_table_has_all_exercises_and_nothing_that_a_spreadsheet_runs() -> None:
    found = parsed(written("moodle", COLUMNS, {}).text)
    assert found == [["username", "A first turn", "The sixth message"], ["'=1+1", "", "3"], ["jdoe", "10", "16"], ["jroe", "4.5", ""]]


def test_moodle_table_says_what_people_are_known_by() -> None:
    known = {"11": Known("Jane Doe", "11"), "1001": Known("", "1001")}
    table = written("moodle", [Column("first-turn", "A first turn", 10, {"a@x.edu": 1, "b@x.edu": 2})], known)
    assert parsed(table.text)[0] == ["email", "A first turn"]
    assert "e-mail address" in table.notes[-1]
    table = written("moodle", [Column("first-turn", "A first turn", 10, {"11": 1, "1001": 2, "b@x.edu": 3})], known)
    assert [row[0] for row in parsed(table.text)] == ["username", "1001", "b@x.edu"]
    assert any("without a row in the table: 11." in note for note in table.notes)
    assert any("Are these usernames there? b@x.edu." in note for note in table.notes)
    with pytest.raises(ThreadlabError, match="Everybody is known by a number"):
        written("moodle", [Column("first-turn", "A first turn", 10, {"11": 1})], known)


def test_moodle_s_own_export_is_filled(tmp_path: Path) -> None:
    exported = (
        'First name,Last name,ID number,Institution,Email address,"Assignment: A first turn (Real)",'
        '"Assignment: A first turn (Percentage)","Course total (Real)"\nJane,Doe,00123,,j@x.edu,-,-,-\nMax,Roe,7,,m@x.edu,-,-,-\n'
    )
    column = Column("first-turn", "A first turn", 10, {"00123": 9.5, "m@x.edu": 4})
    found = parsed(written("moodle", [column], {}, rows(tmp_path / "g.csv", exported)).text)
    assert found == [
        ["First name", "Last name", "ID number", "Email address", "Assignment: A first turn (Real)"],
        ["Jane", "Doe", "00123", "j@x.edu", "9.5"],
        ["Max", "Roe", "7", "m@x.edu", "4"],
    ]


WORKSHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Last modified (grade)","Feedback comments"\n'
    '"Participant 11","Jane Doe",j@x.edu,x,,100.00,-,-well done\n"Participant 12","Max Roe",m@x.edu,x,,100.00,-,\n'
)


def test_moodle_s_grading_worksheet_is_filled_where_number_and_name_agree(tmp_path: Path) -> None:
    column = Column("first-turn", "A first turn", 10, {"11": 9.5, "jroe": 4})
    known = {"11": Known("Jane Doe", "11"), "jroe": Known("John Roe", "12")}  # 12 of another assignment
    table = written("moodle", [column], known, rows(tmp_path / "g.csv", WORKSHEET))
    head, *found = parsed(table.text)
    assert head == ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
    assert found == [["Participant 11", "Jane Doe", "j@x.edu", "95", "100.00", "-"]]
    assert "jroe is not in g.csv" in table.notes[-1]
    with pytest.raises(ThreadlabError, match="Moodle's grading worksheet is of one exercise"):
        written("moodle", COLUMNS, known, rows(tmp_path / "g.csv", WORKSHEET))


def test_blackboard_table_keeps_the_column_s_number(tmp_path: Path) -> None:
    exported = "Last Name\tFirst Name\tUsername\tA first turn [Total Pts: 10 Score] |889\nDoe\tJane\tjdoe\t\n"
    (tmp_path / "gc.xls").write_text(exported, encoding="utf-16")
    found = parsed(written("blackboard", COLUMNS[:1], {}, tmp_path / "gc.xls").text, "\t")
    assert found == [["Last Name", "First Name", "Username", "A first turn [Total Pts: 10 Score] |889"], ["Doe", "Jane", "jdoe", "10"]]


def test_ilias_table_sets_the_mark_and_says_that_the_row_is_new(tmp_path: Path) -> None:
    exported = rows(tmp_path / "status.csv", "update;usr_id;login;lastname;firstname;status;mark\n0;271;jdoe;Doe;Jane;notgraded;\n")
    found = parsed(written("ilias", COLUMNS[:1], {}, exported).text, ";")
    assert found[1] == ["1", "271", "jdoe", "Doe", "Jane", "notgraded", "10"]


@pytest.mark.parametrize(
    ("system", "exported"),
    [
        ("canvas", "Student,ID,SIS Login ID,First turn (4)\n    Points Possible,,,100.0\nDoe,500,1001,\n"),
        ("canvas", "Student;ID;SIS Login ID;First turn (4)\n    Points Possible;;;100,00\nDoe;500;1001;\n"),
        ("blackboard", "Last Name,Username,First turn [Total Pts: up to 100 Score] |4\nDoe,1001,\n"),
    ],
)
def test_column_out_of_other_points_is_filled_in_proportion_and_said_to_be(tmp_path: Path, system: str, exported: str) -> None:
    table = written(system, [FIRST], {}, rows(tmp_path / "g.csv", exported))
    assert parsed(table.text, ";" if ";" in exported else ",")[-1][-1] == "90"
    assert "is out of 100 points in g.csv, and out of 10 here: its scores were multiplied by 10." in table.notes[0]


def test_column_out_of_nothing_is_a_sentence_and_out_of_unsaid_points_a_note(tmp_path: Path) -> None:
    exported = "Student,ID,SIS Login ID,First turn (4)\n    Points Possible,,,{}\nDoe,500,1001,\n"
    with pytest.raises(ThreadlabError, match="is out of 0 points"):
        written("canvas", [FIRST], {}, rows(tmp_path / "g.csv", exported.format(0)))
    for unsaid in ("", '"1,000"'):
        (note,) = written("canvas", [FIRST], {}, rows(tmp_path / "g.csv", exported.format(unsaid))).notes
        assert "does not say out of how many points this is: “First turn” (10 here)" in note


def test_excused_stays_excused(tmp_path: Path) -> None:
    table = written("canvas", COLUMNS, {}, rows(tmp_path / "g.csv", CANVAS.replace("CS1,3,,,", "CS1,3,EX,,")))
    assert parsed(table.text)[2][-2:] == ["EX", "16"]
    assert table.notes[0] == "Excused in g.csv, and left so: jdoe (first-turn)."


def test_people_who_are_not_in_the_export_are_one_sentence(tmp_path: Path) -> None:
    column = Column("first-turn", "A first turn", 10, {"jdoe": 1} | {f"s{number:02}": 1 for number in range(59)})
    (note,) = written("canvas", [column], {}, rows(tmp_path / "g.csv", CANVAS)).notes
    assert note.startswith("s00, s01, ")
    assert note.endswith("s09 and 49 more are not in g.csv, and have no row in the table.")


def test_ilias_table_leaves_the_teacher_s_own_texts_as_they_are(tmp_path: Path) -> None:
    exported = rows(tmp_path / "s.csv", 'update;usr_id;login;lastname;mark;notice;comment\n0;271;jdoe;=Doe;;"=1, too";-well done\n')
    found = parsed(written("ilias", COLUMNS[:1], {}, exported).text, ";")
    assert found[1] == ["1", "271", "jdoe", "'=Doe", "10", "=1, too", "-well done"]


def test_system_that_needs_its_own_export_says_which(tmp_path: Path) -> None:
    with pytest.raises(ThreadlabError, match="--exported"):
        written("blackboard", COLUMNS, {"jdoe": Known()})


@pytest.mark.slow
def test_class_goes_from_a_canvas_zip_to_canvas_s_gradebook(tmp_path: Path) -> None:
    course = clone(tmp_path / "course")
    roster, export = rows(tmp_path / "roster.csv", ROSTER), rows(tmp_path / "grades.csv", CANVAS)
    command(course, "autograder", "collect", str(canvas(tmp_path)), "--roster", str(roster))
    assert people(course)["jdoe"] == Known("Doe, Jane", "12345", [SLUG], {SLUG: 678901})
    command(course, "autograder", "grade", SLUG, "--trust-submissions")
    command(course, "autograder", "gradebook", "canvas", SLUG, "--exported", str(export))
    found = parsed((course / "autograder/work/reports/canvas.csv").read_text(encoding="utf-8"))
    assert found[2][-1] == "10"
    assert float(found[3][-1]) < 10
