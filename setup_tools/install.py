"""Make `.venv` what it should be: make it, mend it, or bring it up to date."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from setup_tools.project import COURSE_EXTRAS, OLDEST, WINDOWS, Project, SetupError, clean_env, ready, say

VENV_REMEDY = (
    f"On Debian and Ubuntu: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv. "
    "Elsewhere: install Python from python.org. Then run the same command again."
)
AGAIN = "then run the same command again."
# What pip's output contains when it fails, and what to do then. The first that fits is said.
PIP_REMEDIES = [
    ("no space left", f"The disk is full: free 1 GB, {AGAIN}"),
    (
        "permission denied|read-only file system",
        f"Something could not be written: make the folder writable, or copy the course to another, {AGAIN}",
    ),
    ("requires a different python", "A package does not support this version of Python: run course.py with another, from 3.11 on."),
    (
        "name resolution|newconnection|connection (?:refused|reset|error|broken)|timed out|unreachable|getaddrinfo|proxyerror",
        f"The network did not answer: look at the connection, {AGAIN} What was downloaded is kept. Without a network: --wheels DIR.",
    ),
    (
        "no matching distribution",
        "pip found no such version where it looked. Look at the connection; a folder of wheels fits one kind of computer and one Python.",
    ),
]


def set_up(project: Project, extras: list[str], wheels: Path | None = None) -> None:
    """Make sure that the packages, and those of `extras`, are installed. Returns at once when they are."""
    if ready(project, extras):
        return
    source = offline(wheels)
    with one_at_a_time(project) as lock:
        if ready(project, extras):  # whoever held the lock has done it
            return
        make_venv(project, lock)
        for name in broken_packages(project):
            say(f"{name} is only half installed; installing it again.")
            shutil.rmtree(project.site / name)
        before = project.read_stamp()
        extras = sorted({*COURSE_EXTRAS, *extras, *project.installed_extras()})  # what was once installed stays
        project.stamp.unlink(missing_ok=True)
        say(
            f"Bringing {project.venv} up to date: packages were added, or have changed, since the last time."
            if before
            else f"Installing the course's packages into {project.venv} (a few minutes the first time, and 400 MB)."
        )
        try:
            run_pip(project, ["install", "-c", str(project.constraints), *source, "-e", f".[{','.join(extras)}]"], lock)
        except SetupError:
            if before and "Installing collected packages" not in read(project.log):
                project.stamp.write_text(json.dumps(before), encoding="utf-8")  # nothing was touched: what worked still does
            raise
        project.stamp.write_text(json.dumps(project.expected_stamp(extras)), encoding="utf-8")


def download(project: Project, folder: Path) -> None:
    """Put a wheel of every package into `folder`, for this kind of computer and this version of Python."""
    import tomllib

    pyproject = tomllib.loads(project.pyproject.read_text(encoding="utf-8"))
    needed = [*pyproject["build-system"]["requires"], *pyproject["project"]["dependencies"]]
    needed += [name for names in pyproject["project"]["optional-dependencies"].values() for name in names]
    with one_at_a_time(project) as lock:
        make_venv(project, lock)
        say(f"Downloading a wheel of every package into {folder}.")
        run_pip(project, ["wheel", "-c", str(project.constraints), "--wheel-dir", str(folder), *needed], lock)


def offline(wheels: Path | None) -> list[str]:
    """pip's options for installing from a folder of wheels, and from nowhere else."""
    if wheels is None:
        return []
    if not any(wheels.glob("*.whl")):
        raise SetupError(f"There are no wheels in {wheels}. Make them where there is a network: python3 course.py wheels DIR.")
    return ["--no-index", "--find-links", str(wheels.resolve())]


@contextmanager
def one_at_a_time(project: Project) -> Iterator[int]:
    """Hold the lock on `.venv`. Programs started with it hold it too: it lasts as long as pip does, even when this process is killed."""
    try:
        project.venv.mkdir(exist_ok=True)
        lock = os.open(project.lock, os.O_RDWR | os.O_CREAT, 0o644)
    except FileExistsError:
        raise SetupError(f"{project.venv} is a file, and has to be a folder. Move it away and run the same command again.") from None
    except OSError as error:
        where = project.venv if project.venv.is_dir() else project.root
        raise SetupError(
            f"Nothing can be written in {where} ({error.strerror}), so nothing can be installed there. "
            "Copy the course to a folder of your own, or make this one writable, and run the same command again."
        ) from None
    try:
        if not try_lock(lock):
            say("Another set-up is at work in this folder; waiting for it to finish.")
            while not try_lock(lock):
                time.sleep(0.2)
        yield lock
    finally:
        os.close(lock)


