"""A project so small that making its `.venv` takes seconds and needs no network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from setup_tools.project import Project

ROOT = Path(__file__).resolve().parents[2]

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "threads-course"
version = "0.1.0"
dependencies = []

[project.optional-dependencies]
course = []
grading = []
test = []
"""

BACKEND = """
import os, time, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    time.sleep(float(os.environ.get("SLOW_BUILD", "0")))
    if os.path.exists("broken"):
        raise SystemExit("ERROR: the backend broke, as it was asked to")
    info = "threads_course-0.1.0.dist-info"
    files = {
        "tiny.pth": os.getcwd(),
        info + "/METADATA": "Metadata-Version: 2.1\\nName: threads-course\\nVersion: 0.1.0\\nProvides-Extra: test\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = info + "/RECORD"
    with zipfile.ZipFile(os.path.join(folder, "threads_course-0.1.0-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(record, "".join(f"{name},,\\n" for name in [*files, record]))
    return "threads_course-0.1.0-py3-none-any.whl"

build_wheel = build_editable
"""

MODULE = """
import os, sys
print(sys.argv[1:], os.getcwd())
sys.exit(7)
"""


def tiny_project(root: Path) -> Project:
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "constraints.txt").write_text("threads-course==0.1.0\n")
    (root / "backend.py").write_text(BACKEND)
    (root / "threadlab").mkdir()
    (root / "threadlab" / "__main__.py").write_text(MODULE)
    return Project(root)


def course(project: Project, *arguments: str) -> list[str]:
    """The command that runs course.py on `project`."""
    code = "import sys; from pathlib import Path; from course import main; sys.exit(main(sys.argv[2:], Path(sys.argv[1])))"
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}", str(project.root), *arguments]


def run(project: Project, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(course(project, *arguments), capture_output=True, text=True, check=False, timeout=120, **options)  # type: ignore[call-overload]


def copy_of_the_tree(to: Path) -> Path:
    """The course in another folder: what git has, and what is not committed yet."""
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes((ROOT / name).read_bytes())
    return to


def git_clone(to: Path) -> Path:
    """A copy that git knows: what is handed out is what git has."""
    copy_of_the_tree(to)
    subprocess.run("git init -q && git add -A && git -c user.name=a -c user.email=a@b.c commit -qm copy", cwd=to, shell=True, check=True)
    return to
