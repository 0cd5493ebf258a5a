"""What a teacher is told about the machine, and what happens where it offers less than everything."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from autograder.execution.client import SubmissionFailed, WorkerClient
from autograder.execution.hosts import FreshHost
from autograder.sandbox import PROTECTIONS, Report, SandboxUnavailable, available, readable
from autograder.sandbox.readable import COURSE

linux_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="makes namespaces as root",
)

PROGRAM = """
import sys
sys.path.append(sys.argv[1])
import msgspec
from autograder.sandbox import available
print(msgspec.json.encode(available()).decode())
"""

CELLS = """
import sys
sys.path.append(sys.argv[1])
from autograder.execution.client import WorkerClient
with WorkerClient(trust=True) as client, client.open() as session:
    print(session.run_cell(sys.argv[2], 30).outputs)
"""


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", program, str(COURSE), *arguments]


def without_namespaces(command: list[str]) -> str:
    """What a command prints where nobody may make namespaces, as in many containers."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --inh-caps=-all --bounding-set=-all -- "$@"'
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", script, "sh", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sentence_for_each_missing_protection() -> None:
    report = Report({"network": "no namespaces", "signals": "no Landlock"})
    assert not report.complete
    assert report.held == ["reading", "writing", "processes", "limits"]
    assert "no network but its own loopback (no namespaces)" in report.sentence()
    assert Report({}).sentence() == "Submissions run in a full sandbox."


def test_report_names_protections_only() -> None:
    assert set(available().missing) <= set(PROTECTIONS)


def test_grading_without_a_sandbox_needs_trust() -> None:
    with WorkerClient(host=FreshHost()) as client, pytest.raises(SandboxUnavailable, match="--trust-submissions"):
        client.open()


@pytest.mark.slow
def test_fresh_process_for_each_submission(tmp_path: Path) -> None:
    """As on macOS and Windows: no fork, no protection, the same interface."""
    (tmp_path / "data.txt").write_text("beside the notebook")
    with WorkerClient(trust=True, host=FreshHost()) as client:
        with client.open(tmp_path) as session:
            assert session.run_cell("open('data.txt').read()", 30).outputs[0]["data"]["text/plain"] == "'beside the notebook'"
            assert session.run_cell("import os\nn = os.system('echo raw')", 30).outputs[0]["text"] == "raw\n"
            assert session.run_cell("while True: pass", 0.5).status == "timeout"
            with pytest.raises(SubmissionFailed, match="exit code 3"):
                session.run_cell("os._exit(3)", 30)
        with client.open() as session:
            assert session.run_cell("open('data.txt')", 30).status == "error"


@linux_root
def test_container_without_namespaces_is_reported() -> None:
    report = msgspec.json.decode(without_namespaces(python(PROGRAM)), type=Report)
    assert {"network", "processes"} <= set(report.missing)
    assert "namespaces are not to be had" in report.missing["network"]


@linux_root
def test_what_is_left_without_namespaces_still_holds() -> None:
    secret = COURSE / "pyproject.toml"
    source = f"import os\ntry:\n    open({str(secret)!r})\nexcept OSError as e:\n    print(type(e).__name__)\nopen('mine', 'w').write('x')"
    said = without_namespaces(python(CELLS, source))
    report = msgspec.json.decode(without_namespaces(python(PROGRAM)), type=Report)
    assert "'text/plain': '1'" in said
    assert ("PermissionError" in said) == ("reading" in report.held)


@linux_root
@pytest.mark.slow
def test_grandchild_is_hunted_down_without_namespaces() -> None:
    word = f"hunted-{os.getpid()}"
    source = f"import subprocess\np = subprocess.Popen(['sh', '-c', 'sleep 1000; true', '{word}'], start_new_session=True)"
    without_namespaces(python(CELLS, source))
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if word.encode() in command and b"sleep" in command]


@linux_root
def test_unprivileged_user_has_the_full_sandbox() -> None:
    """The Python of this test may be in a folder that only root can enter; then a private mount namespace shows it to everybody."""
    if not available().complete:
        pytest.skip(available().sentence())
    base = Path(os.path.realpath(sys.base_prefix))
    closed = next((p for p in reversed(base.parents) if not p.stat().st_mode & stat.S_IXOTH), None)
    show = f"mount --bind {base} /mnt && mount -t tmpfs tmpfs {closed} && mkdir -p {base} && mount --bind /mnt {base} && " if closed else ""
    script = f'{show}exec setpriv --reuid 4321 --regid 4321 --clear-groups -- "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *python(PROGRAM)], capture_output=True, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout, type=Report) == Report({})


# ---- what may be read


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "autograder/checks",
        "solutions",
        "threadlab",
        "lib/python/site-packages/openai",
        "lib/python/site-packages/autograder/hidden",
    ):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(readable, "COURSE", tmp_path)
    return tmp_path


def within(folder: Path, paths: list[str]) -> list[str]:
    return sorted(str(Path(path).relative_to(folder)) for path in paths if Path(path).is_relative_to(folder))


def test_passwords_beside_packages_cannot_be_read(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / "python/etc/jupyter").mkdir(parents=True)
    (course / "python/lib").mkdir()
    (course / "python/etc/jupyter/nbgrader_config.py").write_text("db_url = 'postgresql://teacher:password@host'")
    (course / "python/pip.conf").write_text("a key")
    monkeypatch.setattr(sys, "prefix", str(course / "python"))
    assert within(course, readable.readable()) == ["python/lib", "threadlab"]


def test_python_may_lie_beside_the_course(course: Path) -> None:
    assert within(course, readable.readable()) == ["threadlab"]


def test_python_may_lie_inside_the_course(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(course))
    monkeypatch.setattr(sys, "path", [*sys.path, str(course / "lib/python/site-packages")])
    assert within(course, readable.readable()) == ["lib", "threadlab"]


def test_installed_course_shows_other_packages_only(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = course / "lib/python/site-packages"
    monkeypatch.setattr(sys, "prefix", str(course / "lib"))
    monkeypatch.setattr(readable, "COURSE", packages)
    assert within(packages, readable.readable()) == ["openai"]
