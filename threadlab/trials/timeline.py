"""What happened in a trial, as a person reads it: a text table and a picture, both from the journal.

Timeline(evidence)          # shown by a notebook as a picture with its table, and by a terminal as the table
Timeline(service.journal)   # what a service of your own has seen
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from threadlab.engine.journal import Entry, Journal
from threadlab.svg import Picture
from threadlab.trials.drawing import draw
from threadlab.trials.rows import JournalReader, Row, ending_rows

if TYPE_CHECKING:
    from threadlab.trials.trial import Evidence


COLUMNS = ("time", "code", "in flight", "thread", "run")


class Timeline:
    """The moments of a trial (or of a service's journal) in the order of time. `title` is what the picture is called."""

    def __init__(self, source: Evidence | Journal, title: str = "Timeline") -> None:
        self.title = title
        entries: Sequence[Entry]
        if isinstance(source, Journal):
            entries, start = list(source), source[0].at if len(source) else 0.0
            self.ending: list[Row] = []
        else:
            entries, start = list(source.journal), source.start
            self.ending = ending_rows(source)
        self.rows: list[Row] = JournalReader(entries, start).rows() + self.ending

    # ---- as text ------------------------------------------------------------------------------------------------------------------------

    def cells(self) -> list[tuple[str, str, str, str, str]]:
        """The table's rows, without its head."""
        return [(f"{row.at:.2f} s", _counted(row), ", ".join(row.in_flight) or "–", row.thread, row.run) for row in self.rows]

    def text(self, width: int = 34) -> str:
        """The table as text; cells are wrapped at `width` characters."""
        table = [[_wrap(cell, width) for cell in row] for row in [COLUMNS, *self.cells()]]
        widths = [max(len(line) for row in table for line in row[column]) for column in range(len(COLUMNS))]
        wrapped = [parts for row in table for parts in zip_longest(*row, fillvalue="")]
        lines = ["  ".join(part.ljust(size) for part, size in zip(parts, widths, strict=True)).rstrip() for parts in wrapped]
        return "\n".join([lines[0], "  ".join("─" * size for size in widths), *lines[1:]])

    def summary(self) -> str:
        """The picture in a sentence or two, for those who do not see it."""
        sentences = [f"{self.title}: {len(self.rows)} moments."]
        for row in self.rows:
            if row.refused and row.thread:
                sentences.append(f"{row.code.removeprefix('reply to ').capitalize()}, {row.thread}.")
            elif row.broken:
                sentences.append(f"{row.code.capitalize()}.")
            elif row.reads is not None:
                sentences.append(f"A run {row.run.partition(', ')[2]}.")
        return " ".join([*sentences, *(f"{row.code if row.refused else f'The function {row.code}'}." for row in self.ending)])

    __str__ = text

    def __repr__(self) -> str:
        return self.text()

    # ---- as a picture -------------------------------------------------------------------------------------------------------------------

    def svg(self, width: int = 820) -> str:
        """The picture: four lanes, time downwards (in order, not to scale)."""
        return str(self.picture(width).svg())

    def picture(self, width: int = 820) -> Picture:
        return draw([("", self.rows, "", None)], title=self.title, description=self.summary(), width=width)

    def html(self) -> Markup:
        """The picture with its alternative text, and the table folded under it."""
        head = Markup("").join(Markup('<th scope="col" style="text-align:left">{}</th>').format(name) for name in COLUMNS)
        cell, line = Markup('<td style="text-align:left">{}</td>'), Markup("<tr>{}</tr>")
        body = Markup("").join(line.format(Markup("").join(cell.format(text) for text in row)) for row in self.cells())
        table = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(self.title, head, body)
        return self.picture().image() + Markup("<details><summary>The same as a table</summary>{}</details>").format(table)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": str(self.html()), "text/plain": self.text()}


# ---- from journal entries to rows -------------------------------------------------------------------------------------------------------


def _counted(row: Row) -> str:
    return f"{row.code} (×{row.times})" if row.times > 1 else row.code


def _wrap(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]
