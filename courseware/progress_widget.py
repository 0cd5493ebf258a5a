"""What is done, and what is next, over the whole course: at the head of each lesson.

Progress(standings)     # {"first-turn": {"best": 10, "points": 10}, …}, or the path of a file that holds this as JSON
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from courseware.catalogue import EXERCISES, Exercise
from threadlab.svg import Picture, box, path, text_at
from threadlab.widgets import base


class Progress(base.Widget):
    """`standings`: for each exercise the `best` points so far and the `points` there are; `here`: the lesson that shows this."""

    def __init__(
        self,
        standings: Mapping[str, Any] | str | Path | None = None,
        *,
        here: str = "",
        course: tuple[Exercise, ...] = EXERCISES,
        title: str = "Progress",
    ) -> None:
        super().__init__()
        self.title, self.here, self.course, self._source = title, here, course, standings
        self.standings = _read(standings)

    def do_refresh(self, value: Any = "") -> None:
        self.standings = _read(self._source)
        self.said = self.told()

    def state(self, slug: str) -> tuple[int, int]:
        """Points so far and points there are; 0 of 0 when nothing was checked yet."""
        standing = self.standings.get(slug, {})
        return int(standing.get("best", 0)), int(standing.get("points", 0))

    def passed(self, slug: str) -> bool:
        best, points = self.state(slug)
        return points > 0 and best >= points

    @property
    def next(self) -> Exercise | None:
        """The first exercise that is not done."""
        return next((one for one in self.course if not self.passed(one.slug)), None)

    def told(self) -> str:
        done = sum(self.passed(one.slug) for one in self.course)
        ahead = self.next
        later = f"Next: lesson {ahead.lesson}, exercise {ahead.slug}." if ahead else "That was all of them."
        return f"{done} of {len(self.course)} exercises done. {later}"

    def _word(self, one: Exercise) -> str:
        best, points = self.state(one.slug)
        if self.passed(one.slug):
            return "✓ done"
        return f"◐ {best} of {points} points" if points else "○ not begun"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        ahead = self.next
        return [
            (
                one.lesson,
                one.lesson_title + (" (this lesson)" if one.lesson == self.here else ""),
                one.slug,
                self._word(one) + (" ← next" if one == ahead else ""),
            )
            for one in self.course
        ]

    def picture(self, width: float = 860) -> Picture:
        each = (width - 32) / len(self.course)
        parts = [path(f"M{16 + each / 2:.1f} 36H{width - 16 - each / 2:.1f}", "tl-go")]
        for number, one in enumerate(self.course):
            x = 16 + each * (number + 0.5)
            done, ahead = self.passed(one.slug), one == self.next
            parts.append(box(x - 15, 21, 30, 30, "tl-lit" if done else "tl-box", 15 if not ahead else 4))
            if ahead:
                parts.append(box(x - 19, 17, 38, 38, "tl-band", 6))
            best, points = self.state(one.slug)
            mark = "✓" if done else f"{best}/{points}" if points else "–"
            parts.append(text_at(x, 41, mark, "tl-middle tl-strong" if done else "tl-middle"))
            parts.append(text_at(x, 76, one.lesson, "tl-middle tl-strong" if one.lesson == self.here else "tl-middle tl-dim"))
            if ahead:
                parts.append(text_at(x, 94, "next", "tl-middle tl-strong"))
        description = f"{self.title}. {self.told()}"
        return Picture(parts, self.title, description, width, 108)

    def _table(self) -> Markup:
        return base.table("Exercise by exercise", ("lesson", "title", "exercise", "standing"), self._rows())

    def body(self) -> Markup:
        again = base.button("refresh", "Look again") if isinstance(self._source, str | Path) else Markup("")
        same = base.folded("The same as a table", self._table())
        told = Markup("") if self.said else base.paragraph(self.told())  # after `Look again` the message under the picture says it
        return base.joined([told, self.picture().inside(), again, same])

    def still(self) -> Markup:
        return base.joined([base.paragraph(self.told()), self.picture().image(), self._table()])

    def text(self) -> str:
        return f"{self.told()}\n\n{base.plain_table(('lesson', 'title', 'exercise', 'standing'), self._rows())}"


def _read(source: Mapping[str, Any] | str | Path | None) -> dict[str, Mapping[str, Any]]:
    """Standings as plain data; a file that is not there, or cannot be read, means that nothing is known yet."""
    if source is None:
        return {}
    if isinstance(source, str | Path):
        try:
            content = json.loads(Path(source).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        source = content if isinstance(content, dict) else {}
    return {
        str(slug): one if isinstance(one, Mapping) else vars(one) if hasattr(one, "__dict__") else _fields(one)
        for slug, one in source.items()
    }


def _fields(one: Any) -> dict[str, int]:
    return {name: int(getattr(one, name, 0)) for name in ("best", "points")}
