"""Which API key opens which project. Keys live in files that only their owner can read, never on a command line or in a log."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import KEY_PREFIX, replace_file

DEFAULT = "default"
"""The project of the service's own key, which also opens the server's own routes."""

_PROJECT = re.compile(r"[A-Za-z0-9][\w-]{0,63}", re.ASCII)
_KEY = re.compile(r"sk-[\w-]{13,200}", re.ASCII)


def key_file_of(project: str, key_file: Path) -> Path:
    """Where the key of a project is: beside the service's own."""
    return key_file if project == DEFAULT else key_file.with_name(f"{key_file.name}-{project}")


def keys_of(key_file: Path, projects: Iterable[str] = (), listed: Path | None = None) -> dict[str, str]:
    """API keys and the projects that they open, the service's own first.

    Each of `projects` gets a key file of its own, made if it is not there. `listed` is a file with a line `PROJECT KEY` for each key.
    Raises ThreadlabError, which never repeats a key.
    """
    keys = {read_or_make_key(key_file): DEFAULT}
    for project in dict.fromkeys(projects):
        if not _PROJECT.fullmatch(project):
            raise ThreadlabError(f"{project!r} cannot be the name of a project: it is letters, digits, - and _, at most 64 of them.")
        keys.setdefault(read_or_make_key(key_file_of(project, key_file)), project)
    if listed is not None:
        for key, project in _read(listed):
            if keys.setdefault(key, project) != project:
                raise ThreadlabError(f"The keys file {listed} gives projects {keys[key]} and {project} the same key: each needs its own.")
    return keys


def _read(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ThreadlabError(f"The keys file {file} cannot be read ({getattr(error, 'strerror', None) or 'it is not text'}).") from error
    result: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not _PROJECT.fullmatch(words[0]) or not _KEY.fullmatch(words[1]):
            raise ThreadlabError(
                f"Line {number} of the keys file {file} is not understood: a line is PROJECT KEY, and a key is sk- and 13 letters or more, "
                "digits, - and _ included."
            )
        result.append((words[1], words[0]))
    return result


def read_or_make_key(file: Path) -> str:
    """The key in `file`, made first if it is not there. Only the file's owner can read it (on Windows: as far as the folder goes).

    Raises ThreadlabError when it can be neither read nor made, or holds something that is not a key.
    """
    try:
        key = _read_key(file)
        if key is None:
            with FileLock(file.with_name(file.name + ".lock"), timeout=10):
                key = _read_key(file)
                if key is None:
                    key = KEY_PREFIX + secrets.token_hex(20)
                    replace_file(file, key.encode() + b"\n")
        if file.stat().st_mode & 0o077 and os.name == "posix":
            file.chmod(0o600)
    except OSError as error:
        raise ThreadlabError(
            f"The key file {file} can be neither read nor made ({error.strerror or error}). Make it readable, or name another one."
        ) from error
    return key


def _read_key(file: Path) -> str | None:
    try:
        key = file.read_bytes().strip()
    except FileNotFoundError:
        return None
    if not key:
        return None
    if not (key.isascii() and key.decode("ascii").isprintable() and b" " not in key):
        raise ThreadlabError(f"The key file {file} does not hold a key. Delete it, and the next start makes a new one.")
    return key.decode("ascii")
