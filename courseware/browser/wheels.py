"""The packages of the browser edition: which ones they are, where they come from, and the list of them that Pyodide reads."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

from courseware.browser.problem import BuildProblem

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLATFORM = "pyemscripten_2026_0_wasm32"
PYTHON = "314"

NOT_FOR_LEARNERS = (
    "autograder/authoring/",
    "autograder/classroom/",
    "autograder/execution/",
    "autograder/hub/",
    "autograder/known_answers/",
    "autograder/learner/validating.py",
    "autograder/lms/",
    "autograder/sandbox/",
    "autograder/work/",
    "autograder/workshop/",
    "autograder/nbgrader_config.py",
)
"""What grades a class, runs submissions or knows the answers is not in the tab."""

BUILDS = "courseware/browser/"
"""Of this package, only what runs in the tab goes there."""

RUNS_IN_THE_TAB = ("courseware/browser/__init__.py", "courseware/browser/tab.py")

LEFT_OUT = re.compile(
    r"jedi/third_party/(django-stubs|typeshed/stubs)/|sqlalchemy/(testing|dialects/(mysql|oracle|mssql))/|prompt_toolkit/contrib/|.*/tests?/"
)
"""Parts of packages that nothing in the tab reads, and that would be downloaded by every learner."""


WITHOUT_THEIR_C = ("MarkupSafe",)
"""Packages of which there is no wheel for the browser, and which do without their part in C: taken from where they are installed."""


class Wheel(NamedTuple):
    """One package, as the list of packages needs it."""

    name: str
    version: str
    file: Path
    needs: list[str]
    """Bare names of everything that it requires, whatever the markers say. Those that are not in the tab are left out of the list."""
    imports: list[str]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted() -> list[str]:
    """The requirements, each with its version: from packages.txt or else from constraints.txt."""
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        if version:
            pins[canonical(name)] = f"{name}=={version}"
    lines = (HERE / "packages.txt").read_text(encoding="utf-8").splitlines()
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [name if "==" in name else pins[canonical(name)] for name in names]


def fetch(folder: Path) -> list[Path]:
    """The wheels in `folder`, downloaded by pip unless they are there already. Raises BuildProblem."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [one for one in wanted() if not _in(folder, one)]
    if missing:
        kind = ["--only-binary=:all:", "--platform", PLATFORM, "--python-version", PYTHON, "--implementation", "cp", "--abi", f"cp{PYTHON}"]
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", *kind]
        done = subprocess.run([*command, "--dest", str(folder), *missing], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
            raise BuildProblem("pip could not download the packages for the browser. It said: " + " ".join(errors or ["nothing."]))
    return [_in(folder, one) for one in wanted()]  # type: ignore[misc]  # all are there now


def _in(folder: Path, requirement: str) -> Path | None:
    name, _, version = requirement.partition("==")
    stem = canonical(name).replace("-", "_")
    return next((file for file in sorted(folder.glob("*.whl")) if file.name.lower().startswith(f"{stem}-{version}-".lower())), None)


def described(file: Path) -> Wheel:
    """What a wheel says about itself."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        about = next(name for name in names if name.endswith(".dist-info/METADATA") and name.count("/") == 1)
        headers = HeaderParser().parsestr(archive.read(about).decode("utf-8"))
    needs = []
    for text in headers.get_all("Requires-Dist") or []:
        if "extra ==" not in text and (match := re.match(r"[\w.-]+", text)):
            needs.append(canonical(match[0]))
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name and ".data/" not in name}
    imports = sorted({top.removesuffix(".py").partition(".")[0] for top in tops})
    return Wheel(canonical(headers["Name"]), headers["Version"], file, needs, imports)


def slimmed(source: Path, target: Path) -> None:
    """Copy a wheel without what nobody reads in a tab, packed as tightly as zip can."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for one in old.infolist():
            if LEFT_OUT.match(one.filename) or one.is_dir():
                continue
            data = old.read(one)
            if one.filename.endswith(".dist-info/RECORD"):
                data = b"".join(line for line in data.splitlines(keepends=True) if not LEFT_OUT.match(line.decode()))
            new.writestr(zipfile.ZipInfo(one.filename, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def without_c(name: str, folder: Path) -> Path:
    """A wheel of the Python part of an installed package."""
    package = distribution(name)
    files = {}
    for file in package.files or []:
        path = Path(str(package.locate_file(file)))
        if ".." not in file.parts and (file.suffix in (".py", ".typed") or file.name in ("METADATA", "LICENSE.txt")):
            files[file.as_posix()] = path.read_bytes()
    info = next(file for file in files if file.endswith(".dist-info/METADATA")).rpartition("/")[0]
    return _packed(folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl", info, files)


def ours(folder: Path, version: str) -> Path:
    """A wheel of the course's own code, as far as learners need it. The same files give the same bytes."""
    files: dict[str, bytes] = {}
    for package in ("threadlab", "courseware", "autograder"):
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in name and _for_learners(name):
                files[name] = path.read_bytes()
    info = f"threads_course-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: threads-course\nVersion: {version}\n".encode()
    return _packed(folder / f"threads_course-{version}-py3-none-any.whl", info, files)


def _packed(target: Path, info: str, files: dict[str, bytes]) -> Path:
    """A wheel of pure Python with these files, `info` being the folder that describes it."""
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: courseware.browser\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [f"{name},sha256={_record_hash(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)
    return target


def _for_learners(name: str) -> bool:
    if name.startswith(BUILDS):
        return name in RUNS_IN_THE_TAB
    return not name.startswith(NOT_FOR_LEARNERS) and not name.endswith((".md", ".ipynb"))


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def lock(wheels: list[Wheel], info: dict[str, Any]) -> str:
    """The list of packages that Pyodide reads at its start. `info` is that of its own list: which Python, which platform."""
    names = {wheel.name for wheel in wheels}
    packages = {
        wheel.name: {
            "name": wheel.name,
            "version": wheel.version,
            "file_name": wheel.file.name,
            "install_dir": "site",
            "sha256": hashlib.sha256(wheel.file.read_bytes()).hexdigest(),
            "package_type": "package",
            "imports": wheel.imports,
            "depends": sorted(names.intersection(wheel.needs)),
            "unvendored_tests": False,
            "tool": {},
        }
        for wheel in wheels
    }
    return json.dumps({"info": info, "packages": packages}, indent=1)
