"""Draws timelines as SVG: lanes from left to right, time downwards, a row a moment. Plain strings, no library, the same on every computer.

What a colour says, a shape and a word say too: a tick or a cross, an arrow that ends in a point or in a cross, a status in words.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from html import escape
from typing import NamedTuple, TypeAlias

from threadlab.trials.rows import ENDED, Row

Panel: TypeAlias = "tuple[str, Sequence[Row], str, bool | None]"
"""A heading, the rows of a timeline, a verdict under it, and whether that is good, bad (False) or neither (None)."""

FONT = 12.5
LINE = 16.0
"""Pixels from one line of a cell to the next."""
ROOM = 11.0
"""Pixels between two rows."""
EDGE = 24.0
SANS = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SHARES = {"time": 0.115, "code": 0.285, "in flight": 0.135, "thread": 0.25, "run": 0.215}

STYLE = f"""
.tl {{ font: {FONT}px {SANS}; fill: #1f2937; }}
.tl-card {{ fill: #ffffff; stroke: #d1d5db; }}
.tl-lane {{ fill: #f3f4f6; }}
.tl-title {{ font-size: 17px; font-weight: 600; }}
.tl-head {{ font-size: 14px; font-weight: 600; }}
.tl-name {{ font-size: 11px; font-weight: 600; fill: #4b5563; letter-spacing: 0.04em; }}
.tl-dim {{ fill: #5b6472; }}
.tl-code {{ font-family: {MONO}; font-size: 12px; }}
.tl-rule {{ stroke: #d1d5db; }}
.tl-fly {{ stroke: #a16207; fill: none; stroke-width: 2.5; stroke-dasharray: 5 3; }}
.tl-go {{ stroke: #4b5563; fill: none; stroke-width: 1.5; }}
.tl-dot {{ fill: #ffffff; stroke: #a16207; stroke-width: 2; }}
.tl-bar {{ fill: #dbeafe; stroke: #1d4ed8; stroke-width: 1.5; }}
.tl-bad {{ stroke: #b91c1c; fill: none; stroke-width: 2.5; stroke-linecap: round; }}
.tl-good {{ stroke: #047857; fill: none; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }}
@media (prefers-color-scheme: dark) {{
.tl {{ fill: #e5e7eb; }}
.tl-card {{ fill: #111827; stroke: #374151; }}
.tl-lane {{ fill: #1f2937; }}
.tl-name {{ fill: #b6bec9; }}
.tl-dim {{ fill: #aab2bf; }}
.tl-rule {{ stroke: #374151; }}
.tl-fly {{ stroke: #fbbf24; }}
.tl-go {{ stroke: #b6bec9; }}
.tl-dot {{ fill: #111827; stroke: #fbbf24; }}
.tl-bar {{ fill: #1e3a8a; stroke: #93c5fd; }}
.tl-bad {{ stroke: #f87171; }}
.tl-good {{ stroke: #34d399; }}
}}
"""


class _Lane(NamedTuple):
    name: str
    left: float
    width: float


class _Line(NamedTuple):
    """A row with its place."""

    row: Row
    middle: float
    cells: dict[str, list[str]]


def draw(panels: Sequence[Panel], *, title: str, description: str, width: int, code: Sequence[str] = (), note: str = "") -> str:
    """One SVG with the panels side by side under a title and, if given, the code they come from; `note` ends the line at the foot."""
    parts: list[str] = [_text(EDGE, EDGE + 12, title, "tl-title")]
    top = EDGE + 34
    for line in code:
        parts.append(_text(EDGE, top, line, "tl-code"))
        top += 18
    top += 8 if code else 0
    each = (width - EDGE * (len(panels) + 1)) / len(panels)
    placed = [_Panel(panel, EDGE + index * (each + EDGE), top, each) for index, panel in enumerate(panels)]
    bottom = max(panel.bottom for panel in placed)
    for panel in placed:
        parts += panel.draw(bottom)
    foot = 40 if any(verdict for _, _, verdict, _ in panels) else 0
    height = round(bottom + foot + 36)
    parts.append(_text(EDGE, height - 14, f"Time runs downwards, in order but not to scale. {note}".strip(), "tl-dim"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n<style>{STYLE}</style>\n'
        f'<rect class="tl-card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def as_image(svg: str, alternative: str) -> str:
    """HTML that shows the picture apart from the page, so that neither's style touches the other's."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alternative)}" style="max-width:100%;height:auto">'


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

    def draw(self, bottom: float) -> list[str]:
        parts = [_text(self.left, self.top - 12, self.heading, "tl-head")] if self.heading else []
        for lane in self.lanes.values():
            if lane.name != "time":
                parts.append(
                    f'<rect class="tl-lane" x="{lane.left + 2:.1f}" y="{self.top:.1f}" width="{lane.width - 4:.1f}" '
                    f'height="{bottom - self.top:.1f}" rx="4"/>'
                )
            parts.append(_text(lane.left + 8, self.top + 17, lane.name, "tl-name"))
        parts += self._run_bars() + self._flights()
        for line in self.lines:
            parts += self._words(line)
        if self.verdict:
            parts += self._verdict(bottom + 30)
        return parts

    def _words(self, line: _Line) -> list[str]:
        parts = [_text(self.lanes["time"].left + 8, line.middle + 4, f"{line.row.at:.2f} s", "tl-dim")]
        warns = line.row.refused and not line.row.thread
        for name, indent in (("code", 26.0 if warns else 8.0), ("thread", 28.0), ("run", self.run_text)):
            lines = line.cells[name]
            first = line.middle + 4.5 - (len(lines) - 1) * LINE / 2
            parts += [_text(self.lanes[name].left + indent, first + index * LINE, text) for index, text in enumerate(lines) if text]
        if warns:
            parts += _cross(self.lanes["code"].left + 14, line.middle)
        return parts

    def _run_bars(self) -> list[str]:
        """A bar for each run, from its creation to its end; runs on different threads stand beside each other."""
        parts: list[str] = []
        begun: dict[str, float] = {}
        for line in self.lines:
            row = line.row
            if row.state == "queued" and row.thread_id not in begun:
                begun[row.thread_id] = line.middle
            elif row.state and row.state in ENDED and row.thread_id in begun:
                parts.append(self._bar(self.threads.index(row.thread_id), begun.pop(row.thread_id), line.middle))
        end = self.lines[-1].middle if self.lines else 0.0
        return parts + [self._bar(self.threads.index(thread_id), start, end) for thread_id, start in begun.items()]

    def _bar(self, index: int, start: float, end: float) -> str:
        x = self.lanes["run"].left + 9 + 9 * min(index, 3)
        size = f'width="{self.bar_width:.0f}" height="{end - start + 14:.1f}" rx="{self.bar_width / 2 - 1:.0f}"'
        return f'<rect class="tl-bar" x="{x:.1f}" y="{start - 7:.1f}" {size}/>'

    def _flights(self) -> list[str]:
        """A dashed line for each request that was in flight for a while, and an arrow where it arrives."""
        parts: list[str] = []
        lane = self.lanes["in flight"]
        flying: dict[int, tuple[float, float]] = {}
        for line in self.lines:
            row = line.row
            if row.sent is not None:
                taken = {x for x, _ in flying.values()}
                x = next(x for x in (lane.left + 14 + 12 * n for n in range(40)) if x not in taken)
                flying[row.sent] = (x, line.middle)
                parts.append(_path(f"M{lane.left - 4:.1f} {line.middle:.1f}H{x - 5:.1f}", "tl-go"))
            if row.arrived is not None:
                x, start = flying.pop(row.arrived, (0.0, 0.0))
                if x:
                    parts.append(_path(f"M{x:.1f} {start + 5:.1f}V{line.middle:.1f}", "tl-fly"))
                    parts.append(f'<circle class="tl-dot" cx="{x:.1f}" cy="{start:.1f}" r="4.5"/>')
                parts += self._arrow(row, x or lane.left - 4, line.middle)
            elif row.broken:
                parts += self._broken(row, 0.0, line.middle)
        end = self.lines[-1].middle if self.lines else 0.0
        for x, start in flying.values():
            parts.append(_path(f"M{x:.1f} {start + 5:.1f}V{end:.1f}", "tl-fly"))
            parts.append(f'<circle class="tl-dot" cx="{x:.1f}" cy="{start:.1f}" r="4.5"/>')
        return parts

    def _arrow(self, row: Row, x: float, y: float) -> list[str]:
        thread = self.lanes["thread"].left
        if row.broken:
            return self._broken(row, x, y)
        if row.refused:
            return [_path(f"M{x:.1f} {y:.1f}H{thread + 6:.1f}", "tl-go"), *_cross(thread + 14, y)]
        tip = self.lanes["run"].left + 5 if row.run else thread + 22
        if row.thread or row.run:
            return [_path(f"M{x:.1f} {y:.1f}H{tip:.1f}m-6 -4l6 4l-6 4", "tl-go")]
        return [_path(f"M{x - 4:.1f} {y:.1f}h8", "tl-go")] if x > self.lanes["in flight"].left else []

    def _broken(self, row: Row, x: float, y: float) -> list[str]:
        """A reply that comes from the service and ends in a cross in the lane between; a request that ends there on its way out."""
        lane, thread = self.lanes["in flight"], self.lanes["thread"].left
        middle = lane.left + lane.width / 2
        if row.arrived is not None:
            return [_path(f"M{x:.1f} {y:.1f}H{middle - 8:.1f}", "tl-go"), *_cross(middle, y)]
        return [_path(f"M{thread + 20:.1f} {y:.1f}H{middle + 8:.1f}", "tl-go"), *_cross(middle, y)]

    def _verdict(self, y: float) -> list[str]:
        x = self.left + 8
        mark = {True: [_path(f"M{x} {y - 4}l5 5l9 -11", "tl-good")], False: _cross(x + 7, y - 4), None: []}[self.good]
        return [*mark, _text(x + (24 if mark else 0), y, self.verdict, "tl-head")]


def _fit(text: str, width: float) -> list[str]:
    """Lines that fit into so many pixels, by the width of an average letter."""
    return textwrap.wrap(text, max(8, int(width / (FONT * 0.53)))) or [""]


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text class="{f"tl {kind}".strip()}" x="{x:.1f}" y="{y:.1f}">{escape(text, quote=False)}</text>'


def _path(data: str, kind: str) -> str:
    return f'<path class="{kind}" d="{data}"/>'


def _cross(x: float, y: float) -> list[str]:
    return [_path(f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10", "tl-bad")]
