"""Two people with accounts of their own on this computer, for the tests of what passes between a teacher and a student."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOOK_IN = """
set -e
closed=$1 spot=$2; shift 2
for path in $NEEDED; do mkdir -p "$spot$path"; mount --bind "$path" "$spot$path"; done
mount -t tmpfs -o mode=755 none "$closed"
for path in $NEEDED; do mkdir -p "$path"; mount --bind "$spot$path" "$path"; done
exec "$@"
"""
"""This Python may be inside a folder that is closed to everybody else, such as root's home: show them Python's files in it and no more."""


class Person:
    """An account, its home, and commands that run as it."""

    def __init__(self, name: str, home: Path, closed: Path | None) -> None:
        self.name, self.home, self._closed = name, home, closed
        self.uid, self.gid = pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid

    def run(self, *words: str, cwd: Path | None = None, code: int | None = 0, **more: str) -> str:
        """`python -m` …, as this person; returns all that it said."""
        path = str(Path(sys.executable).parent) + os.pathsep + os.defpath
        env = {"PATH": path, "HOME": str(self.home), "USER": self.name, "LOGNAME": self.name, "LANG": "C.UTF-8", **more}
        command = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", sys.executable, "-m", *words]
        if self._closed is not None:
            env["NEEDED"] = " ".join(_inside(self._closed))
            command = ["unshare", "--mount", "sh", "-c", LOOK_IN, "sh", str(self._closed), str(self.home.parent / ".spot"), *command]
        done = subprocess.run(command, cwd=cwd or self.home, env=env, capture_output=True, text=True, timeout=300, check=False)
        said = done.stdout + done.stderr
        assert code is None or done.returncode == code, said[-3000:]
        return said

    def owns(self, folder: Path) -> None:
        """Give them a folder and all in it."""
        for directory, _, names in os.walk(folder):
            os.chown(directory, self.uid, self.gid)
            for name in names:
                os.chown(Path(directory, name), self.uid, self.gid)


def _inside(closed: Path) -> list[str]:
    return [path for path in {sys.base_prefix, sys.prefix} if Path(path).resolve().is_relative_to(closed)]


def _closed() -> Path | None:
    """The folder on the way to this Python that others may not pass."""
    for wanted in (sys.base_prefix, sys.prefix):
        path = Path(wanted).resolve()
        for folder in [*reversed(path.parents), path]:
            if not folder.stat().st_mode & 0o001:
                return folder
    return None


@contextlib.contextmanager
def people(base: Path, *names: str) -> Iterator[list[Person]]:
    """These accounts, for as long as it takes; skips with a sentence where they cannot be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("accounts can only be made by root, on Linux")
    if missing := [name for name in ("useradd", "userdel", "setpriv", "unshare") if shutil.which(name) is None]:
        pytest.skip(f"accounts cannot be made here: there is no {missing[0]}")
    closed = _closed()
    if closed is not None and subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip(f"{closed} is closed to others, and this Python is in it")
    made: list[str] = []
    try:
        for name in names:
            account = f"{name}{os.getpid()}"
            done = subprocess.run(
                ["useradd", "--create-home", "--home-dir", str(base / name), account], check=False, capture_output=True, text=True
            )
            if done.returncode:
                pytest.skip(f"accounts cannot be made here: {done.stderr.strip()}")
            made.append(account)
        yield [Person(account, base / name, closed) for account, name in zip(made, names, strict=True)]
    finally:
        for account in made:
            subprocess.run(["userdel", account], check=False, capture_output=True)
