"""Tables as learning management systems and spreadsheets export them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from threadlab.errors import ThreadlabError


class Exported(NamedTuple):
    """A table, its first row apart."""

    head: list[str]
    rows: list[list[str]]
    """Without empty ones."""
    separator: str


def read_table(path: Path) -> Exported:
    """A CSV, whatever separates its columns; UTF-8, or UTF-16 with its mark, as Blackboard writes it. Raises ThreadlabError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise ThreadlabError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ThreadlabError(f"{path} is not UTF-8: save it as CSV UTF-8.") from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(cell.strip() for cell in row)]
    return Exported(rows[0] if rows else [], rows[1:], separator)
