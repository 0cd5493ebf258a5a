"""The browser edition over HTTP: static files, packed for the way where that makes them much smaller.

A room's Wi-Fi is what a workshop waits for: sixty browsers fetch the same Python at the same moment.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PACKED = (".js", ".mjs", ".wasm", ".json", ".css", ".html", ".ipynb", ".svg", ".data")
"""Files that become much smaller; wheels, pictures and fonts are packed already."""
SMALLEST = 2_000
MARK = "course.json"


class CourseFiles(StaticFiles):
    """`packed`: the folder with a gzip of each of those files, made by `pack`; None: none are used."""

    def __init__(self, edition: Path, packed: Path | None = None) -> None:
        super().__init__(directory=edition, html=True)
        self._packed = packed

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"  # kept, and asked for by its mark: the edition may be a newer one next time
        return response

    def file_response(self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200) -> Response:
        headers = Headers(scope=scope)
        other = self._other(Path(full_path)) if "gzip" in headers.get("accept-encoding", "") and "range" not in headers else None
        if other is None:
            return super().file_response(full_path, stat_result, scope, status_code)
        response = super().file_response(other, other.stat(), scope, status_code)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Content-Type"] = _kind(Path(full_path))
        return response

    def _other(self, file: Path) -> Path | None:
        assert self.directory is not None
        if self._packed is None or file.suffix not in PACKED:
            return None
        other = self._packed / f"{file.relative_to(Path(self.directory).resolve()).as_posix()}.gz"
        return other if other.is_file() else None


def _kind(file: Path) -> str:
    from mimetypes import guess_type

    special = {".wasm": "application/wasm", ".mjs": "text/javascript", ".js": "text/javascript", ".ipynb": "application/json"}
    return special.get(file.suffix) or guess_type(file.name)[0] or "application/octet-stream"


def pack(edition: Path, target: Path) -> int:
    """Write a gzip of each file that is worth it, unless they are there already for this very edition; returns how many were written."""
    mark, count = target / MARK, 0
    if mark.is_file() and mark.read_bytes() == (edition / MARK).read_bytes():
        return 0
    for file in _worth_it(edition):
        other = target / f"{file.relative_to(edition).as_posix()}.gz"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(gzip.compress(file.read_bytes(), 6, mtime=0))
        count += 1
    target.mkdir(parents=True, exist_ok=True)
    mark.write_bytes((edition / MARK).read_bytes())
    return count


def _worth_it(edition: Path) -> Iterator[Path]:
    for file in sorted(edition.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.suffix in PACKED and file.stat().st_size >= SMALLEST:
            yield file
