"""What a student wrote, made fit for a terminal and for a spreadsheet: there it is data, never a command."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich.console import Console

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""C0 and C1 controls but tab and line feed, marks that turn the direction of text, and lone surrogates."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def printable(text: object) -> str:
    """Text without anything that a terminal acts on: each such character as its number, such as `\\x1b`."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}", str(text))


class SafeConsole(Console):
    """Prints strings as plain text: no markup, and nothing that a terminal acts on. Tables and the like are printed as they are."""

    def print(self, *objects: Any, **options: Any) -> None:
        options.setdefault("markup", False)
        super().print(*(printable(one) if isinstance(one, str) else one for one in objects), **options)


def csv_text(rows: Iterable[Sequence[object]], delimiter: str = ",", kept: Collection[int] = ()) -> str:
    """A table as CSV. Every cell is quoted, and none is taken for a formula by a spreadsheet. `kept`: columns that stay as they are."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, delimiter=delimiter)
    writer.writerows([cell if at in kept else _defused(cell) for at, cell in enumerate(row)] for row in rows)
    return out.getvalue()


def _defused(cell: object) -> str:
    text = "" if cell is None else printable(cell)
    number = re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
    return text if number or not text.startswith(_FORMULA) or text == "-" else f"'{text}"
