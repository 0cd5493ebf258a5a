"""The doctor finds what is broken, says how to mend it, and is silent about a good installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from setup_tools import doctor as module
from setup_tools.doctor import doctor
from setup_tools.install import set_up
from setup_tools.project import Project, ready
from tests.course.tiny import ROOT, run, tiny_project

HERE = Project(ROOT)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.slow
@pytest.mark.skipif(not ready(HERE, ["test"]), reason="this .venv was not made by course.py")
def test_good_installation_has_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    code = doctor(HERE)
    assert "Nothing is wrong with this installation." in (said := capsys.readouterr().out), said
    assert code == 0


def test_missing_venv_is_a_problem_with_a_remedy(fresh: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(fresh) == 1
    said = capsys.readouterr().out
    assert "PROBLEM  .venv" in said
    assert "→ python3 course.py setup" in said


@pytest.mark.slow
def test_doctor_is_a_command_that_ends_with_1_for_a_problem(tmp_path: Path) -> None:
    result = run(tiny_project(tmp_path / "tiny"), "doctor")
    assert result.returncode == 1
    assert "PROBLEM  .venv" in result.stdout
    assert result.stderr == ""


def test_missing_packages_are_named(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(made, [])
    pins = made.constraints.read_text()
    made.constraints.write_text("threads-course==0.2.0\n")
    assert doctor(made) == 1
    made.constraints.write_text(pins)
    said = capsys.readouterr().out
    assert "set-up was not finished, or the pinned versions are newer" in said
    assert "not the pinned version: threads-course 0.1.0 (pinned: 0.2.0)" in said
    assert "importing failed: ModuleNotFoundError: No module named 'openai'" in said
    assert "missing in .venv: etc/jupyter" in said


def test_proxy_for_127_0_0_1_is_a_problem(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [well for well, _, _ in module.proxy(made)] == [True]
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert [well for well, _, _ in module.proxy(made)] == [False]
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert [well for well, _, _ in module.proxy(made)] == [True]
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    assert [well for well, _, _ in module.proxy(made)] == [False, True]


def test_missing_ensurepip_is_a_problem_with_a_remedy(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "ensurepip" else object())
    [(ok, text, remedy)] = module.venv_module(made)
    assert not ok
    assert "ensurepip is missing" in text
    assert "-venv" in remedy


def test_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tiny_project(tmp_path / "tiny")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 3e8}))
    [(ok, text, _)] = module.disk(project)
    assert not ok
    assert text == "0.3 GB free"


def test_pins_for_other_systems_are_left_out(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "tiny")
    project.constraints.write_text('# why\nSome_Name==1.0\nelsewhere==2.0; sys_platform == "plan9"\n')
    assert module.pinned(project) == {"some-name": "1.0"}
