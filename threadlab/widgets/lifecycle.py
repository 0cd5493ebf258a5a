"""The life of a run: nine statuses, every move that is allowed, and the path that a run has taken; and what it costs to ask for its end.

RunLife(evidence)  RunLife(service.journal)  RunLife()     # the last one without a path
Polls()                                                    # a tight loop, a constant gap and a growing one, side by side
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from markupsafe import Markup

from threadlab.engine.assistants_api.lifecycle import ACTIVE, MOVES, TERMINAL
from threadlab.engine.journal import Entry, Journal
from threadlab.svg import Picture, box, disc, path, text_at
from threadlab.trials.trial import Evidence
from threadlab.widgets import base

PLACES: dict[str, tuple[int, int]] = {
    "queued": (0, 2),
    "in_progress": (1, 2),
    "requires_action": (1, 0),
    "cancelling": (1, 4),
    "completed": (2, 0),
    "incomplete": (2, 1),
    "failed": (2, 2),
    "expired": (2, 3),
    "cancelled": (2, 4),
}
"""Column and line of each status in the diagram. Which there are, and which moves, is in the engine's tables."""

RARE = frozenset(move for move in MOVES if move[0] == "cancelling" and move[1] != "cancelled") | {("queued", "incomplete")}
"""Moves that are allowed and seldom seen: drawn faintly where no path is given."""

COLUMNS, LINES = (90.0, 350.0, 640.0), 74.0
WIDE, HIGH, WIDTH = 136.0, 38.0, 740.0


class Way(NamedTuple):
    """What one run did."""

    run_id: str
    steps: tuple[tuple[str, float], ...]
    """The statuses it had, and when (seconds from the beginning)."""
    polls: tuple[float, ...]
    """When it was asked for."""


def ways(source: Evidence | Journal) -> list[Way]:
    """The ways of all runs in a journal."""
    entries: Sequence[Entry] = list(source.journal if isinstance(source, Evidence) else source)
    start = source.start if isinstance(source, Evidence) else entries[0].at if entries else 0.0
    steps: dict[str, list[tuple[str, float]]] = {}
    polls: dict[str, list[float]] = {}
    for entry in entries:
        if entry.what == "run":
            steps.setdefault(entry.work_id, []).append((entry.state, entry.at - start))
        elif entry.what == "request" and entry.operation == "getRun":
            polls.setdefault(entry.work_id, []).append(entry.at - start)
    return [Way(run_id, tuple(states), tuple(polls.get(run_id, ()))) for run_id, states in steps.items()]


class RunLife(base.Widget):
    """The diagram with a run's path lit, step by step, and its polls on a line of time."""

    def __init__(self, source: Evidence | Journal | None = None, title: str = "The life of a run") -> None:
        super().__init__()
        self.title = title
        self.ways = ways(source) if source is not None else []
        self.chosen = 0
        self.position = len(self.way.steps) if self.way else 0

    @property
    def way(self) -> Way | None:
        return self.ways[self.chosen] if self.ways else None

    def do_run(self, value: Any) -> None:
        self.chosen = int(value)
        self.position = len(self.ways[self.chosen].steps)

    def do_step(self, value: Any) -> None:
        count = len(self.way.steps) if self.way else 0
        self.position = max(0, min(count, int(value)))
        if self.way and self.position:
            state, at = self.way.steps[self.position - 1]
            self.said = f"{_plain(state)} from {at:.2f} s on."

    def told(self, count: int | None = None) -> str:
        """The path in words."""
        if self.way is None:
            return f"A run has nine statuses and {len(MOVES)} moves between them; five of the statuses are ends."
        states = [_plain(state) for state, _ in self.way.steps[:count]]
        return f"The path: {', then '.join(states) or 'not begun'}. Asked {len(self.way.polls)} times."

    def picture(self, count: int | None = None) -> Picture:
        steps = [state for state, _ in (self.way.steps[:count] if self.way else ())]
        return diagram(steps, title=self.title, description=f"{self.title}. {self.told(count)}")

    def body(self) -> Markup:
        bar = Markup("")
        if self.way:
            if len(self.ways) > 1:
                options = [(str(index), f"{index + 1}. {_plain(way.steps[-1][0])}") for index, way in enumerate(self.ways[:200])]
                bar += base.select("run", "Run", options, str(self.chosen))
            end = len(self.way.steps)
            bar += base.button("step", "Back", self.position - 1, off=not self.position)
            bar += base.button("step", "Next", self.position + 1, off=self.position >= end, main=True)
            bar += base.slider("step", "Status", self.position, 0, end, said=f"{self.position} of {end}")
        controls = base.bar(bar) + base.paragraph(self.told(self.position))
        return base.joined([controls, self.picture(self.position).inside(), self._polls(True), self._tables()])

    def _polls(self, alive: bool) -> Markup:
        if self.way is None or not self.way.polls:
            return Markup("")
        end = next((at for state, at in self.way.steps if state in TERMINAL), None)
        picture = axes([Asked("polls", self.way.polls, end)], title=f"{self.title}: polls")
        return picture.inside() if alive else picture.image()

    def _tables(self) -> Markup:
        parts = []
        if self.way:
            rows = [(str(number), _plain(state), f"{at:.2f} s") for number, (state, at) in enumerate(self.way.steps, 1)]
            parts.append(base.table("The path of this run", ("step", "status", "from"), rows))
        parts.append(base.table("Every move", ("from", "to", "the thread is"), moves()))
        return base.folded("The same as tables", base.joined(parts))

    def still(self) -> Markup:
        return base.joined([base.paragraph(self.told()), self.picture().image(), self._polls(False), self._tables()])

    def text(self) -> str:
        rows = [(str(number), _plain(state), f"{at:.2f} s") for number, (state, at) in enumerate(self.way.steps if self.way else (), 1)]
        path_ = base.plain_table(("step", "status", "from"), rows) + "\n\n" if rows else ""
        return f"{self.title}\n{self.told()}\n\n{path_}{base.plain_table(('from', 'to', 'the thread is'), moves())}"


