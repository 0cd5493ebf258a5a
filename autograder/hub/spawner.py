"""Starts people's servers: each in a home of its own, under an account of its own where the hub can give one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from markupsafe import Markup
from tornado.web import HTTPError

from autograder.course_folder import ROOT
from autograder.hub import enter
from autograder.hub.accounts import Accounts, end_all_of
from autograder.hub.homes import prepare
from autograder.hub.plan import Plan, own_accounts, size

DEPLOY = ROOT / "deploy" / "hub"
KEPT = ("LANG", "LC_ALL", "TZ")


def start_as(entry: enter.Entry, *command: str) -> subprocess.Popen[bytes]:
    """Start a program through `enter`."""
    env = {**hub_environment(), enter.VARIABLE: msgspec.json.encode(entry).decode()}
    return subprocess.Popen([sys.executable, "-P", "-m", "autograder.hub.enter", *command], env=env, cwd="/", start_new_session=True)


def hub_environment() -> dict[str, str]:
    """For programs of the hub's own: this course's packages first."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def closed_around_python() -> list[Path]:
    """The folder on the way to this Python that other accounts may not pass, such as root's home, if there is one."""
    for prefix in (sys.base_prefix, sys.prefix):
        path = Path(prefix).resolve()
        for folder in [*reversed(path.parents), path]:
            if not folder.stat().st_mode & 0o001:
                return [folder]
    return []


class CourseSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """JupyterHub's local processes, with accounts, limits, and a view of the files that ends where the student's own ends."""

    @property
    def plan(self) -> Plan:
        if not hasattr(self, "_plan"):
            self._plan = Plan.from_environment()
        return self._plan

    @property
    def course(self) -> str:
        """The course that was chosen; the only one of most people."""
        offered = self.plan.courses_of(self.user.name)
        if not offered:
            raise HTTPError(403, f"{self.user.name} is in none of the courses here. Ask your teacher: the names are in hub.toml.")
        choice = self.user_options.get("course")
        return choice if choice in offered else offered[0]

    def _options_form_default(self) -> str:
        """Asked before the start, where there is something to choose."""
        offered = self.plan.courses_of(self.user.name)
        if len(offered) < 2:
            return ""
        choices = Markup("").join(Markup('<option value="{0}">{0}</option>').format(one) for one in offered)
        form = Markup('<label for="course">Course</label><select name="course" id="course" class="form-control">{}</select>')
        return str(form.format(choices))

    def options_from_form(self, formdata: dict[str, list[str]]) -> dict[str, Any]:
        return {"course": (formdata.get("course") or [""])[0]}

    @property
    def _home(self) -> Path:
        home: Path = self.plan.homes / self.user.name
        return home

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        home, course = self._home, self.course
        teaches = self.user.name in self.plan.settings.teachers
        inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
        own = {
            **inherited,
            "USER": self.user.name,
            "LOGNAME": self.user.name,
            "HOME": str(home),
            "SHELL": "/bin/bash",
            "TMPDIR": str(home / ".tmp"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "VIRTUAL_ENV": sys.prefix,
            "PYTHONPATH": str(self.plan.learners(course)),
            "JUPYTER_CONFIG_PATH": str(DEPLOY / ("teacher" if teaches else "student")),
            "THREADS_COURSE": course,
            "THREADS_EXCHANGE": str(self.plan.exchange),
            "THREADS_PROGRESS": str(home / course / ".progress.json"),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        return {**env, **own}

    async def start(self) -> tuple[str, int]:
        """Start the server; returns where it will be."""
        port: int = getattr(self, "port", 0) or random_port()
        self.port = port
        settings, course = self.plan.settings, self.course
        uid = Accounts(self.plan.data).uid(self.user.name) if own_accounts() else None
        if uid is not None:
            end_all_of(uid)  # what is left of a server that was killed
        home = prepare(self.plan, self.user.name, course, uid)
        entry = enter.Entry(
            name=self.user.name,
            env=self.get_env(),
            folder=str(home / course),
            uid=uid,
            closed=[str(one) for one in [*self.plan.closed, *closed_around_python()]] if uid is not None else [],
            shown=[str(one) for one in shown(self.plan, home, course)],
            writable=[str(self.plan.exchange)] if uid is not None else [],
            log=str(home / ".server.log"),
            memory=size(settings.memory),
            cpus=settings.cpus,
            processes=enter.PROCESSES,
        )
        command = [str(Path(sys.executable).parent / "jupyterhub-singleuser"), *self.get_args()]
        self.log.info("Starting the server of %s in %s", self.user.name, course)
        self.proc = start_as(entry, *command)
        self.pid = self.proc.pid
        return self.ip or "127.0.0.1", port

    def make_preexec_fn(self, name: str) -> None:
        return None

    async def stop(self, now: bool = False) -> None:
        await super().stop(now)
        if own_accounts():
            end_all_of(Accounts(self.plan.data).uid(self.user.name))
        elif self.proc is not None:
            try:
                os.killpg(self.proc.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return


def shown(plan: Plan, home: Path, course: str) -> list[Path]:
    """What a person's server sees of the closed folders."""
    return [
        *(Path(one).resolve() for one in {sys.prefix, sys.base_prefix}),
        plan.learners(course),
        plan.exchange / course,
        DEPLOY / "student",
        DEPLOY / "teacher",
        home,
    ]


def course_service(plan: Plan, course: str, name: str, command: list[str], **more: Any) -> dict[str, Any]:
    """A service of a course, for JupyterHub: it runs in the course's folder, under the account that the folder belongs to."""
    path, keeps = plan.courses[course].path, plan.service(course)
    environment = {
        "PYTHONPATH": str(path),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "JUPYTER_CONFIG_PATH": os.pathsep.join([str(path / "autograder"), str(DEPLOY / "formgrader")]),
        "JUPYTER_CONFIG_DIR": str(keeps / "config"),
        "JUPYTER_DATA_DIR": str(keeps / "data"),
        "JUPYTER_RUNTIME_DIR": str(keeps / "runtime"),
        "IPYTHONDIR": str(keeps / "ipython"),
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "THREADS_COURSE": course,
        "THREADS_EXCHANGE": str(plan.exchange),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **{one: value for one, value in os.environ.items() if one.startswith("THREADS_HUB_")},
    }
    about = path.stat()
    if own_accounts() and about.st_uid != 0:
        lowered = ["setpriv", f"--reuid={about.st_uid}", f"--regid={about.st_gid}", "--init-groups"]
        command = [*lowered, *command]
    return {"name": name, "command": command, "cwd": str(path), "environment": environment, **more}
