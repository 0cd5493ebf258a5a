"""Predictions as a widget: radio buttons, and after the prediction what there is to say about each answer.

    Quiz("first-status")                   # asks; `predict("first-status")` shows it
    Answers("first-status")                # explains; `reveal("first-status")` shows it
    Quiz("first-status", answers=True)     # both in one

It is the same record as that of `predict` and `reveal`: what was predicted with the one is predicted for the other.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

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

    def body(self) -> Markup:
        letter_shown = self.predicted if self.revealed else self.picked
        label = "Change my prediction" if self.predicted else "This is my prediction"
        buttons = []
        if not self.revealed:
            buttons.append(base.button("predict", label, off=not self.picked or self.picked == self.predicted, main=True))
        if self.answers and not self.revealed:
            buttons.append(base.button("reveal", "Show the answers", off=not self.predicted))
        choice = Markup('<fieldset role="radiogroup"><legend>{}</legend>{}</fieldset>')
        options = base.joined(self._option(letter, letter == letter_shown) for letter in self.asked.options)
        return base.joined([choice.format(self._asks(), options), base.bar(*buttons), self._standing(), self._told()])

    def _asks(self) -> Markup:
        return base.with_code(self.prompt or "What do you expect?")

    def _option(self, letter: str, checked: bool) -> Markup:
        control = Markup(
            '<label class="tl-option"><input type="radio" name="{name}" data-act="pick" value="{letter}" data-key="{letter}"{state}>'
            "<span><strong>{letter}</strong> — {text}</span></label>"
        )
        state = (Markup(" checked") if checked else Markup("")) + (Markup(" disabled") if self.revealed else Markup(""))
        return control.format(name=self.name, letter=letter, state=state, text=base.with_code(self.asked.options[letter].text))

    def _standing(self) -> Markup:
        """The prediction, unless the message that follows has just said it."""
        return Markup("") if self.said else self._state()

    def _state(self) -> Markup:
        if not self.predicted:
            return base.paragraph("No prediction yet.")
        return Markup("<p>Your prediction: <strong>{}</strong>.</p>").format(self.predicted)

    def _told(self) -> Markup:
        """What there is to say about each option; nothing before the answer was revealed."""
        if not (self.answers and self.revealed and self.predicted):
            return Markup("")
        return self._explanations()

    def _explanations(self) -> Markup:
        return base.joined(self._explained(letter) for letter in self.asked.options)

    def _explained(self, letter: str) -> Markup:
        option, right = self.asked.options[letter], letter == self.asked.right
        verdict = "✓ right" if right else f"✗ misconception: {option.name}"
        mine = ", your prediction" if letter == self.predicted else ""
        note = Markup('<div class="tl-note {}"><strong>{} ({}{}).</strong> {}<br>{}</div>')
        kind = "tl-yes" if right else "tl-no"
        return note.format(kind, letter, verdict, mine, base.with_code(option.text), base.with_code(option.why))

    def _options(self) -> Markup:
        item = Markup("<li><strong>{}</strong> — {}</li>")
        items = base.joined(item.format(letter, base.with_code(one.text)) for letter, one in self.asked.options.items())
        return Markup("<ul>{}</ul>").format(items)

    def page(self) -> Markup:
        """For a page that is only read: the options."""
        return Markup('<div class="threads-predict">{}</div>').format(self._options())

    def still(self) -> Markup:
        """The question and its options; the prediction; the answers only where they were revealed."""
        return Markup("<p>{}</p>{}{}{}").format(self._asks(), self._options(), self._state(), self._told())

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

    def body(self) -> Markup:
        if self.revealed:
            return self._state() + self._told()
        asks = "First make a prediction further up; then press the button."
        button = base.bar(base.button("reveal", "Show the answers", main=True))
        return button if self.predicted else base.paragraph(asks) + button

    def page(self) -> Markup:
        """For a page that is only read: the explanations, folded."""
        folded = Markup('<details class="threads-answers"><summary>About each answer</summary>{}{}</details>')
        return folded.format(Markup("<p>The answer is <strong>{}</strong>.</p>").format(self.asked.right), self._explanations())

    def still(self) -> Markup:
        return self._state() + (self._told() or base.paragraph("The answers have not been opened."))

    def text(self) -> str:
        return records.told(self.question) if self._told() else "The answers have not been opened."
