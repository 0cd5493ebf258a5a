"""Set-up: what goes wrong with a `.venv`, and that the next command mends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from setup_tools import install
from setup_tools.install import broken_packages, one_at_a_time, progress, set_up, try_lock, unusable
from setup_tools.project import Project, SetupError, ready
from tests.course.tiny import course, run, tiny_project


@pytest.mark.slow
def test_nothing_is_started_when_everything_is_installed(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_args, **_options: pytest.fail("started a program"))
    monkeypatch.setattr(install, "make_venv", lambda *_args: pytest.fail("looked at the .venv again"))
    set_up(made, [])


def test_newer_pins_are_installed(made: Project) -> None:
    made.constraints.write_text(made.constraints.read_text() + "# newer\n")
    assert not ready(made, [])
    set_up(made, [])
    assert ready(made, [])


def test_extras_stay_installed_when_pins_change(made: Project) -> None:
    set_up(made, ["test"])
    made.constraints.write_text(made.constraints.read_text() + "# newer still\n")
    set_up(made, [])
    assert ready(made, ["test"])


@pytest.mark.slow
def test_package_cut_off_half_way_is_installed_again(made: Project) -> None:
    made.stamp.unlink()
    (made.site / "threads_course-0.1.0.dist-info" / "RECORD").write_text("")
    shutil.rmtree(made.site / "pip" / "_vendor" / "idna")  # any file that a package says it has
    assert broken_packages(made) == ["pip-" + pip_version(made) + ".dist-info", "threads_course-0.1.0.dist-info"]
    shutil.rmtree(made.venv)
    set_up(made, [])
    (made.site / "threads_course-0.1.0.dist-info" / "RECORD").write_text("")
    made.stamp.unlink()
    set_up(made, [])
    assert broken_packages(made) == []


def pip_version(project: Project) -> str:
    return next(path.name for path in project.site.glob("pip-*.dist-info")).removeprefix("pip-").removesuffix(".dist-info")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a .venv has no links on Windows")
def test_venv_is_made_anew_when_its_python_is_gone(made: Project) -> None:
    made.python.unlink()
    made.python.symlink_to(made.root / "no-such-python")
    assert not ready(made, [])
    result = run(made, "serve")
    assert "has to be made anew: the Python that it was made with is gone" in result.stderr
    assert ready(made, [])


@pytest.mark.slow
def test_venv_of_another_python_is_unusable(made: Project) -> None:
    settings = made.venv / "pyvenv.cfg"
    whole = settings.read_text()
    settings.write_text(whole.replace(f"version = {sys.version_info[0]}.{sys.version_info[1]}.", "version = 3.10."))
    assert "it was made with Python 3.10." in (unusable(made) or "")
    settings.write_text(whole)


@pytest.mark.slow
def test_venv_is_made_anew_in_a_moved_folder(fresh: Project, tmp_path: Path) -> None:
    set_up(fresh, [])
    moved = Project(fresh.root.rename(tmp_path / "moved here"))
    assert not ready(moved, [])
    result = run(moved, "serve", "--port", "1")
    assert "it was made in another place" in result.stderr
    assert result.returncode == 7
    assert "['serve', '--port', '1']" in result.stdout


@pytest.mark.slow
def test_incomplete_venv_is_completed(fresh: Project) -> None:
    fresh.bin.mkdir(parents=True)
    set_up(fresh, [])
    assert ready(fresh, [])


@pytest.mark.slow
def test_set_up_finishes_after_a_kill(fresh: Project) -> None:
    command = subprocess.Popen(course(fresh, "setup"), env={**os.environ, "SLOW_BUILD": "600"}, start_new_session=True)
    wait_for(lambda: fresh.log.exists() and "metadata" in fresh.log.read_text())
    os.killpg(command.pid, signal.SIGKILL)
    command.wait()
    result = run(fresh, "setup")
    assert result.returncode == 0, result.stderr
    assert ready(fresh, ["test"])
    assert broken_packages(fresh) == []


@pytest.mark.slow
def test_second_set_up_waits_for_an_orphaned_pip(fresh: Project) -> None:
    """Then the lock is still held, and the next set-up waits for pip instead of writing beside it."""
    command = subprocess.Popen(course(fresh, "setup"), env={**os.environ, "SLOW_BUILD": "3"})
    wait_for(lambda: fresh.log.exists() and "metadata" in fresh.log.read_text())
    command.kill()
    command.wait()
    result = run(fresh, "setup")
    assert result.returncode == 0
    assert "Another set-up is at work in this folder; waiting" in result.stderr


@pytest.mark.slow
def test_second_set_up_waits_for_the_first(fresh: Project) -> None:
    both = [subprocess.Popen(course(fresh, "setup"), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [command.communicate(timeout=120)[1] for command in both]
    assert [command.returncode for command in both] == [0, 0]
    assert sorted("waiting for it to finish" in text for text in said) == [False, True]
    assert sum("Making" in text for text in said) == 1


def test_lock_has_one_holder(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "tiny")
    with one_at_a_time(project):
        second = os.open(project.lock, os.O_RDWR)
        assert not try_lock(second)
    assert try_lock(second)
    os.close(second)


@pytest.mark.skipif(os.name == "nt", reason="read-only folders can be written on Windows")
def test_read_only_folder_is_a_sentence() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        project = tiny_project(Path(folder) / "tiny")
        project.root.chmod(0o555)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}
        code = f"import sys; sys.path.insert(0, {str(project.root)!r}); from course import main; sys.exit(main(['setup']))"
        for name in ("course.py", "setup_tools"):
            source = Path(install.__file__).parents[1] / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, project.root / name)
        result = subprocess.run(["/usr/bin/env", "python3", "-c", code], capture_output=True, text=True, check=False, cwd="/", **nobody)  # type: ignore[call-overload]
        project.root.chmod(0o755)
    if "Permission denied" in result.stderr and "written" not in result.stderr:
        pytest.skip("another user cannot run this Python")
    assert result.returncode == 1
    assert "Nothing can be written in" in result.stderr
    assert "Traceback" not in result.stderr


def test_failing_pip_leaves_what_worked(made: Project) -> None:
    set_up(made, [])
    before = made.stamp.read_text()
    pins = made.constraints.read_text()
    (made.root / "broken").touch()
    made.constraints.write_text(pins + "# changed\n")
    with pytest.raises(SetupError) as error:
        set_up(made, [])
    (made.root / "broken").unlink()
    made.constraints.write_text(pins)
    assert "pip could not finish" in str(error.value)
    assert "as it was asked to" in str(error.value)
    assert str(made.log) in str(error.value)
    assert made.stamp.read_text() == before


def test_file_named_venv_is_a_sentence(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "tiny")
    project.venv.touch()
    result = run(project, "setup")
    assert result.returncode == 1
    assert ".venv is a file" in result.stderr


def test_empty_folder_of_wheels_is_a_sentence(tmp_path: Path) -> None:
    result = run(tiny_project(tmp_path / "tiny"), "setup", "--wheels", str(tmp_path))
    assert result.returncode == 1
    assert "There are no wheels in" in result.stderr


PART = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "part"
version = "1.0"
"""
PART_BACKEND = """
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "part-1.0.dist-info"
    files = {
        "part.py": "",
        info + "/METADATA": "Metadata-Version: 2.1\\nName: part\\nVersion: 1.0\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: part\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "/RECORD": "",
    }
    with zipfile.ZipFile(os.path.join(folder, "part-1.0-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "part-1.0-py3-none-any.whl"
"""


