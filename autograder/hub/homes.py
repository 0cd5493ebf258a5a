"""A person's home on the hub: lessons to run, and a folder for the exercises that they fetch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autograder.hub.plan import Plan


def prepare(plan: Plan, name: str, course: str, uid: int | None) -> Path:
    """See to it that the home is there, with the course's lessons; what is there already is left alone. Returns it.

    It belongs to the person once it is complete, and nothing in it is touched by the hub from then on: links in it lead nowhere.
    """
    home = plan.homes / name
    mark = plan.homes / f".{name}+{course}"
    if mark.exists():
        return home
    plan.homes.mkdir(mode=0o711, parents=True, exist_ok=True)
    aside = plan.homes / f".{name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(plan.learners(course) / "lessons", aside / "lessons")
    (aside / "exercises").mkdir()
    _give(aside, uid)
    if not home.exists():
        home.mkdir(mode=0o700)
        (home / ".tmp").mkdir(mode=0o700)
        _give(home, uid)
    target = home / course
    if not os.path.lexists(target):
        aside.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
    mark.touch()
    return home


def _give(folder: Path, uid: int | None) -> None:
    if uid is None:
        return
    for directory, _, names in os.walk(folder):
        os.chown(directory, uid, uid, follow_symlinks=False)
        for name in names:
            os.chown(Path(directory, name), uid, uid, follow_symlinks=False)
