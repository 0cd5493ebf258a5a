"""What comes from npm: the Python runtime, and a small library that the page uses."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from courseware.browser.problem import BuildProblem


class Package(NamedTuple):
    name: str
    version: str
    sha512: str
    """Of the archive, in base64, as npm writes it into its lock files."""


PYODIDE = Package("pyodide", "314.0.7", "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A==")
FFLATE = Package("fflate", "0.8.3", "tbZNuJrLwGUp3zshBtdy4W+ORxZuIh8a5ilyIEQDC5rY1f3U20JMry0Ll3WBzU58EZKsEuJFXhb5gwv8CsPvgA==")


def fetch(package: Package, cache: Path) -> tarfile.TarFile:
    """The package's archive, downloaded by npm unless it is there already. Raises BuildProblem."""
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{package.name}-{package.version}.tgz"
    if not archive.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise BuildProblem("The browser edition is built with npm, and there is none here. Install Node.js, which brings it.")
        command = [npm, "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", str(cache)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not archive.exists():
            raise BuildProblem(f"npm could not download {package.name} {package.version}. It said: {done.stderr.strip() or 'nothing.'}")
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != package.sha512:
        archive.unlink()
        raise BuildProblem(f"What npm gave as {package.name} {package.version} is not what it was when it was pinned. It was thrown away.")
    return tarfile.open(archive)


def unpack(package: Package, cache: Path, files: tuple[str, ...], target: Path) -> None:
    """Put these files of the package into `target`, without their folders."""
    target.mkdir(parents=True, exist_ok=True)
    with fetch(package, cache) as archive:
        for name in files:
            member = archive.extractfile(f"package/{name}")
            assert member is not None, name
            (target / Path(name).name).write_bytes(member.read())
