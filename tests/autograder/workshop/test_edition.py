"""The edition that a workshop serves: built from what is there now, and never with a teacher's own answers in it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from autograder.workshop import __main__ as workshop
from autograder.workshop.course_files import pack
from tests.autograder.course_copy import command
from tests.autograder.workshop.server import SLUG, Workshop, notebook, opened


def test_answers_of_the_teachers_own_are_not_handed_out(course: Path) -> None:
    mine = course / "exercises" / SLUG / f"{SLUG}.ipynb"
    before = mine.read_bytes()
    mine.write_bytes(notebook(course, "step_by_step"))
    done = command(course, "autograder.workshop", code=2)
    mine.write_bytes(before)
    assert "There are answers of your own in first-turn" in done.stderr
    assert not (course / "autograder" / "work" / "browser").exists()


def test_edition_is_built_again_when_the_course_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(folder: Path, say: object) -> None:
        built.append(folder)
        folder.mkdir(exist_ok=True)
        (folder / "course.json").write_text("{}")

    monkeypatch.setattr("courseware.browser.build.build", build)
    monkeypatch.setattr(workshop, "ROOT", tmp_path)
    monkeypatch.setattr(workshop, "EDITION", tmp_path / "work" / "browser")
    monkeypatch.setattr(workshop.progress, "begun", list)
    (tmp_path / "work").mkdir()
    (tmp_path / "lessons").mkdir()
    (tmp_path / "constraints.txt").write_text("")
    for text, count in (("one", 1), ("one", 1), ("two", 2)):
        (tmp_path / "lessons" / "00.ipynb").write_text(text)
        assert workshop._edition(None) == tmp_path / "work" / "browser"
        assert len(built) == count


def test_files_travel_packed_and_arrive_whole(course: Path, edition: Path) -> None:
    with opened(Workshop(course, edition, "--no-grading")) as served:
        visitor = served.visitor()
        page = visitor.get("/course/")
        assert page.headers["content-encoding"] == "gzip"
        assert page.headers["content-type"].startswith("text/html")
        assert page.text == (edition / "index.html").read_text()
        bare = visitor.get("/course/", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in bare.headers
        assert bare.text == page.text
        again = visitor.get("/course/", headers={"if-none-match": page.headers["etag"]})
        assert again.status_code == 304


def test_packing_is_done_once_for_an_edition(edition: Path, tmp_path: Path) -> None:
    assert pack(edition, tmp_path / "packed") == 1
    assert pack(edition, tmp_path / "packed") == 0
    assert gzip.decompress((tmp_path / "packed" / "index.html.gz").read_bytes()) == (edition / "index.html").read_bytes()
    assert json.loads((tmp_path / "packed" / "course.json").read_bytes())["version"] == "0"