def moves() -> list[tuple[str, str, str]]:
    """Every move, from the engine's table."""
    order = list(PLACES)
    listed = sorted(MOVES, key=lambda move: (order.index(move[0]), order.index(move[1])))
    return [(_plain(old), _plain(new), "locked" if new in ACTIVE else "free again") for old, new in listed]


def diagram(taken: Sequence[str], *, title: str, description: str) -> Picture:
    """The nine statuses; moves that were made are thick and numbered, the others thin and dotted."""
    numbers = {pair: number for number, pair in enumerate(pairwise(taken), 1)}
    parts = [
        text_at(COLUMNS[0] - 68, 30, "active: the thread is locked", "tl-name"),
        text_at(COLUMNS[2] - 68, 30, "ends: free again", "tl-name"),
    ]
    for old, new in sorted(MOVES, key=lambda move: (move in numbers, move not in RARE, move)):
        parts += _move(old, new, numbers.get((old, new)), faint=bool(taken) or (old, new) in RARE)
    for status in sorted(ACTIVE | TERMINAL):
        x, y = _place(status)
        lit = status in taken
        last = bool(taken) and status == taken[-1]
        parts.append(box(x - WIDE / 2, y - HIGH / 2, WIDE, HIGH, "tl-lit" if lit else "tl-box", 6 if status in ACTIVE else 19))
        mark = "▸ " if last else ""
        parts.append(text_at(x, y + 4.5, f"{mark}{_plain(status)}", f"tl-middle{' tl-strong' if lit else ''}"))
    foot = "Thick and numbered: the path taken; ▸ where it is now. Dotted: other moves that a run can make."
    if not taken:
        foot = "An arrow is a move that a run can make; a faint one is seldom seen."
    parts.append(text_at(22, 5 * LINES + 62, foot, "tl-dim"))
    return Picture(parts, title, description, WIDTH, 5 * LINES + 78)


def _place(status: str) -> tuple[float, float]:
    column, line = PLACES[status]
    return COLUMNS[column], 70 + line * LINES


def _move(old: str, new: str, number: int | None, *, faint: bool) -> list[Markup]:
    x, y = _place(old)
    to_x, to_y = _place(new)
    kind = ("tl-way" if faint else "tl-go") if number is None else "tl-taken"
    to_y += _apart(old, new)
    if x == to_x:  # up or down in one column
        away = 1 if to_y > y else -1
        start, end = (x, y + away * HIGH / 2), (to_x, to_y - away * (HIGH / 2 + 6))
        curve = f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
        tip = (end[0], end[1], 0, away)
    else:
        away = 1 if to_x > x else -1
        start, end = (x + away * WIDE / 2, y), (to_x - away * (WIDE / 2 + 7), to_y)
        bend = 40 + abs(to_y - y) * 0.25
        lift = -58 if old == "queued" and to_x > COLUMNS[1] else 0
        bends = f"{start[0] + away * bend:.1f} {y + lift:.1f} {end[0] - away * bend:.1f} {to_y + lift / 3:.1f}"
        curve = f"M{start[0]:.1f} {start[1]:.1f}C{bends} {end[0]:.1f} {end[1]:.1f}"
        tip = (end[0], end[1], away, 0)
    parts = [path(curve, kind)]
    at_x, at_y, right, down = tip
    if number is None:
        head = f"M{at_x - 6 * right - 4 * down:.1f} {at_y - 6 * down - 4 * right:.1f}L{at_x:.1f} {at_y:.1f}"
        parts.append(
            path(f"{head}L{at_x - 6 * right + 4 * down:.1f} {at_y - 6 * down + 4 * right:.1f}", "tl-way-tip" if faint else "tl-go")
        )
    else:
        wing = f"l{-10 * right - 5 * down:.1f} {-10 * down - 5 * right:.1f}l{10 * down:.1f} {10 * right:.1f}z"
        wing = f"M{at_x + 6 * right:.1f} {at_y + 6 * down:.1f}{wing}"
        parts.append(path(wing, "tl-tip"))
        label_x, label_y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        parts += [
            disc(label_x, label_y, 11, "tl-lit"),
            text_at(label_x, label_y + 4.5, str(number), "tl-middle tl-strong"),
        ]
    return parts


