"""What every widget is made of: a state, HTML that shows it, what to do when somebody acts, and the same as text and as a still picture.

A widget is plain Python and needs no browser: `widget.act("next")` does what the button does. In a notebook it is alive through one small
script (panel.js), and under it stands its static form, which is all that there is in an exported page.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from threadlab.errors import ThreadlabError

HERE = Path(__file__).parent
_numbers = itertools.count(1)


class Widget:
    """Subclasses give `body` (what is alive), `still` (pictures and tables for paper), `text`, and a method `do_…` for each action."""

    title = "Widget"

    def __init__(self) -> None:
        self.name = f"{type(self).__name__.lower()}-{next(_numbers)}"
        """Unique in this kernel; also the beginning of the ids in its HTML."""
        self.said = ""
        """What a screen reader is told after an action; shown as well."""
        self._views: list[Any] = []

    # ---- for subclasses -----------------------------------------------------------------------------------------------------------------

    def body(self) -> str:
        raise NotImplementedError

    def still(self) -> str:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError

    def keep(self) -> dict[str, Any]:
        """What is to be kept with the widget's state in the notebook."""
        return {}

    # ---- alive --------------------------------------------------------------------------------------------------------------------------

    def html(self) -> str:
        """The living form as HTML."""
        status = f'<p role="status" data-key="status">{self.said}</p>'
        return f'<section aria-label="{escape(self.title)}"><h3>{escape(self.title)}</h3>{self.body()}{status}</section>'

    def act(self, action: str, value: Any = "", key: str = "") -> None:
        """Do what the control `action` does, then show the new state. What goes wrong becomes a sentence."""
        self.said = ""
        method = getattr(self, f"do_{action}", None)
        try:
            if method is None:
                raise ThreadlabError(f"this widget has no {action!r}.")
            method(value, key) if key else method(value)
        except Exception as error:
            self.said = f"That did not work: {escape(str(error) or type(error).__name__)}"
        self.show()

    def show(self) -> None:
        """Bring every view up to date."""
        if self._views:
            html, kept = self.html(), self.keep()
            for view in self._views:
                view.html, view.kept = html, kept

    def live(self) -> Any:
        """A view for a notebook, or None where widgets cannot be shown."""
        try:
            made = _view_class()(html=self.html(), kept=self.keep(), name=self.name)
        except ImportError:
            return None
        made.on_msg(lambda _view, content, _buffers: self.act(str(content.get("act")), content.get("value"), str(content.get("key") or "")))
        self._views.append(made)
        return made

    # ---- still --------------------------------------------------------------------------------------------------------------------------

    def static(self) -> str:
        """The static form as HTML: the same content, nothing to press."""
        return f'<section aria-label="{escape(self.title)}"><h3>{escape(self.title)}</h3>{self.still()}</section>'

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.static(), "text/plain": self.text()}

    def _ipython_display_(self) -> None:
        from IPython.display import display  # type: ignore[attr-defined,unused-ignore]

        view = self.live()
        if view is not None:
            display(view)  # type: ignore[no-untyped-call,unused-ignore]
        head = f"<summary>{escape(self.title)}: static form</summary>"
        html = f'<details open class="threadlab-static-{self.name}">{head}{self.static()}</details>'
        still = {"text/html": html, "text/plain": self.text()}
        display(still, raw=True)  # type: ignore[no-untyped-call,unused-ignore]


@cache
def _view_class() -> Any:
    import anywidget
    import traitlets

    synced = {"sync": True}
    members = {
        "_esm": (HERE / "panel.js").read_text(encoding="utf-8"),
        "_css": (HERE / "panel.css").read_text(encoding="utf-8"),
        "html": traitlets.Unicode("").tag(**synced),
        "name": traitlets.Unicode("").tag(**synced),
        "kept": traitlets.Dict().tag(**synced),
    }
    return type("ThreadlabView", (anywidget.AnyWidget,), members)


# ---- pieces of HTML ---------------------------------------------------------------------------------------------------------------------


def button(action: str, label: str, value: object = "", *, off: bool = False, pressed: bool | None = None, main: bool = False) -> str:
    """A button. One that is off stays reachable, so that the focus is not lost when the last step was taken."""
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    extra = (' aria-disabled="true"' if off else "") + (' class="tl-main"' if main else "")
    key = f"{action}-{value}"
    return (
        f'<button type="button" data-act="{action}" data-value="{escape(str(value))}" data-key="{escape(key)}"{state}{extra}>'
        f"{escape(label)}</button>"
    )


def slider(action: str, label: str, value: int, low: int, high: int, *, said: str = "") -> str:
    """A slider with its label; `said` is its value in words."""
    words = f' aria-valuetext="{escape(said)}"' if said else ""
    return (
        f'<label class="tl-slider">{escape(label)} <input type="range" data-act="{action}" data-key="{action}" min="{low}" max="{high}" '
        f'value="{value}"{words}></label><span class="tl-num">{escape(said or str(value))}</span>'
    )


def select(action: str, label: str, options: Iterable[tuple[str, str]], chosen: str) -> str:
    """A list to choose one from: values with their texts."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>' for value, text in options
    )
    return f'<label>{escape(label)} <select data-act="{action}" data-key="{action}">{items}</select></label>'


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, now: int | None = None, numbers: Iterable[int] = ()
) -> str:
    """A table whose first column heads its rows. `now` marks a row; `numbers` are the columns to be set to the right."""
    right = set(numbers)
    kind = [' class="tl-num" style="text-align:right"' if index in right else ' style="text-align:left"' for index in range(len(head))]
    top = "".join(f'<th scope="col"{kind[index]}>{escape(name)}</th>' for index, name in enumerate(head))
    lines = []
    for number, row in enumerate(rows):
        mark = ' class="tl-now" aria-current="step"' if number == now else ""
        first, *rest = (escape(str(cell)) for cell in row)
        cells = "".join(f"<td{kind[index]}>{cell}</td>" for index, cell in enumerate(rest, 1))
        lines.append(f'<tr{mark}><th scope="row"{kind[0]}>{first}</th>{cells}</tr>')
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def folded(summary: str, inside: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"


def with_code(text: str) -> str:
    """Text whose `code` is shown as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def plain_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same as text."""
    lines = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[index]) for row in lines) for index in range(len(head))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]
    return "\n".join([shown[0], "  ".join("─" * width for width in widths), *shown[1:]])
