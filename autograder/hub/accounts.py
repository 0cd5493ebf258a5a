"""User ids of the hub's own: each person has one, numbers without an entry among the system's users."""

from __future__ import annotations

from pathlib import Path

import msgspec
import psutil
from filelock import FileLock

from autograder.hub.plan import FIRST_UID
from threadlab.service.data_folder import replace_file


class Accounts:
    """Who has which user id: a file that only grows, so that nobody ever gets somebody else's files."""

    def __init__(self, data: Path) -> None:
        self._file, self._lock = data / "accounts.json", FileLock(data / ".accounts.lock")

    def known(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}

    def uid(self, name: str) -> int:
        """The person's user id; a new one when they have none yet."""
        with self._lock:
            accounts = self.known()
            if name not in accounts:
                accounts[name] = max(accounts.values(), default=FIRST_UID - 1) + 1
                replace_file(self._file, msgspec.json.format(msgspec.json.encode(accounts)))
                self._file.chmod(0o644)  # a course's grader reads it under the account of the course's owner
            return accounts[name]


def end_all_of(uid: int) -> None:
    """End every process of one of the hub's own user ids."""
    assert uid >= FIRST_UID
    for process in psutil.process_iter(["uids"]):
        uids = process.info["uids"]
        if uids is not None and uids.real == uid:
            try:
                process.kill()
            except psutil.Error:
                continue
