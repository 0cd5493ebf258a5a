"""Builds the browser edition: a static folder with JupyterLite, the Python runtime, every package, the lessons and the exercises.

Everything comes from pip and npm, at pinned versions, and is kept in `.venv/browser`: a second build needs no network.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from courseware.browser import npm, wheels
from courseware.browser.problem import BuildProblem

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(sys.prefix) / "browser"
LABEXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "labextensions"

MARK = "course.json"
"""The file by which a folder is known as one that was built here; the page reads from it which version of each notebook it has."""

RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


NEEDLESS = ("*.map", "fa-*.eot", "fa-*.ttf", "fa-*.woff", "fa-*.svg")
"""Maps of sources, and fonts in the formats of browsers that cannot run WebAssembly: there is a woff2 of each."""

FIRST = "lessons/00-first-conversation.ipynb"


def build(target: Path, say: Callable[[str], None]) -> None:
    """Build into `target`, which must be empty, missing, or an earlier build. Raises BuildProblem."""
    if target.exists() and any(target.iterdir()) and not (target / MARK).exists():
        raise BuildProblem(f"{target} has something else in it. Name an empty folder, or one that does not exist yet.")
    with tempfile.TemporaryDirectory(prefix="threads-browser-") as scratch:
        work = Path(scratch)
        say("Collecting the packages for Python in the browser.")
        packages = _runtime(work / "static" / "pyodide")
        say("Putting the site together.")
        _contents(work / "contents")
        _extension(work / "extension")
        _configuration(work, packages)
        _jupyterlite(work)
        _finish(work / "site")
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(work / "site", target)


def _runtime(folder: Path) -> list[str]:
    """Pyodide with every wheel beside it, and the list of them; returns their names."""
    npm.unpack(npm.PYODIDE, CACHE / "npm", (*RUNTIME, "pyodide-lock.json"), folder)
    info = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["info"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    sources = [*wheels.fetch(CACHE / "wheels"), *_kernels_own(), wheels.ours(folder, version)]
    sources += [wheels.without_c(name, folder) for name in wheels.WITHOUT_THEIR_C]
    packages = []
    for source in sources:
        if source.parent != folder:
            wheels.slimmed(source, folder / source.name)
        packages.append(wheels.described(folder / source.name))
    (folder / "pyodide-lock.json").write_text(wheels.lock(packages, info), encoding="utf-8")
    return sorted(wheel.name for wheel in packages)


def _kernels_own() -> list[Path]:
    """The wheels that jupyterlite-pyodide-kernel brings along, the newest stand-in for widgetsnbextension among them."""
    folder = LABEXTENSIONS / "@jupyterlite" / "pyodide-kernel-extension" / "static" / "pypi"
    names = ("ipykernel-*", "piplite-*", "pyodide_kernel-*", "widgetsnbextension-4*")
    return [file for name in names for file in sorted(folder.glob(f"{name}.whl"))]


def _contents(folder: Path) -> None:
    """The notebooks and pictures that learners see."""
    for name in ("lessons", "exercises"):
        listed = [path for path in sorted((ROOT / name).rglob("*")) if path.is_file() and path.suffix in (".ipynb", ".svg", ".png")]
        for path in listed:
            if ".ipynb_checkpoints" in path.parts or ".old." in path.name:
                continue
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _extension(folder: Path) -> None:
    """The page's own commands, as a JupyterLab extension that needs no bundler."""
    shutil.copytree(HERE / "page" / "extension", folder)
    npm.unpack(npm.FFLATE, CACHE / "npm", ("esm/browser.js",), folder / "static")
    (folder / "static" / "browser.js").rename(folder / "static" / "fflate.js")


def _configuration(work: Path, packages: list[str]) -> None:
    """What `jupyter lite build` reads, and what the page reads in the end."""
    extensions = [
        LABEXTENSIONS / name for name in ("@jupyter-widgets/jupyterlab-manager", "anywidget", "@jupyterlite/pyodide-kernel-extension")
    ]
    settings = {
        "LiteBuildConfig": {
            "apps": ["lab"],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(path) for path in [*extensions, work / "extension"]],
            "contents": [str(work / "contents")],
            "settings_overrides": [str(HERE / "page" / "overrides.json")],
            "source_date_epoch": _last_change(),
        }
    }
    (work / "jupyter_lite_config.json").write_text(json.dumps(settings), encoding="utf-8")
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": packages, "lockFileURL": "./static/pyodide/pyodide-lock.json"},
    }
    page = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Threads",
            "contentsStorageName": "Threads course",
            "settingsStorageName": "Threads course",
            "workspacesStorageName": "Threads course",
            "exposeAppInBrowser": True,
            "showLoadingIndicator": True,
            "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
        },
    }
    (work / "jupyter-lite.json").write_text(json.dumps(page), encoding="utf-8")


def _last_change() -> int:
    """When the course was last changed, in seconds since 1970: the time that the notebooks bear. The same clone gives the same."""
    log = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    if log.returncode == 0 and log.stdout.strip():
        return int(log.stdout)
    return int(max(path.stat().st_mtime for path in (ROOT / "lessons").glob("*.ipynb")))


def _jupyterlite(work: Path) -> None:
    command = [sys.executable, "-m", "jupyterlite_core.app", "build", "--lite-dir", str(work), "--output-dir", str(work / "site")]
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERLITE_")}
    done = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise BuildProblem(f"JupyterLite could not be put together. It said:\n{tail}")


def _finish(site: Path) -> None:
    """The first page, the service worker, and the list of what is in the site."""
    for path in [path for pattern in NEEDLESS for path in site.rglob(pattern)]:
        path.unlink()
    shutil.copyfile(HERE / "page" / "index.html", site / "index.html")
    (site / ".nojekyll").write_bytes(b"")
    notebooks = {path.relative_to(site / "files").as_posix(): _digest(path) for path in sorted((site / "files").rglob("*.ipynb"))}
    version = _whole(site)
    (site / "service-worker.js").rename(site / "service-worker-jupyterlite.js")
    worker = (HERE / "page" / "service-worker.js").read_text(encoding="utf-8").replace("@VERSION@", version)
    (site / "service-worker.js").write_text(worker, encoding="utf-8")
    (site / MARK).write_text(json.dumps({"version": version, "first": FIRST, "notebooks": notebooks}, indent=1), encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _whole(site: Path) -> str:
    """One name for everything in the site: another byte anywhere is another version."""
    digest = hashlib.sha256()
    for path in sorted(site.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(site).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def size(folder: Path) -> int:
    """Bytes in all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def facts(folder: Path) -> dict[str, Any]:
    """What was built: its version, its size and its notebooks."""
    mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    return {"version": mark["version"], "bytes": size(folder), "notebooks": len(mark["notebooks"])}
