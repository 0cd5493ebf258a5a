"""Predictions as a widget: radio buttons, and after the prediction what there is to say about each answer.

    Quiz("first-status")                   # asks; `predict("first-status")` shows it
    Answers("first-status")                # explains; `reveal("first-status")` shows it
    Quiz("first-status", answers=True)     # both in one

It is the same record as that of `predict` and `reveal`: what was predicted with the one is predicted for the other.
"""

from __future__ import annotations

from html import escape
from typing import Any

from courseware import records
from threadlab.widgets import base


class Quiz(base.Widget):
    """One question. `answers`: the explanations can be opened here, once there is a prediction."""

    def __init__(self, question: str, prompt: str = "", *, answers: bool = False, title: str = "Predict") -> None:
        super().__init__()
        self.question, self.prompt, self.answers, self.title = question, prompt, answers, title
        self.asked = records.find(question)
        self.picked = records.predicted.get(question, "")

    @property
    def predicted(self) -> str:
        """The letter that was predicted; empty before."""
        return records.predicted.get(self.question, "")

    @property
    def revealed(self) -> bool:
        return self.question in records.revealed

    def keep(self) -> dict[str, Any]:
        return {"question": self.question, "predicted": self.predicted, "revealed": self.revealed}

    def do_pick(self, value: Any) -> None:
        if not self.revealed:
            self.picked = str(value) if str(value) in self.asked.options else ""

    def do_predict(self, value: Any = "") -> None:
        if not self.picked:
            self.said = "First choose one of the answers."
            return
        self.said = base.with_code(records.commit(self.question, self.picked))

    def do_reveal(self, value: Any = "") -> None:
        if not self.predicted:
            self.said = "First make a prediction; what there is to say about each answer follows."
            return
        self.said = base.with_code(records.told(self.question).partition("\n")[0])

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def body(self) -> str:
        shown = self.predicted if self.revealed else self.picked
        options = "".join(
            f'<label class="tl-option"><input type="radio" name="{self.name}" data-act="pick" value="{letter}" data-key="{letter}"'
            f"{' checked' if letter == shown else ''}{' disabled' if self.revealed else ''}>"
            f"<span><strong>{letter}</strong> — {base.with_code(option.text)}</span></label>"
            for letter, option in self.asked.options.items()
        )
        question = base.with_code(self.prompt) or "What do you expect?"
        label = "Change my prediction" if self.predicted else "This is my prediction"
        buttons = "" if self.revealed else base.button("predict", label, off=not self.picked or self.picked == self.predicted, main=True)
        if self.answers and not self.revealed:
            buttons += base.button("reveal", "Show the answers", off=not self.predicted)
        choice = f'<fieldset role="radiogroup"><legend>{question}</legend>{options}</fieldset>'
        return f'{choice}<div class="tl-bar-row">{buttons}</div>{self._state()}{self._told()}'

    def _state(self) -> str:
        if not self.predicted:
            return "<p>No prediction yet.</p>"
        return f"<p>Your prediction: <strong>{self.predicted}</strong>.</p>"

    def _told(self) -> str:
        """What there is to say about each option; nothing before the answer was revealed."""
        if not (self.answers and self.revealed and self.predicted):
            return ""
        return self._explanations()

    def _explanations(self) -> str:
        return "".join(self._explained(letter) for letter in self.asked.options)

    def _explained(self, letter: str) -> str:
        option, right = self.asked.options[letter], letter == self.asked.right
        verdict = "✓ right" if right else f"✗ misconception: {escape(option.name)}"
        mine = ", your prediction" if letter == self.predicted else ""
        kind, why = "tl-yes" if right else "tl-no", base.with_code(option.why)
        return f'<div class="tl-note {kind}"><strong>{letter} ({verdict}{mine}).</strong> {base.with_code(option.text)}<br>{why}</div>'

    def _options(self) -> str:
        items = "".join(f"<li><strong>{letter}</strong> — {base.with_code(one.text)}</li>" for letter, one in self.asked.options.items())
        return f"<ul>{items}</ul>"

    def page(self) -> str:
        """For a page that is only read: the options."""
        return f'<div class="threads-predict">{self._options()}</div>'

    def still(self) -> str:
        """The question and its options; the prediction; the answers only where they were revealed."""
        return f"<p>{base.with_code(self.prompt) or 'What do you expect?'}</p>{self._options()}{self._state()}{self._told()}"

    def text(self) -> str:
        lines = [self.prompt or "What do you expect?"] + [f"{letter} — {one.text}" for letter, one in self.asked.options.items()]
        lines.append(f"Your prediction: {self.predicted}." if self.predicted else "No prediction yet.")
        if self._told():
            lines.append(records.told(self.question))
        return "\n".join(lines)


class Answers(Quiz):
    """What there is to say about each answer of a question that was asked further up; opened by the reader, once there is a prediction."""

    def __init__(self, question: str, *, title: str = "About each answer") -> None:
        super().__init__(question, answers=True, title=title)

    def body(self) -> str:
        if self.revealed:
            return self._state() + self._told()
        asks = "" if self.predicted else "<p>First make a prediction further up; then press the button.</p>"
        return f'{asks}<div class="tl-bar-row">{base.button("reveal", "Show the answers", main=True)}</div>'

    def page(self) -> str:
        """For a page that is only read: the explanations, folded."""
        right = f"<p>The answer is <strong>{self.asked.right}</strong>.</p>"
        return f'<details class="threads-answers"><summary>About each answer</summary>{right}{self._explanations()}</details>'

    def still(self) -> str:
        return self._state() + (self._told() or "<p>The answers have not been opened.</p>")

    def text(self) -> str:
        return records.told(self.question) if self._told() else "The answers have not been opened."
