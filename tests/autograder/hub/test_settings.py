"""`hub.toml`: what is written first can be read, and a mistake in it is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course_folder import ROOT
from autograder.hub.plan import TEMPLATE, Plan, read_settings, size
from threadlab.errors import ThreadlabError


def settings(folder: Path, text: str) -> Path:
    file = folder / "hub.toml"
    file.write_text(text)
    return file


def test_settings_that_the_first_start_writes_are_the_defaults(tmp_path: Path) -> None:
    found = read_settings(settings(tmp_path, TEMPLATE))
    assert found == read_settings(settings(tmp_path, "[courses.threads]\n"))
    assert found.courses["threads"].path == ROOT
    assert not found.courses["threads"].grade_on_submission


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sign_in = 1\n[courses.threads]", "sign_in"),
        ("sing_in = 'shared'\n[courses.threads]", "sing_in"),
        ("[courses.threads", "cannot be used"),
        ("", "names no course"),
        ("[courses.'a+b']", '"a+b" cannot be a name'),
        ("teachers = ['../root']\n[courses.threads]", "cannot be a name"),
        ("[courses.threads]\nstudents = ['Ada Lovelace']", "cannot be a name"),
        ("[courses.threads]\nfolder = '/nowhere'", "is not a clone of the course"),
        ("memory = '2 apples'\n[courses.threads]", "is not a size"),
        ("[courses.threads]\nfeedback = 'all'", "feedback"),
    ],
)
def test_mistake_in_the_settings_is_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ThreadlabError, match=r"hub\.toml|is not a size") as refused:
        read_settings(settings(tmp_path, text))
    assert says in str(refused.value)


def test_size_is_in_bytes() -> None:
    assert [size("512M"), size("1.5G")] == [512 * 1024**2, 1536 * 1024**2]


def test_student_takes_the_courses_that_name_them_or_nobody(tmp_path: Path) -> None:
    settings(tmp_path, "[courses.one]\nstudents = ['ada']\n[courses.two]\n")
    plan = Plan(tmp_path)
    assert [plan.courses_of(name) for name in ("ada", "bob", "teacher")] == [["one", "two"], ["two"], ["one", "two"]]
    ports = {plan.port, plan.hub_port, plan.proxy_port, *map(plan.formgrader_port, plan.courses)}
    assert len(ports) == 5
