"""course.py itself: verbs, sentences, and what it hands over."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import course
from setup_tools.install import set_up
from setup_tools.project import Project, SetupError, ready
from tests.course.tiny import ROOT, run

HERE = Project(ROOT)


def test_unknown_verb_is_answered_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert course.main(["chek", "sixth-message"]) == 2
    said = capsys.readouterr().err
    assert "There is no verb “chek”. Did you mean “check”?" in said
    assert all(f"  {verb} " in said for verb in ("lab", "test", "check", "serve"))


def test_verb_like_no_other_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert course.main(["xyzzy"]) == 2
    assert "Did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_no_verb_and_help_list_all_verbs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert course.main(arguments) == 0
    listed = re.findall(r"^  ([\w-]+) ", capsys.readouterr().out, re.M)
    assert listed == [*course.OWN, *course.PASSED_ON["autograder"], *course.PASSED_ON["threadlab"]]


def test_old_python_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert course.main(["lab"]) == 1
    assert "The course needs Python 3.11 or later" in capsys.readouterr().err


def test_busy_port_is_a_sentence() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} cannot be used .*in use"):
            course.free_port(port)


def test_impossible_port_is_a_sentence() -> None:
    with pytest.raises(SetupError, match="Port 70000 cannot be used"):
        course.free_port(70000)


def test_exit_code_and_working_directory_are_handed_on(made: Project) -> None:
    set_up(made, [])
    result = run(made, "serve", "--port", "8650", cwd=made.root.parent)
    assert result.returncode == 7
    assert result.stdout == f"['serve', '--port', '8650'] {made.root.parent}\n"


def test_file_of_the_learner_does_not_shadow_a_module(made: Project, tmp_path: os.PathLike[str]) -> None:
    set_up(made, [])
    with open(os.path.join(tmp_path, "sys.py"), "w") as file, open(os.path.join(tmp_path, "threadlab.py"), "w") as other:
        file.write("raise SystemExit(1)")
        other.write("raise SystemExit(1)")
    assert run(made, "serve", cwd=tmp_path).returncode == 7


def test_loopback_is_kept_from_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    env = course.working_env(HERE)
    assert env["NO_PROXY"] == env["no_proxy"] == "intranet.example,127.0.0.1,localhost"


def test_nbgrader_finds_alembic_and_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    env = course.working_env(HERE)
    assert env["PATH"].split(os.pathsep)[0] == str(HERE.bin)
    assert env["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(ROOT / "autograder"), "elsewhere"]


def test_jupyterlab_asks_for_no_news_and_no_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", course.working_env(HERE)["JUPYTER_CONFIG_PATH"])
    from jupyter_server.services.config.manager import ConfigManager

    settings = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
    assert settings["@jupyterlab/apputils-extension:notification"] == {"fetchNews": "false", "checkForUpdates": False}


@pytest.mark.slow
@pytest.mark.skipif(not ready(HERE, []), reason="this .venv was not made by course.py")
def test_printed_address_opens_jupyterlab() -> None:
    command = [sys.executable, str(ROOT / "course.py"), "lab", "--no-browser"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it, and JupyterLab would, too
    lab_process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    with lab_process as lab:
        assert lab.stdout is not None
        address = lab.stdout.readline().strip()
        try:
            assert "JupyterLab" in page(address)
            with pytest.raises(urllib.error.HTTPError, match="403"):
                page(address.partition("/lab")[0] + "/api/contents")
        finally:
            lab.send_signal(signal.SIGINT)
        assert "Traceback" not in lab.stderr.read()  # type: ignore[union-attr]
    assert lab.returncode == 0


def page(address: str, limit: float = 60) -> str:
    """What is at `address`, as soon as somebody answers there."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    start = time.monotonic()
    while True:
        try:
            with direct.open(address, timeout=limit) as answer:
                return str(answer.read(), "utf-8")
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except OSError:
            if time.monotonic() - start > limit:
                pytest.fail("nobody answers")
            time.sleep(0.1)


@pytest.mark.parametrize("package", list(course.PASSED_ON))
def test_every_verb_of_a_package_is_listed(package: str) -> None:
    done = subprocess.run([sys.executable, "-m", package, "--help"], capture_output=True, text=True, check=False, timeout=120)
    assert sorted(re.findall(r"^    ([\w-]+)(?: |$)", done.stdout, re.M)) == sorted(course.PASSED_ON[package])


@pytest.mark.parametrize(("package", "verb"), [(package, verb) for package, verbs in course.PASSED_ON.items() for verb in verbs])
def test_every_listed_verb_has_help(package, verb):
    done = subprocess.run([sys.executable, "-m", package, verb, "--help"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