@pytest.mark.slow
def test_room_installs_from_a_folder_of_wheels_and_from_nowhere_else(tmp_path: Path) -> None:
    project, part, wheels = tiny_project(tmp_path / "tiny"), tmp_path / "part", tmp_path / "wheels"
    part.mkdir()
    (part / "pyproject.toml").write_text(PART)
    (part / "backend.py").write_text(PART_BACKEND)
    (project.root / "jupyterlab.py").write_text("import part, sys\nprint('started with', part.__name__, *sys.argv[1:])\n")
    backend, pyproject = project.root / "backend.py", project.pyproject.read_text()
    backend.write_text(backend.read_text().replace("Version: 0.1.0\\n", "Version: 0.1.0\\nRequires-Dist: part\\n"))
    project.pyproject.write_text(pyproject.replace("dependencies = []", f'dependencies = ["part @ {part.as_uri()}"]', 1))
    result = run(project, "wheels", str(wheels))
    assert result.returncode == 0, result.stderr
    assert [path.name for path in wheels.iterdir()] == ["part-1.0-py3-none-any.whl"]
    shutil.rmtree(part)
    project.pyproject.write_text(pyproject.replace("dependencies = []", 'dependencies = ["part"]', 1))
    nowhere = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1"}
    result = run(project, "lab", "--no-browser", "--wheels", str(wheels), env=nowhere)
    assert result.returncode == 0, result.stderr
    assert "started with part --ServerApp.root_dir=" in result.stdout


@pytest.mark.slow
def test_incomplete_copy_of_the_course_is_a_sentence(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "tiny")
    set_up(project, [])
    project.constraints.unlink()
    result = run(project, "serve")
    assert result.returncode == 1
    assert "constraints.txt cannot be read" in result.stderr


def test_progress_names_what_pip_is_doing() -> None:
    assert progress("Obtaining file:…\n", 0) == "preparing"
    assert progress("Collecting rich==15\n  Downloading rich\nCollecting attrs>=1 (from x)\n", 0) == "finding and downloading: 2, attrs"
    assert progress("Collecting rich\nInstalling collected packages: attrs, rich, idna\n", 2) == "installing 2 of 3"


def wait_for(happens: object, limit: float = 60) -> None:
    start = time.monotonic()
    while not happens():  # type: ignore[operator]
        if time.monotonic() - start > limit:
            pytest.fail(f"waited {limit} s in vain")
        time.sleep(0.05)
