"""Find uses of the Assistants API in a folder: Python, notebooks, JavaScript and TypeScript. Nothing is imported or run."""

from __future__ import annotations

import io
import json
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from threadlab.errors import ThreadlabError
from threadlab.migrate import python_uses, script_uses
from threadlab.migrate.found import Found, Report, Unread
from threadlab.migrate.wrappers import speaks_http
from threadlab.version import version

SKIPPED = frozenset({"__pycache__", ".git", ".venv", "venv", "node_modules", ".tox", "build", "dist", ".ipynb_checkpoints", ".next"})
PYTHON = frozenset({".py", ".pyi"})
NOTEBOOK = ".ipynb"
READ = PYTHON | script_uses.SUFFIXES | {NOTEBOOK}
LARGEST = 5_000_000
"""Bytes of a file that is read: what is larger is data, or minified."""


_UNREADABLE = (SyntaxError, ValueError, OSError, RecursionError, MemoryError, ThreadlabError)
"""What reading a file raises; MemoryError where it is nested too deeply."""


def scan(paths: Iterable[Path]) -> Report:
    """Everything found below these paths, in order. Raises ThreadlabError for a path that is not there."""
    files, uses, unread = 0, list[Found](), list[Unread]()
    for path in paths:
        if not path.exists():
            raise ThreadlabError(f"there is no file or folder {path}.")
        for file in _files(path) if path.is_dir() else [path]:
            try:
                uses += _uses(file)
                files += 1
            except _UNREADABLE as error:
                unread.append(Unread(str(file), _reason(error)))
    return Report(files, uses, unread)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) or type(error).__name__


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder that can have uses in them. A folder that cannot be read is among them, for what comes next to say so."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        yield folder
        return
    for entry in entries:
        if entry.is_dir():
            if entry.name not in SKIPPED and not entry.is_symlink():
                yield from _files(entry)
        elif entry.suffix.lower() in READ and not entry.name.endswith(".min.js"):
            yield entry


def _uses(file: Path) -> list[Found]:
    if not file.exists():
        raise ValueError("it is a link to a file that is not there")
    if not file.is_file():  # to open a pipe is to wait for somebody who writes
        raise ValueError("this folder cannot be read" if file.is_dir() else "it is no ordinary file")
    if file.stat().st_size > LARGEST:
        raise ValueError(f"it has more than {LARGEST} bytes")
    source, suffix = file.read_bytes(), file.suffix.lower()
    if suffix in script_uses.SUFFIXES:
        return script_uses.uses(source, str(file), suffix)
    return _in_notebook(source, str(file)) if suffix == NOTEBOOK else scan_text(source, str(file))


def scan_text(source: str | bytes, path: str = "") -> list[Found]:
    """The uses in one file of Python. Raises SyntaxError or ValueError for what is not Python."""
    return python_uses.uses(source, path)


# ---- notebooks --------------------------------------------------------------------------------------------------------------------------


def _in_notebook(source: bytes, path: str) -> list[Found]:
    """Cells are read as one program, since what one binds the next one uses; a cell that is not Python is left out."""
    notebook = json.loads(source)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is not a notebook of the fourth format")
    parts: list[tuple[int, str]] = []
    for number, cell in enumerate(cells, 1):
        text = _plain(cell) if isinstance(cell, dict) and cell.get("cell_type") == "code" else ""
        if text and _is_python(text):
            parts.append((number, text))
    starts: list[tuple[int, int]] = []
    lines = 0
    for number, text in parts:
        starts.append((lines, number))
        lines += text.count("\n") + 1
    whole = "\n".join(text for _, text in parts)
    uses_in_whole = python_uses.uses(whole, path, signed=speaks_http(whole))
    return [_in_cell(one, starts) for one in uses_in_whole]


def _in_cell(one: Found, starts: list[tuple[int, int]]) -> Found:
    before, number = next(start for start in reversed(starts) if start[0] < one.line)
    return msgspec.structs.replace(one, line=one.line - before, cell=number)


def _plain(cell: dict[str, Any]) -> str:
    """A cell's source with IPython's own lines blanked, so that the others keep their numbers."""
    source = cell.get("source", "")
    text = "".join(source) if isinstance(source, list) else str(source)
    if text.lstrip().startswith("%%"):
        return ""
    return "\n".join("pass" if _is_magic(line) else line for line in text.split("\n"))


def _is_magic(line: str) -> bool:
    return line.startswith(("%", "!", "?")) or (line.rstrip().endswith("?") and line[:1].isalpha())


def _is_python(text: str) -> bool:
    try:
        compile(text, "<cell>", "exec", dont_inherit=True, flags=0x2400)  # a syntax tree, with `await` at the top level
    except (SyntaxError, ValueError):
        return False
    return True


# ---- reports ----------------------------------------------------------------------------------------------------------------------------


def main(paths: list[Path], *, form: str = "text", diff: bool = False) -> int:
    """Print what was found. 0: nothing; 1: something; 2: some of it could not be read, and nothing was found in the rest."""
    report = scan(paths)
    if diff:
        from threadlab.migrate.draft import UNDRAFTED, draft

        for path in dict.fromkeys(one.path for one in report.found if Path(one.path).suffix.lower() == ".py"):
            try:
                print(draft(_text_of(Path(path)), path), end="")
            except (*_UNREADABLE, *UNDRAFTED) as error:
                print(f"{path}: no draft: {_reason(error)}", file=sys.stderr)
    else:
        print(_FORMS[form](report))
    for other in report.unread:
        if form == "text":
            print(f"{other.path}: not read: {other.reason}", file=sys.stderr)
    return 1 if report.found else 2 if report.unread else 0


def _text_of(file: Path) -> str:
    """A file of Python in the encoding that it names, with the byte order mark and the line ends that it has."""
    source = file.read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding.removesuffix("-sig"))


def _as_text(report: Report) -> str:
    return "\n".join([*map(str, report.found), _summary(report)])


def _as_json(report: Report) -> str:
    return json.dumps(msgspec.to_builtins(report), indent=1)


def _as_sarif(report: Report) -> str:
    """SARIF 2.1.0, which code hosts show beside the lines of a change."""
    calls = sorted({one.call for one in report.found})
    rules = [{"id": call, "shortDescription": {"text": f"{call} was switched off on 2026-08-26"}} for call in calls]
    results = [
        {
            "ruleId": one.call,
            "ruleIndex": calls.index(one.call),
            "level": "error",
            "message": {"text": f"{one.call} → {one.replacement}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": Path(one.path).as_posix()},
                        "region": {"startLine": one.line, "startColumn": one.column},
                    }
                }
            ],
            **({"properties": {"cell": one.cell}} if one.cell else {}),
        }
        for one in report.found
    ]
    unread = [{"level": "warning", "message": {"text": f"{one.path}: not read: {one.reason}"}} for one in report.unread]
    driver = {"name": "threadlab scan", "version": version(), "rules": rules}
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": unread}
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "invocations": [invocation], "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1)


_FORMS: dict[str, Callable[[Report], str]] = {"text": _as_text, "json": _as_json, "sarif": _as_sarif}
FORMS = tuple(_FORMS)


def _summary(report: Report) -> str:
    uses, places = len(report.found), len({one.path for one in report.found})
    return (
        f"{report.files} file{_s(report.files)} read; {uses} use{_s(uses)} of the Assistants API in {places} of them."
        if uses
        else f"{report.files} file{_s(report.files)} read; none uses the Assistants API."
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"
