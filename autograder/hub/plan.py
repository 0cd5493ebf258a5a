"""What a hub is to be: `hub.toml` in its data folder, and where everything is because of it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Literal

import msgspec

from autograder.course_folder import ROOT
from threadlab.errors import ThreadlabError

PORT = 8670
"""The hub's door. The hub itself, its proxy's own interface and the formgraders use the numbers after it, on loopback only."""
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
"""Names of people and courses: they become names of folders, and nbgrader's exchange uses `+` between them."""
FIRST_UID = 300_000
"""The first of the hub's own user ids. No distribution gives out ids in this range."""

TEMPLATE = """\
# The hub's settings. They are read when the hub starts; the three of a course that are about grading, within a second.

sign_in = "shared"      # "shared": one password for the class, which lets students sign in as each other. "native": each has their own
teachers = ["teacher"]  # they open the formgraders, and administer the hub
students = []           # names that may sign in; empty: any name
memory = "2G"           # for each person's server with everything that runs in it
cpus = 2.0
spawner = "local"       # "docker": containers, made from `image` (see deploy/hub/README.md)
image = ""

[courses.threads]
folder = ""                 # a clone of the course; empty: the one that the hub is started from
students = []               # empty: everybody
grade_on_submission = false
feedback = "behaviours"     # what comes back at once: "behaviours" (no marks), or "marks"
cluster = ""                # the address of a Dask scheduler; empty: the sandbox on this computer
"""


class Course(msgspec.Struct, forbid_unknown_fields=True):
    """One of the courses that the hub has side by side."""

    folder: str = ""
    students: list[str] = []
    grade_on_submission: bool = False
    feedback: Literal["behaviours", "marks"] = "behaviours"
    cluster: str = ""

    @property
    def path(self) -> Path:
        return Path(self.folder).expanduser().resolve() if self.folder else ROOT


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """`hub.toml`."""

    sign_in: Literal["shared", "native"] = "shared"
    teachers: list[str] = msgspec.field(default_factory=lambda: ["teacher"])
    students: list[str] = []
    memory: str = "2G"
    cpus: float = 2.0
    spawner: Literal["local", "docker"] = "local"
    image: str = ""
    courses: dict[str, Course] = {}


class Plan:
    """The hub of a data folder: its settings, and where things are. Raises ThreadlabError when the settings cannot be used."""

    def __init__(self, data: Path, port: int = PORT) -> None:
        self.data, self.port = data.resolve(), port
        self.file = self.data / "hub.toml"
        self.settings = read_settings(self.file)
        self.exchange = self.data / "exchange"
        self.homes = self.data / "homes"

    @classmethod
    def from_environment(cls) -> Plan:
        """In a process that the hub has started."""
        return cls(Path(os.environ["THREADS_HUB_DATA"]), int(os.environ.get("THREADS_HUB_PORT", PORT)))

    @property
    def courses(self) -> dict[str, Course]:
        return self.settings.courses

    def learners(self, course: str) -> Path:
        """The learners' copy of a course: what their servers import."""
        return self.data / "learners" / course

    def service(self, course: str) -> Path:
        """A folder for what a course's services keep besides the course's own work."""
        return self.data / "services" / course

    def courses_of(self, student: str) -> list[str]:
        """The courses that somebody takes, or teaches."""
        teaches = student in self.settings.teachers
        return [name for name, one in self.courses.items() if teaches or not one.students or student in one.students]

    @property
    def hub_port(self) -> int:
        return self.port + 1

    @property
    def proxy_port(self) -> int:
        return self.port + 2

    def formgrader_port(self, course: str) -> int:
        return self.port + 10 + list(self.courses).index(course)

    @property
    def closed(self) -> list[Path]:
        """What nobody but the teacher may see: the courses with their solutions and marks, and everybody's homes."""
        return sorted({ROOT, self.data, *(one.path for one in self.courses.values())})


def read_settings(file: Path) -> Settings:
    """Raises ThreadlabError."""
    try:
        settings = msgspec.toml.decode(file.read_bytes(), type=Settings)
    except OSError as error:
        raise ThreadlabError(f"{file} cannot be read: {error.strerror}.") from None
    except msgspec.MsgspecError as error:
        raise ThreadlabError(f"{file} cannot be used: {error}. Mend it, or delete it and start the hub, which writes a new one.") from None
    if not settings.courses:
        raise ThreadlabError(f"{file} names no course: it needs a table [courses.NAME].")
    people = [*settings.teachers, *settings.students, *(name for one in settings.courses.values() for name in one.students)]
    for name in [*settings.courses, *people]:
        if not NAME.fullmatch(name):
            raise ThreadlabError(f"{file}: {json.dumps(name)} cannot be a name here. Use small letters, digits, and . _ - inside.")
    for name, one in settings.courses.items():
        if not (one.path / "autograder" / "nbgrader_config.py").is_file():
            raise ThreadlabError(f"{file}: the folder of [courses.{name}], {one.path}, is not a clone of the course.")
    size(settings.memory)
    return settings


def size(text: str) -> int:
    """Bytes, of "512M" or "2G". Raises ThreadlabError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([MG])", text)
    if match is None:
        raise ThreadlabError(f"memory = {json.dumps(text)} is not a size: write it as 512M or 2G.")
    return int(float(match[1]) * (1024**2 if match[2] == "M" else 1024**3))


def own_accounts() -> bool:
    """Whether each person's programs run under a user id of their own: the hub has to be started by root, on Linux."""
    return sys.platform == "linux" and os.geteuid() == 0
