"""nbgrader's exchange on a hub: who handed something in is shown by the account that owns it, and links lead nowhere.

nbgrader takes the name from the folder's own name, and copies what links point to. On a hub the one who collects may read much that a
student may not, so that a link would fetch it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default.collect import ExchangeCollect
from nbgrader.utils import parse_utc

from autograder.hub.accounts import Accounts
from autograder.hub.plan import Plan
from autograder.printable import printable

NOBODY = ""
"""Whose a submission is that is not the one's who is named."""
SECRET = "submission_secret.txt"
TAKES = 600.0
"""Seconds that handing in may take at most, from the time in the name to the last file."""
MOST_BYTES, MOST_FILES = 64 * 1024**2, 500
"""Of one submission; what is more is left out."""


class TrustedCollect(ExchangeCollect):  # type: ignore[misc]
    """Collects what its owner handed in under their own name."""

    def init_src(self) -> None:
        self._owners = owners_of_names()
        super().init_src()
        records: list[dict[str, Any]] = vars(self)["src_records"]
        self.src_records = [one for one in records if one["username"] != NOBODY]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """Called with each submission, before the newest of each person is chosen: one that is not theirs must not hide theirs."""
        try:
            record: dict[str, Any] = super()._path_to_record(path)
            if self._owners is None or self._owners.get(record["username"]) == os.lstat(path).st_uid:
                return record | {"timestamp": parse_utc(moments(Path(path))[1])}
            why = f"was not handed in by the account of {printable(record['username'])}"
        except Exception:
            why = "has a name that nbgrader does not use"
        name = os.path.basename(path)
        self.log.warning("%s %s, and is left out.", printable(name), why)
        return {"username": NOBODY, "filename": name, "timestamp": datetime.min}

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        name = Path(src).name
        try:
            for left_out in copy(Path(src), Path(dest)):
                self.log.warning("%s: %s was left out.", printable(name), printable(left_out))
            named, changed = moments(Path(src))
            if named != changed:
                why = "by its name, but was changed later: the later time counts"
                self.log.warning("%s: handed in at %s %s, %s.", printable(name), printable(named), why, changed)
            complete(changed, Path(dest))
        except OSError as error:  # one person's files are not another's trouble
            self.log.warning("%s cannot be read (%s), and is left out.", printable(name), error.strerror)
            shutil.rmtree(dest, ignore_errors=True)


def moments(source: Path) -> tuple[str, str]:
    """When something was handed in: by its name, which its owner chose, and in truth. The system notes when anything about a file changes,
    and nobody can set that time."""
    named = source.name.split("+")[2]
    last = source.lstat().st_ctime
    with os.scandir(source) as entries:
        for entry in itertools.islice(entries, MOST_FILES):
            with contextlib.suppress(OSError):
                last = max(last, entry.stat(follow_symlinks=False).st_ctime)
    with contextlib.suppress(ValueError, OverflowError):
        if last - parse_utc(named).replace(tzinfo=UTC).timestamp() <= TAKES:
            return named, named
    return named, f"{datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def complete(moment: str, folder: Path) -> None:
    """Give a submission the two files that nbgrader's next steps stop without: when it was handed in, and a secret for its feedback."""
    for ours in ("timestamp.txt", SECRET):
        if (folder / ours).is_dir():
            shutil.rmtree(folder / ours)
    (folder / "timestamp.txt").write_text(moment, encoding="utf-8")
    secret = folder / SECRET
    if not (secret.is_file() and 32 <= secret.stat().st_size <= 1024 and secret.read_bytes().isalnum()):
        secret.write_text(secrets.token_hex(64), encoding="ascii")


def owners_of_names() -> dict[str, int] | None:
    """Which account each name has on this hub; None where all share one, and files do not show whose they are."""
    if "THREADS_HUB_ACCOUNTS" not in os.environ:
        return None
    return Accounts(Plan.from_environment().data).known()


def copy(source: Path, target: Path) -> list[str]:
    """Copy plain files that belong to the owner of `source`; returns what was left out. What is exchanged meanwhile leads nowhere."""
    left_out: list[str] = []
    budget = [MOST_BYTES, MOST_FILES]
    owner = source.lstat().st_uid
    for folder, _, names, descriptor in os.fwalk(source, follow_symlinks=False):
        to = target / Path(folder).relative_to(source)
        to.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not _copy_file(name, descriptor, to / name, owner, budget):
                left_out.append(str(Path(folder, name).relative_to(source)))
    return left_out


def _copy_file(name: str, folder: int, to: Path, owner: int, budget: list[int]) -> bool:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    with os.fdopen(file, "rb") as reading:
        about = os.fstat(reading.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != owner or about.st_size > budget[0] or budget[1] < 1:
            return False
        data = reading.read(budget[0] + 1)
        if len(data) > budget[0]:
            return False
    budget[0] -= len(data)
    budget[1] -= 1
    to.write_bytes(data)
    return True


def newest(inbound: Path) -> Iterator[tuple[str, str, Path]]:
    """Of each person and exercise the submission that was handed in last, by its own owner: name, exercise, folder."""
    owners = owners_of_names()
    found: dict[tuple[str, str], tuple[str, Path]] = {}
    for path in inbound.iterdir():
        parts = path.name.split("+")
        if len(parts) not in (3, 4) or not all(parts[:3]) or path.is_symlink() or not path.is_dir():
            continue
        if owners is not None and owners.get(parts[0]) != path.lstat().st_uid:
            continue
        person = parts[0], parts[1]
        found[person] = max(found.get(person, ("", path)), (parts[2], path))
    for (name, slug), (_, path) in sorted(found.items()):
        yield name, slug, path