def _apart(old: str, new: str) -> float:
    """How far from the middle of a box a move arrives, so that several do not meet in one point."""
    if PLACES[old][0] == PLACES[new][0]:
        return 0.0
    arriving = sorted((PLACES[one][1], one) for one, to in MOVES if to == new and PLACES[one][0] != PLACES[new][0])
    place = [one for _, one in arriving].index(old)
    return (place - (len(arriving) - 1) / 2) * min(9.0, (HIGH - 8) / max(1, len(arriving) - 1))


def _plain(status: str) -> str:
    return status.replace("_", " ")


# ---- polls on a line of time ------------------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """When somebody asked for a run, and when it had ended (None: not by then)."""

    name: str
    polls: tuple[float, ...]
    ended: float | None

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.polls)]

    @property
    def late(self) -> float:
        """Seconds from the end of the run to the poll that learned of it."""
        return max(0.0, self.polls[-1] - self.ended) if self.polls and self.ended is not None else 0.0

    def row(self) -> tuple[str, str, str, str, str, str]:
        gaps = self.gaps
        last_poll = f"{self.polls[-1]:.2f} s" if self.polls else "never"
        gap_text = ", ".join(f"{gap:.2f}" for gap in gaps[:9]) + (", …" if len(gaps) > 9 else "")
        return (self.name, str(len(self.polls)), f"{max(gaps, default=0):.2f} s", last_poll, f"{self.late:.2f} s", gap_text)


HEAD = ("way of asking", "requests", "longest gap", "known after", "too late by", "gaps (seconds)")
TICKS = 150
"""Ticks that are drawn one by one; more would be a smear, and are drawn as a block."""


def axes(asked: Sequence[Asked], *, title: str, width: float = WIDTH, ticks: str = "requests") -> Picture:
    """A line of time for each, with a tick for each poll, and the run's end marked on all of them. `ticks`: what the ticks are."""
    longest = max([1.0, *(at for one in asked for at in one.polls), *(one.ended for one in asked if one.ended)])
    left, right = 130.0, width - 30

    def x(at: float) -> float:
        return left + (right - left) * at / longest

    parts: list[Markup] = []
    for number, one in enumerate(asked):
        y = 48 + number * 66
        parts.append(text_at(16, y + 4, one.name, "tl-head"))
        parts.append(path(f"M{left:.1f} {y:.1f}H{right:.1f}", "tl-rule"))
        if len(one.polls) > TICKS:
            parts.append(box(x(one.polls[0]), y - 9, x(one.polls[-1]) - x(one.polls[0]), 18, "tl-hatch", 2))
        else:
            parts += [path(f"M{x(at):.1f} {y - 10:.1f}v20", "tl-tick") for at in one.polls]
        if one.ended is not None:
            parts += [path(f"M{x(one.ended):.1f} {y - 17:.1f}v34", "tl-good"), text_at(x(one.ended) + 4, y - 13, "ended", "tl-name")]
        summary = (
            f"{len(one.polls)} {ticks}; learned {one.late:.2f} s after the end" if one.ended is not None else f"{len(one.polls)} {ticks}"
        )
        parts.append(text_at(left, y + 28, summary, "tl-dim"))
    bottom = 48 + len(asked) * 66
    unit = next(step for step in (1, 2, 5, 10, 20, 60, 120, 600, 3600, 86400) if longest / step <= 12)
    for mark in range(0, int(longest) + 1, unit):
        parts += [path(f"M{x(mark):.1f} {bottom - 14:.1f}v6", "tl-rule"), text_at(x(mark), bottom + 6, f"{mark} s", "tl-name tl-middle")]
    description = ". ".join(f"{one.name}: {len(one.polls)} {ticks}, {one.late:.2f} seconds late" for one in asked)
    return Picture(parts, title, f"{title}. {description}.", width, bottom + 20)
