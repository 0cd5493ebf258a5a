"""Other versions of the official SDK, each in an environment of its own, and their source distributions.

Both come from the package index once, and are kept in `THREADLAB_CACHE` (a folder of the user's cache unless it is set).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path


def cache() -> Path:
    """The folder in which downloads and environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("THREADLAB_CACHE") or Path(base) / "threadlab")


class Unavailable(Exception):
    """The index cannot be reached, or does not have this version."""


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def newest() -> str:
    """The newest version on the index. Raises Unavailable."""
    done = subprocess.run([sys.executable, "-m", "pip", "index", "versions", "openai"], capture_output=True, text=True, check=False)
    found = re.search(r"openai \(([\d.]+)\)", done.stdout)
    if found is None:
        raise Unavailable("the package index did not say which version of openai is the newest")
    return found[1]


def is_old(version: str) -> bool:
    major, minor = (int(part) for part in version.split(".")[:2])
    return major == 1 and minor < 100


def environment_of(version: str, extra: Sequence[str] = ()) -> Path:
    """The Python of an environment with this version of the SDK, made unless it is there. Raises Unavailable."""
    place = cache() / "sdk" / "-".join([version, *extra])
    stamp = place / "installed"
    if not stamp.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        wanted = [f"openai[aiohttp]=={version}", *(["httpx<0.28"] if is_old(version) else []), *extra]
        command = [str(python_of(place)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"openai {version} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
        stamp.touch()
    return python_of(place)


def tests_of(version: str) -> Path:
    """The folder of the source distribution of this version. Raises Unavailable."""
    place = cache() / "sdk" / f"openai-{version}"
    if not place.exists():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "openai"]
            done = subprocess.run([*command, f"openai=={version}", "-d", folder], capture_output=True, text=True, check=False)
            archives = list(Path(folder).glob("*.tar.gz"))
            if done.returncode or not archives:
                raise Unavailable(f"the source of openai {version} could not be downloaded: {done.stderr.strip().splitlines()[-1:]}")
            place.parent.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archives[0]) as archive:
                archive.extractall(place.parent, filter="data")
    return place
