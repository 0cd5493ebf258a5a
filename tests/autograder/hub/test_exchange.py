"""What is collected from the exchange of a hub: plain files of their owner's, under the owner's own name."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.hub import exchange
from autograder.hub.accounts import Accounts
from autograder.hub.plan import own_accounts
from autograder.lms import handed_in_at

WHEN = "2026-11-02 10:00:00.000000 UTC"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")


def handed_in(inbound: Path, name: str) -> Path:
    folder = inbound / name
    folder.mkdir(parents=True)
    (folder / "first-turn.ipynb").write_text("{}")
    return folder


def test_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the gradebook")
    folder = handed_in(tmp_path, f"ada+first-turn+{WHEN}+x")
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text("1,2")
    (folder / "link.txt").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    left_out = exchange.copy(folder, tmp_path / "to")
    assert sorted(left_out) == ["link.txt", "pipe"]
    found = sorted(path.relative_to(tmp_path / "to").as_posix() for path in (tmp_path / "to").rglob("*") if path.is_file())
    assert found == ["data/table.csv", "first-turn.ipynb"]


def test_submission_is_cut_off_at_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = handed_in(tmp_path, f"ada+first-turn+{WHEN}+x")
    for number in range(10):
        (folder / f"{number}.txt").write_text("x" * 10)
    monkeypatch.setattr(exchange, "MOST_FILES", 4)
    assert len(exchange.copy(folder, tmp_path / "few")) == 7
    monkeypatch.setattr(exchange, "MOST_FILES", 100)
    monkeypatch.setattr(exchange, "MOST_BYTES", 55)
    left_out = exchange.copy(folder, tmp_path / "small")
    assert sum(path.stat().st_size for path in (tmp_path / "small").iterdir()) <= 55
    assert left_out


def test_newest_of_each_person_and_exercise_counts(tmp_path: Path) -> None:
    for name in (f"ada+first-turn+{WHEN}+x", "ada+first-turn+2026-11-02 11:00:00.000000 UTC+y", f"bob+first-turn+{WHEN}+z"):
        handed_in(tmp_path, name)
    for odd in ("nobody", "+++", "ada+first-turn"):
        handed_in(tmp_path, odd)
    (tmp_path / f"eve+first-turn+{WHEN}+w").symlink_to(tmp_path / f"bob+first-turn+{WHEN}+z")
    found = [(name, slug, path.name[-1]) for name, slug, path in exchange.newest(tmp_path)]
    assert found == [("ada", "first-turn", "y"), ("bob", "first-turn", "z")]


@pytest.mark.skipif(not own_accounts(), reason="accounts for each student can only be made by root, on Linux")
def test_submission_under_another_name_does_not_hide_the_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub.toml").write_text("[courses.threads]\n")
    monkeypatch.setenv("THREADS_HUB_DATA", str(tmp_path))
    monkeypatch.setenv("THREADS_HUB_ACCOUNTS", "1")
    uid = {name: Accounts(tmp_path).uid(name) for name in ("bob", "eve")}
    assert uid == {"bob": Accounts(tmp_path).uid("bob"), "eve": Accounts(tmp_path).uid("eve")}
    assert uid["bob"] != uid["eve"]
    for name, owner in ((f"bob+first-turn+{WHEN}+x", "bob"), ("bob+first-turn+2099-01-01 00:00:00 UTC+y", "eve")):
        folder = handed_in(tmp_path / "inbound", name)
        for path in (folder, *folder.iterdir()):
            os.chown(path, uid[owner], uid[owner])
    assert [path.name[-1] for _, _, path in exchange.newest(tmp_path / "inbound")] == ["x"]


def test_submission_without_nbgraders_files_is_given_them(tmp_path: Path) -> None:
    folder = handed_in(tmp_path, f"ada+first-turn+{WHEN}+x")
    (folder / "timestamp.txt").write_text("1999-01-01 00:00:00 UTC")
    (folder / exchange.SECRET).write_text("../../etc/passwd")
    exchange.complete(WHEN, folder)
    assert (folder / "timestamp.txt").read_text() == WHEN
    assert len((folder / exchange.SECRET).read_text()) == 128


def test_time_in_a_name_that_its_owner_made_up_does_not_count(tmp_path: Path) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
    assert exchange.moments(handed_in(tmp_path, f"ada+first-turn+{now}+x")) == (now, now)
    folder = handed_in(tmp_path, "ada+first-turn+2026-01-01 10:00:00.000000 UTC+y")
    for path in (folder / "first-turn.ipynb", folder):
        os.utime(path, (1_767_261_600, 1_767_261_600))  # anybody can set the time of the last change of a content
    name, truth = exchange.moments(folder)
    assert name == "2026-01-01 10:00:00.000000 UTC"
    assert abs(handed_in_at.read(truth.encode()).replace(tzinfo=UTC).timestamp() - folder.stat().st_ctime) < 1