def try_lock(lock: int) -> bool:
    """Take the lock if nobody has it. The system gives it back when its holders end, however they end."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_venv(project: Project, lock: int) -> None:
    """Make `.venv`, or make it anew when installing packages could not mend what is there."""
    why = unusable(project)
    if why is None:
        return
    if any(path != project.lock for path in project.venv.iterdir()):
        say(f"{project.venv} has to be made anew: {why}.")
        clear(project)
    say(f"Making {project.venv} with Python {sys.version.split()[0]}.")
    base = getattr(sys, "_base_executable", None) or sys.executable  # not that of a .venv that is about to be emptied
    command = [base, "-m", "venv", str(project.venv)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_env(), pass_fds=() if WINDOWS else (lock,))
    if done.returncode == 0:
        return
    output = done.stdout + done.stderr
    if "ensurepip is not available" in " ".join(output.split()) or find_spec("ensurepip") is None:
        raise SetupError(f"This Python cannot make {project.venv}: its venv module is incomplete. {VENV_REMEDY}")
    raise SetupError(f"{project.venv} could not be made:\n{tail(output)}\nTo find out why: python3 course.py doctor")


def unusable(project: Project) -> str | None:
    """Why `.venv` has to be made anew, as the end of a sentence, or None when it can be kept."""
    settings = project.settings()
    if not settings or not project.bin.exists():
        return "it is incomplete"
    first_path = re.search(r"-m venv (?:--\S+ )*(.+)$", settings.get("command", ""))
    if first_path and not (os.path.exists(first_path[1]) and os.path.samefile(first_path[1], project.venv)):
        return f"it was made in another place, {first_path[1]}"
    try:
        question = [str(project.python), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(question, capture_output=True, text=True, check=False, env=clean_env())
    except OSError:
        return "the Python that it was made with is gone"
    version = answer.stdout.strip()
    if answer.returncode != 0:
        return "its Python does not run, or has no pip"
    if not settings.get("version", version + ".").startswith(version + "."):
        return f"it was made with Python {settings['version']}, which is now {version}"
    if tuple(map(int, version.split("."))) < OLDEST:
        return f"its Python is {version}, and the course needs {OLDEST[0]}.{OLDEST[1]} or later"
    return None


def clear(project: Project) -> None:
    """Empty `.venv`, all but the lock, which is held."""
    for path in project.venv.iterdir():
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != project.lock:
                path.unlink()
        except OSError as error:
            raise SetupError(f"{path} cannot be removed ({error.strerror}). Close what is using it, such as JupyterLab, {AGAIN}") from None


def broken_packages(project: Project) -> list[str]:
    """Folders of packages whose installation was cut off. pip would take them for complete; it writes the record of INSTALLER last."""
    broken = [path.name for path in project.site.glob("~*") if path.is_dir()]
    for info in project.site.glob("*.dist-info"):
        files = [line.rsplit(",", 2)[0].strip('"') for line in read(info / "RECORD").splitlines()]
        complete = all(os.path.exists(project.site / file) for file in files if not file.endswith(".pyc"))
        if not complete or f"{info.name}/INSTALLER" not in files:
            broken.append(info.name)
    return sorted(broken)


def run_pip(project: Project, arguments: list[str], lock: int) -> None:
    """Run the `.venv`'s pip, with a line of progress. Its whole output goes to the log."""
    env = {**clean_env(), "PIP_PROGRESS_BAR": "off", "PIP_USER": "0", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    command = [str(project.python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    before = count_packages(project)
    with project.log.open("wb") as log, ProgressLine() as line:
        fds = () if WINDOWS else (lock,)
        pip = subprocess.Popen(command, cwd=project.root, env=env, stdout=log, stderr=subprocess.STDOUT, pass_fds=fds)
        try:
            while pip.poll() is None:
                time.sleep(0.1)
                line.show(progress(read(project.log), count_packages(project) - before))
        except BaseException:
            pip.terminate()
            pip.wait()
            raise
    if pip.returncode != 0:
        output = read(project.log)
        remedy = next((remedy for sign, remedy in PIP_REMEDIES if re.search(sign, output, re.I)), "Run: python3 course.py doctor")
        raise SetupError(
            f"pip could not finish (exit code {pip.returncode}). It said:\n{tail(output)}\n{remedy}\nAll that it said: {project.log}"
        )


def progress(log: str, installed: int) -> str:
    """What pip is doing, in a few words, from what it has said so far and the number of packages that are new."""
    everything = re.search(r"^Installing collected packages: (.+)$", log, re.M)
    if everything:
        total = everything[1].count(",") + 1
        return f"installing {min(max(installed, 0), total)} of {total}"
    names = re.findall(r"^(?:Collecting|Requirement already satisfied:) ([\w.-]+)", log, re.M)
    return f"finding and downloading: {len(set(names))}, {names[-1]}" if names else "preparing"


def count_packages(project: Project) -> int:
    return len(list(project.site.glob("*.dist-info")))


class ProgressLine:
    """One line that changes, in a terminal; now and then a line, in a log."""

    def __enter__(self) -> ProgressLine:
        self.live = sys.stderr.isatty()
        self.start = self.last_shown = time.monotonic()
        return self

    def show(self, text: str) -> None:
        now = time.monotonic()
        line = f"  {text} ({now - self.start:.0f} s)"
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="", file=sys.stderr, flush=True)
        elif now - self.last_shown >= 10:
            self.last_shown = now
            say(line)

    def __exit__(self, *_: object) -> None:
        if self.live:
            print("\r", end="", file=sys.stderr, flush=True)
        took = f"  {time.monotonic() - self.start:.0f} s"
        say(took.ljust(shutil.get_terminal_size().columns - 1) if self.live else took)


def read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def tail(output: str) -> str:
    """The lines that say what failed, or the last ones."""
    lines = output.strip().splitlines()
    return "\n".join("    " + line.strip() for line in [line for line in lines if "ERROR:" in line][-4:] or lines[-8:])
