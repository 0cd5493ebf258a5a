"""Tables as learning management systems and spreadsheets export them."""

from __future__ import annotations

import csv
import io
import re
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
    """A CSV, whatever separates its columns and ends its lines; UTF-8, or UTF-16 with its mark (Blackboard). Raises ThreadlabError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise ThreadlabError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ThreadlabError(f"{path} is not UTF-8: save it as CSV UTF-8.") from None
    text = io.StringIO(text, newline=None).read()  # old spreadsheets on a Mac end lines by a carriage return alone
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"sep=([,;|\t]) *", first):  # Excel's own line
        text, separator = rest, told[1]
    else:
        separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        where = f"after line {reader.line_num:,}" if reader.line_num else "in its first line"
        raise ThreadlabError(f"{path} is no CSV {where}: {error}. A quotation mark may be without its second one there.") from None
    return Exported(rows[0] if rows else [], rows[1:], separator)
