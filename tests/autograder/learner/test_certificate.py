"""A certificate: what it says is what its answers earn when they are run again, and a changed page is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.learner import certificate as certificates
from autograder.learner import progress
from autograder.learner.certificate import BadCertificate, Certificate, opened, page
from autograder.notebooks import read, solution, write
from tests.autograder.course_copy import answered, clone, command, corpus

NAME = "Ada </script><b>Lovelace"
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def client() -> Iterator[WorkerClient]:
    with WorkerClient(trust=True) as one:
        yield one


@pytest.fixture(scope="module")
def passed(client: WorkerClient, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of a learner who has solved first-turn."""
    folder = tmp_path_factory.mktemp("learner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "released", lambda slug: folder / f"{slug}.ipynb")
        patch.setattr(progress, "load", dict)
        write(read(solution("first-turn")), folder / "first-turn.ipynb")
        return certificates.made(NAME, client, ["first-turn"], NOW, notice=lambda slug: None)


def written(certificate: Certificate, folder: Path) -> Path:
    file = folder / "certificate.html"
    file.write_text(page(certificate, file.name), encoding="utf-8")
    return file


def line(certificate: Certificate, slug: str) -> certificates.Line:
    return next(one for one in certificate.exercises if one.slug == slug)


def changed(certificate: Certificate, of: str, **new: object) -> Certificate:
    lines = tuple(msgspec.structs.replace(one, **new) if one.slug == of else one for one in certificate.exercises)
    return msgspec.structs.replace(certificate, exercises=lines)


def test_answers_on_a_page_earn_again_what_it_says(passed: Certificate, client: WorkerClient, tmp_path: Path) -> None:
    found = opened(written(passed, tmp_path))
    assert (found.certificate, found.problems) == (passed, ())
    assert line(passed, "first-turn").passed_on == "2026-11-29"
    assert line(passed, "sixth-message").earned == 0
    assert [(one.line.slug, one.earned, one.agrees) for one in certificates.compared(passed, client)] == [("first-turn", 10, True)]


@pytest.mark.slow
def test_certificate_is_made_and_verified_by_command(tmp_path: Path) -> None:
    course = clone(tmp_path)
    right = next(path for path in corpus() if path.parent.name == "right")
    write(answered(course, "first-turn", right), course / "exercises" / "first-turn" / "first-turn.ipynb")
    file = tmp_path / "certificate.html"
    made = command(course, "autograder", "certificate", "--name", "Ada Lovelace", "--to", str(file))
    assert f"1 of {len(checks.SLUGS)} exercises passed." in " ".join(made.stdout.split())
    verified = command(course, "autograder", "certificate", "--verify", str(file), "--trust-submissions")
    assert "Ada Lovelace" in verified.stdout
    assert "10 of 10" in verified.stdout
    assert "Not confirmed" not in verified.stdout


def test_points_that_the_answers_do_not_earn_are_noticed(passed: Certificate, client: WorkerClient) -> None:
    blank = tuple(
        msgspec.structs.replace(cell, source="def first_turn(client, assistant_id, question):\n    return 'Paris'") if cell.answer else cell
        for cell in line(passed, "first-turn").cells
    )
    (one,) = certificates.compared(changed(passed, "first-turn", cells=blank), client)
    assert not one.agrees
    assert one.lost


def test_name_cannot_break_out_of_the_page(passed: Certificate) -> None:
    text = page(passed, "certificate.html")
    assert "<b>Lovelace" not in text
    assert text.count("</script>") == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<b>Lovelace", "<b>Byron", "checksum"),
        ('"earned":10', '"earned":11', "not a result"),
        ("1 of 15 exercises", "15 of 15 exercises", "does not show"),
        ('"version":"', '"version":"9', "made with version 9"),
    ],
)
def test_changed_page_is_noticed(passed: Certificate, tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = page(passed, "certificate.html")
    old, new = old.replace("<", "\\u003c"), new.replace("<", "\\u003c")
    assert old in text
    file = tmp_path / "certificate.html"
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert problem in "; ".join(opened(file).problems)


def test_exercise_that_there_is_not_or_twice_is_noticed(passed: Certificate, tmp_path: Path) -> None:
    found = opened(written(changed(passed, "first-turn", slug="last-turn"), tmp_path)).problems
    assert found == ("there is no exercise last-turn",)
    found = opened(written(changed(passed, "first-turn", slug="sixth-message", points=16, earned=0, passed_on=""), tmp_path)).problems
    assert found == ("an exercise is on it twice",)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"<html></html>", b'<script type="application/json" id="certificate">[1]</script>'],
    ids=["empty", "bytes", "another page", "other data"],
)
def test_other_file_is_refused_by_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.html"
    file.write_bytes(content)
    with pytest.raises(BadCertificate, match="is not a certificate"):
        opened(file)
    with pytest.raises(BadCertificate, match="cannot be read"):
        opened(tmp_path / "missing.html")
