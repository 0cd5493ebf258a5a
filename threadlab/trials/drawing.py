"""Draws timelines: lanes from left to right, time downwards, a row a moment."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from markupsafe import Markup

from threadlab.svg import FONT, STYLE, Picture, box, cross, disc, path, text_at
from threadlab.trials.rows import ENDED, Row

Panel: TypeAlias = "tuple[str, Sequence[Row], str, bool | None]"
"""A heading, the rows of a timeline, a verdict under it, and whether that is good, bad (False) or neither (None)."""

LINE = 16.0
"""Pixels from one line of a cell to the next."""
ROOM = 11.0
"""Pixels between two rows."""
EDGE = 24.0
SHARES = {"time": 0.115, "code": 0.285, "in flight": 0.135, "thread": 0.25, "run": 0.215}


class _Lane(NamedTuple):
    name: str
    left: float
    width: float


class _Line(NamedTuple):
    """A row with its place."""

    row: Row
    middle: float
    cells: dict[str, list[str]]


def draw(panels: Sequence[Panel], *, title: str, description: str, width: int, code: Sequence[str] = (), note: str = "") -> Picture:
    """One picture with the panels side by side under a title and, if given, the code they come from; `note` ends the line at the foot."""
    parts: list[Markup] = [text_at(EDGE, EDGE + 12, title, "tl-title")]
    top = EDGE + 34
    for line in code:
        parts.append(text_at(EDGE, top, line, "tl-code"))
        top += 18
    top += 8 if code else 0
    each = (width - EDGE * (len(panels) + 1)) / len(panels)
    placed = [_Panel(panel, EDGE + index * (each + EDGE), top, each) for index, panel in enumerate(panels)]
    bottom = max(panel.bottom for panel in placed)
    for panel in placed:
        parts += panel.draw(bottom)
    foot = 40 if any(verdict for _, _, verdict, _ in panels) else 0
    height = round(bottom + foot + 36)
    parts.append(text_at(EDGE, height - 14, f"Time runs downwards, in order but not to scale. {note}".strip(), "tl-dim"))
    return Picture(parts, title, description, width, height, STYLE)


class _Panel:
    """One timeline: places its rows when it is made, and draws them once the height of all panels is known."""

    def __init__(self, panel: Panel, left: float, top: float, width: float) -> None:
        self.heading, self.rows, self.verdict, self.good = panel
        self.left, self.width = left, width
        self.top = top + (26 if self.heading else 0)
        threads = [row.thread_id for row in self.rows if row.thread_id]
        self.threads = list(dict.fromkeys(threads))
        beside = min(len(self.threads), 4)
        self.bar_width, self.run_text = (12.0, 28.0) if beside < 2 else (6.0, 13.0 + 9.0 * beside)
        self.lanes: dict[str, _Lane] = {}
        x = left
        for name, share in SHARES.items():
            self.lanes[name] = _Lane(name, x, width * share)
            x += width * share
        self.lines = list(self._placed())
        self.bottom = (self.lines[-1].middle + self._half(self.lines[-1].cells) if self.lines else self.top + 30) + ROOM

    def _placed(self) -> Sequence[_Line]:
        lines: list[_Line] = []
        y = self.top + 32
        for row in self.rows:
            cells = self._cells(row)
            half = self._half(cells)
            lines.append(_Line(row, y + half, cells))
            y += 2 * half + ROOM
        return lines

    def _cells(self, row: Row) -> dict[str, list[str]]:
        code = f"{row.code} (×{row.times})" if row.times > 1 else row.code
        return {
            "code": _fit(code, self.lanes["code"].width - (32 if row.refused and not row.thread else 14)),
            "thread": _fit(row.thread, self.lanes["thread"].width - 34),
            "run": _fit(row.run, self.lanes["run"].width - self.run_text - 4),
        }

    @staticmethod
    def _half(cells: dict[str, list[str]]) -> float:
        return max(len(lines) for lines in cells.values()) * LINE / 2

    # ---- drawing ------------------------------------------------------------------------------------------------------------------------

    def draw(self, bottom: float) -> list[Markup]:
        parts = [text_at(self.left, self.top - 12, self.heading, "tl-head")] if self.heading else []
        for lane in self.lanes.values():
            if lane.name != "time":
                parts.append(box(lane.left + 2, self.top, lane.width - 4, bottom - self.top, "tl-lane", 4))
            parts.append(text_at(lane.left + 8, self.top + 17, lane.name, "tl-name"))
        parts += self._run_bars() + self._flights()
        for line in self.lines:
            parts += self._words(line)
        if self.verdict:
            parts += self._verdict(bottom + 30)
        return parts

    def _words(self, line: _Line) -> list[Markup]:
        parts = [text_at(self.lanes["time"].left + 8, line.middle + 4, f"{line.row.at:.2f} s", "tl-dim")]
        warns = line.row.refused and not line.row.thread
        for name, indent in (("code", 26.0 if warns else 8.0), ("thread", 28.0), ("run", self.run_text)):
            lines = line.cells[name]
            first = line.middle + 4.5 - (len(lines) - 1) * LINE / 2
            parts += [text_at(self.lanes[name].left + indent, first + index * LINE, text) for index, text in enumerate(lines) if text]
        if warns:
            parts.append(cross(self.lanes["code"].left + 14, line.middle))
        return parts

    def _run_bars(self) -> list[Markup]:
        """A bar for each run, from its creation to its end; runs on different threads stand beside each other."""
        parts: list[Markup] = []
        starts: dict[str, float] = {}
        for line in self.lines:
            row = line.row
            if row.state == "queued" and row.thread_id not in starts:
                starts[row.thread_id] = line.middle
            elif row.state and row.state in ENDED and row.thread_id in starts:
                parts.append(self._bar(self.threads.index(row.thread_id), starts.pop(row.thread_id), line.middle))
        end = self.lines[-1].middle if self.lines else 0.0
        return parts + [self._bar(self.threads.index(thread_id), start, end) for thread_id, start in starts.items()]

    def _bar(self, index: int, start: float, end: float) -> Markup:
        x = self.lanes["run"].left + 9 + 9 * min(index, 3)
        return box(x, start - 7, self.bar_width, end - start + 14, "tl-bar", self.bar_width / 2 - 1)

    def _flights(self) -> list[Markup]:
        """A dashed line for each request that was in flight for a while, and an arrow where it arrives."""
        parts: list[Markup] = []
        lane = self.lanes["in flight"]
        flying: dict[int, tuple[float, float]] = {}
        for line in self.lines:
            row = line.row
            if row.sent is not None:
                occupied = {x for x, _ in flying.values()}
                x = next(x for x in (lane.left + 14 + 12 * n for n in range(40)) if x not in occupied)
                flying[row.sent] = (x, line.middle)
                parts.append(path(f"M{lane.left - 4:.1f} {line.middle:.1f}H{x - 5:.1f}", "tl-go"))
            if row.arrived is not None:
                x, start = flying.pop(row.arrived, (0.0, 0.0))
                if x:
                    parts.append(path(f"M{x:.1f} {start + 5:.1f}V{line.middle:.1f}", "tl-fly"))
                    parts.append(disc(x, start, 4.5, "tl-dot"))
                parts += self._arrow(row, x or lane.left - 4, line.middle)
            elif row.broken:
                parts += self._broken(row, 0.0, line.middle)
        end = self.lines[-1].middle if self.lines else 0.0
        for x, start in flying.values():
            parts.append(path(f"M{x:.1f} {start + 5:.1f}V{end:.1f}", "tl-fly"))
            parts.append(disc(x, start, 4.5, "tl-dot"))
        return parts

    def _arrow(self, row: Row, x: float, y: float) -> list[Markup]:
        thread = self.lanes["thread"].left
        if row.broken:
            return self._broken(row, x, y)
        if row.refused:
            return [path(f"M{x:.1f} {y:.1f}H{thread + 6:.1f}", "tl-go"), cross(thread + 14, y)]
        tip = self.lanes["run"].left + 5 if row.run else thread + 22
        if row.thread or row.run:
            return [path(f"M{x:.1f} {y:.1f}H{tip:.1f}m-6 -4l6 4l-6 4", "tl-go")]
        return [path(f"M{x - 4:.1f} {y:.1f}h8", "tl-go")] if x > self.lanes["in flight"].left else []

    def _broken(self, row: Row, x: float, y: float) -> list[Markup]:
        """A reply that comes from the service and ends in a cross in the lane between; a request that ends there on its way out."""
        lane, thread = self.lanes["in flight"], self.lanes["thread"].left
        middle = lane.left + lane.width / 2
        if row.arrived is not None:
            return [path(f"M{x:.1f} {y:.1f}H{middle - 8:.1f}", "tl-go"), cross(middle, y)]
        return [path(f"M{thread + 20:.1f} {y:.1f}H{middle + 8:.1f}", "tl-go"), cross(middle, y)]

    def _verdict(self, y: float) -> list[Markup]:
        x = self.left + 8
        mark = {True: [path(f"M{x} {y - 4}l5 5l9 -11", "tl-good")], False: [cross(x + 7, y - 4)], None: []}[self.good]
        return [*mark, text_at(x + (24 if mark else 0), y, self.verdict, "tl-head")]


def _fit(text: str, width: float) -> list[str]:
    """Lines that fit into so many pixels, by the width of an average letter."""
    return textwrap.wrap(text, max(8, int(width / (FONT * 0.53)))) or [""]
