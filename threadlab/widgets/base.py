"""What every widget is made of: a state, HTML that shows it, what to do when somebody acts, and the same as text and as a still picture.

A widget is plain Python and needs no browser: `widget.act("next")` does what the button does. In a notebook it is alive through one small
script (panel.js), and under it stands its static form, which is all that there is in an exported page.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from threadlab.errors import ThreadlabError

HERE = Path(__file__).parent
_numbers = itertools.count(1)


class Widget:
    """Subclasses give `body` (what is alive), `still` (pictures and tables for paper), `text`, and a method `do_…` for each action."""

    title = "Widget"

    def __init__(self) -> None:
        self.name = f"{type(self).__name__.lower()}-{next(_numbers)}"
        """Unique in this kernel; also the beginning of the ids in its HTML."""
        self.said: str = ""
        """What a screen reader is told after an action; shown as well. Text is escaped, Markup is shown as it is."""
        self._views: list[Any] = []

    # ---- for subclasses -----------------------------------------------------------------------------------------------------------------

    def body(self) -> Markup:
        raise NotImplementedError

    def still(self) -> Markup:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError

    def keep(self) -> dict[str, Any]:
        """What is to be kept with the widget's state in the notebook."""
        return {}

    # ---- alive --------------------------------------------------------------------------------------------------------------------------

    def html(self) -> Markup:
        """The living form as HTML."""
        status = Markup('<p role="status" data-key="status">{}</p>').format(self.said)
        return Markup('<section aria-label="{0}"><h3>{0}</h3>{1}{2}</section>').format(self.title, self.body(), status)

    def act(self, action: str, value: Any = "", key: str = "") -> None:
        """Do what the control `action` does, then show the new state. What goes wrong becomes a sentence."""
        self.said = ""
        method = getattr(self, f"do_{action}", None)
        try:
            if method is None:
                raise ThreadlabError(f"this widget has no {action!r}.")
            method(value, key) if key else method(value)
        except Exception as error:
            self.said = f"That did not work: {str(error) or type(error).__name__}"
        self.show()

    def show(self) -> None:
        """Bring every view up to date."""
        if self._views:
            html, state = self.html(), self.keep()
            for view in self._views:
                view.html, view.kept = str(html), state

    def live(self) -> Any:
        """A view for a notebook, or None where widgets cannot be shown."""
        try:
            result = _view_class()(html=str(self.html()), kept=self.keep(), name=self.name)
        except ImportError:
            return None
        result.on_msg(
            lambda _view, content, _buffers: self.act(str(content.get("act")), content.get("value"), str(content.get("key") or ""))
        )
        self._views.append(result)
        return result

    # ---- still --------------------------------------------------------------------------------------------------------------------------

    def static(self) -> Markup:
        """The static form as HTML: the same content, nothing to press."""
        return Markup('<section aria-label="{0}"><h3>{0}</h3>{1}</section>').format(self.title, self.still())

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": str(self.static()), "text/plain": self.text()}

    def _ipython_display_(self) -> None:
        from IPython.display import display  # type: ignore[attr-defined,unused-ignore]

        view = self.live()
        if view is not None:
            display(view)  # type: ignore[no-untyped-call,unused-ignore]
        folded = Markup('<details open class="threadlab-static-{}"><summary>{}: static form</summary>{}</details>')
        still = {"text/html": str(folded.format(self.name, self.title, self.static())), "text/plain": self.text()}
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


def button(action: str, label: str, value: object = "", *, off: bool = False, pressed: bool | None = None, main: bool = False) -> Markup:
    """A button. One that is off stays reachable, so that the focus is not lost when the last step was taken."""
    state = Markup("") if pressed is None else Markup(' aria-pressed="{}"').format(str(pressed).lower())
    state += Markup(' aria-disabled="true"') if off else Markup("")
    state += Markup(' class="tl-main"') if main else Markup("")
    shape = Markup('<button type="button" data-act="{}" data-value="{}" data-key="{}"{}>{}</button>')
    return shape.format(action, value, f"{action}-{value}", state, label)


def slider(action: str, label: str, value: int, low: int, high: int, *, said: str = "", of: str = "") -> Markup:
    """A slider with its label; `said` is its value in words, `of` what its action is told to be about."""
    words = Markup(' aria-valuetext="{}"').format(said) if said else Markup("")
    shape = Markup(
        '<label class="tl-slider">{label} <input type="range"{of} data-act="{action}" data-key="{action}" min="{low}" max="{high}" '
        'value="{value}"{words}></label><span class="tl-num">{shown}</span>'
    )
    return shape.format(label=label, of=_about(of), action=action, low=low, high=high, value=value, words=words, shown=said or str(value))


def select(action: str, label: str, options: Iterable[tuple[str, str]], chosen: str, *, of: str = "") -> Markup:
    """A list to choose one from: values with their texts. `of`: what its action is told to be about."""
    item = Markup('<option value="{}"{}>{}</option>')
    items = joined(item.format(value, Markup(" selected") if value == chosen else "", text) for value, text in options)
    shape = Markup('<label>{label} <select{of} data-act="{action}" data-key="{action}">{items}</select></label>')
    return shape.format(label=label, of=_about(of), action=action, items=items)


def _about(of: str) -> Markup:
    return Markup(' data-value="{}"').format(of) if of else Markup("")


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, now: int | None = None, numbers: Iterable[int] = ()
) -> Markup:
    """A table whose first column heads its rows. `now` marks a row; `numbers` are the columns to be set to the right."""
    right = set(numbers)
    kinds = [
        Markup(' class="tl-num" style="text-align:right"') if index in right else Markup(' style="text-align:left"')
        for index in range(len(head))
    ]
    top = joined(Markup('<th scope="col"{}>{}</th>').format(kind, name) for kind, name in zip(kinds, head, strict=True))
    lines = []
    for number, (first, *rest) in enumerate(rows):
        mark = Markup(' class="tl-now" aria-current="step"') if number == now else ""
        cells = joined(Markup("<td{}>{}</td>").format(kinds[index], cell) for index, cell in enumerate(rest, 1))
        lines.append(Markup('<tr{}><th scope="row"{}>{}</th>{}</tr>').format(mark, kinds[0], first, cells))
    shape = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    return shape.format(caption, top, joined(lines))


def paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)


def bar(*controls: Markup) -> Markup:
    """Controls in a row."""
    return Markup('<div class="tl-bar-row">{}</div>').format(joined(controls))


def folded(summary: str, inside: Markup) -> Markup:
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, inside)


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def with_code(text: str) -> Markup:
    """Text whose `code` is shown as code."""
    pieces = re.split(r"`([^`]+)`", text)  # text and code by turns
    return joined(Markup("<code>{}</code>").format(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces))


def plain_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The same as text."""
    lines = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[index]) for row in lines) for index in range(len(head))]
    padded = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]
    return "\n".join([padded[0], "  ".join("─" * width for width in widths), *padded[1:]])
