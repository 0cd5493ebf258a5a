"""When something was handed in: `timestamp.txt`, whoever wrote it.

nbgrader and its formgrader read the file themselves, and stop at one that they cannot read: so it is put into nbgrader's own form, and one
that holds no time, or may mean two, is set aside. Nothing is guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

NAME, ASIDE = "timestamp.txt", "timestamp.unreadable.txt"
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d|[A-Z]{2,5})?",
)
MOST = 400
"""Bytes of the file that are looked at; there may be any number."""
_OWN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC")
ZONES = {"CET": 1, "CEST": 2, "BST": 1, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3, "EDT": -4, "EST": -5, "CDT": -5, "PST": -8, "PDT": -7}
"""Abbreviations that stand for one zone in practice, in hours. Others do not: CST is Chicago and Shanghai."""


class NoTime(Exception):
    """The text is a sentence."""


def read(data: bytes) -> datetime:
    """The time in a file, in UTC and without saying so, as nbgrader keeps it. Raises NoTime."""
    try:
        text = data[:MOST].decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").strip()
    except UnicodeDecodeError:
        raise NoTime(f"{NAME} does not hold a time: it is not UTF-8 text.") from None
    if not text:
        raise NoTime(f"{NAME} does not hold a time: it is empty.")
    match = _ISO.fullmatch(text)
    if match is None:
        what = "can be read in two ways" if re.match(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text) else "cannot be read"
        raise NoTime(f"{NAME} does not hold a time that is certain: {text[:40]!r} {what}.")
    zone = match[4] or "UTC"
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}") + timedelta(seconds=float(match[3] or 0))
    except ValueError:
        raise NoTime(f"{NAME} does not hold a time: {text[:40]!r} is not a date in the calendar.") from None
    if zone in ("Z", "UTC", "GMT"):
        return moment
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    elif zone in ("AM", "PM"):
        raise NoTime(f"{NAME} does not hold a time that is certain: {text[:40]!r} has twelve hours and no zone.")
    elif zone in ZONES:
        offset = timedelta(hours=ZONES[zone])
    else:
        raise NoTime(f"{NAME} does not hold a time that is certain: {zone} stands for more than one zone.")
    try:
        return moment.replace(tzinfo=timezone(offset)).astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise NoTime(f"{NAME} does not hold a time: {text[:40]!r} is not a date in the calendar.") from None


def of(folder: Path) -> tuple[datetime | None, list[str]]:
    """When the submission in this folder was handed in, and what has to be said about it."""
    try:
        aside, path = folder / ASIDE, folder / NAME
        source = path if path.is_file() and not path.is_symlink() else aside
        if not source.is_file() or source.is_symlink():
            return None, []
        return read(_start(source)), []
    except NoTime as problem:
        return None, [f"{problem} Write it as 2026-11-02 10:00:00 UTC; until then the submission counts as one without."]
    except OSError:
        return None, []


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST)


def put_right(folder: Path) -> None:
    """Let nbgrader be able to read it: its own form for what is certain, aside with what is not."""
    path = folder / NAME
    if not path.is_file() or path.is_symlink():
        return
    data = _start(path)
    try:
        moment = f"{read(data):%Y-%m-%d %H:%M:%S} UTC"
    except NoTime:
        path.replace(folder / ASIDE)
        return
    if not _OWN.fullmatch(data.decode("utf-8", "replace").strip()):
        path.write_text(moment + "\n", encoding="utf-8")
