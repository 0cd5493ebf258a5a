"""Where things are in one copy of the course, and whether its `.venv` can be used as it is."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

OLDEST = (3, 11)
COURSE_EXTRAS = ("course", "grading")
"""What course.py installs in any case. Without them, the package is the Threads service alone."""
WINDOWS = os.name == "nt"


class SetupError(Exception):
    """Something that the user can mend: what happened, where, what to do. Shown as it is, without a traceback."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


class Project:
    """The paths of one copy of the course. Everything that set-up makes is inside `.venv`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.venv = self.root / ".venv"
        self.bin = self.venv / ("Scripts" if WINDOWS else "bin")
        self.python = self.bin / ("python.exe" if WINDOWS else "python")
        self.stamp = self.venv / "course.json"
        self.lock = self.venv / "course.lock"
        self.log = self.venv / "course-install.log"
        self.pyproject = self.root / "pyproject.toml"
        self.constraints = self.root / "constraints.txt"

    @property
    def site(self) -> Path:
        """Where packages are installed."""
        if WINDOWS:
            return self.venv / "Lib" / "site-packages"
        version = self.settings().get("version") or sys.version.split()[0]
        return self.venv / "lib" / f"python{'.'.join(version.split('.')[:2])}" / "site-packages"

    def settings(self) -> dict[str, str]:
        """pyvenv.cfg, or nothing when there is none."""
        try:
            lines = (self.venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
        except OSError:
            return {}
        return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}

    def expected_stamp(self, extras: list[str]) -> dict[str, object]:
        """What the stamp says when `extras` are installed, the folder is where it was and Python is the same as then."""
        digest = hashlib.sha256()
        for file in (self.pyproject, self.constraints):
            try:
                digest.update(file.read_bytes())
            except OSError as error:
                raise SetupError(
                    f"{file} cannot be read ({error.strerror}), so this copy of the course is incomplete. Get it again."
                ) from None
        base = Path(self.settings().get("home", "")) / "python.exe" if WINDOWS else self.python
        try:
            facts = base.stat()  # follows the link, to the Python that the .venv was made from
        except OSError:
            return {}
        python = [os.path.realpath(base), facts.st_size, facts.st_mtime_ns]
        return {"packages": digest.hexdigest(), "root": str(self.root), "python": python, "extras": extras}

    def read_stamp(self) -> dict[str, object]:
        """The stamp, or nothing when no set-up was finished."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def installed_extras(self) -> list[str]:
        extras = self.read_stamp().get("extras")
        return extras if isinstance(extras, list) else []


def ready(project: Project, extras: list[str]) -> bool:
    """Whether everything was installed, and nothing has changed since. Takes about a millisecond."""
    stamp, installed = project.read_stamp(), project.installed_extras()
    return bool(stamp) and {*COURSE_EXTRAS, *extras} <= set(installed) and stamp == project.expected_stamp(installed)


def clean_env() -> dict[str, str]:
    """The environment without what would make another Python's packages look like ours."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
