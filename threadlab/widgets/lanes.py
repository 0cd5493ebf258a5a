"""The lanes of a timeline around one moment: what is past in full, what is to come behind a veil. Never more rows than fit a screen."""

from __future__ import annotations

from collections.abc import Sequence

from threadlab.svg import Picture, box, text_at
from threadlab.trials.drawing import EDGE, ROOM, _Panel
from threadlab.trials.rows import Row
from threadlab.trials.timeline import _counted

SHOWN = 22
"""Rows drawn at once; of a longer timeline, those around the moment."""


def around(count: int, position: int, shown: int = SHOWN) -> range:
    """Which of `count` rows are shown when `position` of them have happened."""
    first = max(0, min(position - 1 - shown // 2, count - shown))
    return range(first, min(count, first + shown))


def lanes(
    rows: Sequence[Row], position: int, *, title: str, note: str = "", width: float = 660, shown: int = SHOWN, whole: bool = False
) -> Picture:
    """The picture. `position`: how many rows have happened; `whole`: without veil and mark."""
    here = around(len(rows), position, shown)
    cut = [rows[index] for index in here]
    panel = _Panel(("", cut, "", None), EDGE / 2, 12, width - EDGE)
    bottom = panel.bottom
    parts = panel.draw(bottom)
    tops = [line.middle - panel._half(line.cells) - ROOM / 2 for line in panel.lines] + [bottom - ROOM / 2]
    done = position - here.start
    if not whole:
        if done < len(cut):
            parts.append(box(0, tops[done], width, bottom - tops[done], "tl-veil", 0))
        if 0 < done <= len(cut):
            parts.append(box(4, tops[done - 1] + 1, width - 8, tops[done] - tops[done - 1] - 2, "tl-band"))
    foot = f"Moments {here.start + 1} to {here.stop} of {len(rows)}. {note}" if len(here) < len(rows) else note
    parts.append(text_at(EDGE / 2 + 8, bottom + 20, foot.strip() or "Time runs downwards, in order but not to scale.", "tl-dim"))
    return Picture(parts, title, described(rows, position, title, whole), width, bottom + 34)


def described(rows: Sequence[Row], position: int, title: str, whole: bool = False) -> str:
    """The picture in words."""
    if whole:
        return f"{title}. {len(rows)} moments; the table says what happens in each."
    if not position or not rows:
        return f"{title}. Nothing has happened yet; {len(rows)} moments are to come."
    return f"{title}. Moment {position} of {len(rows)}: {sentence(rows[position - 1])}"


def sentence(row: Row) -> str:
    """A row as a sentence."""
    columns = (("code", _counted(row)), ("thread", row.thread), ("run", row.run))
    description = "; ".join(f"{name}: {text}" for name, text in columns if text)
    flying = f"; in flight: {', '.join(row.in_flight)}" if row.in_flight else ""
    return f"at {row.at:.2f} s, {description}{flying}."
