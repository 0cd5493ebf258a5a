"""Predictions as a widget: choose, commit, and only then read what is to be said about each answer.

    Quiz("first-status")                   # commits; the answer comes in a later cell, with Answers("first-status") or reveal(…)
    Quiz("first-status", answers=True)     # commits, and can then show the answers below

It is the same record as `courseware.predict`'s `commit` and `reveal`: what was committed with the one is committed for the other.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from courseware import predicting
from threadlab.widgets import base


class Quiz(base.Widget):
    """One question. `answers`: the explanations can be opened here, once an answer is committed."""

    def __init__(self, question: str, prompt: str = "", *, answers: bool = False, title: str = "Predict") -> None:
        super().__init__()
        self.question, self.prompt, self.answers, self.title = question, prompt, answers, title
        self.asked = predicting.find(question)
        self.picked = predicting.prediction(question)

    @property
    def committed(self) -> str:
        """The letter that was committed; empty before."""
        return predicting.prediction(self.question)

    @property
    def revealed(self) -> bool:
        return predicting.is_open(self.question)

    def keep(self) -> dict[str, Any]:
        return {"question": self.question, "committed": self.committed, "revealed": self.revealed}

    def do_pick(self, value: Any) -> None:
        if not self.revealed:
            self.picked = str(value) if str(value) in self.asked.options else ""

    def do_commit(self, value: Any = "") -> None:
        if not self.picked:
            self.said = "First choose one of the answers."
            return
        self.said = base.with_code(predicting.commit(self.question, self.picked))

    def do_reveal(self, value: Any = "") -> None:
        if not self.committed:
            self.said = "First commit to an answer; what is to be said about each follows then."
            return
        predicting.open_answers(self.question)
        self.said = predicting.verdict(self.question)

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def body(self) -> Markup:
        shown = self.committed if self.revealed else self.picked
        label = "Change my answer" if self.committed else "Commit my answer"
        buttons = []
        if not self.revealed:
            buttons.append(base.button("commit", label, off=not self.picked or self.picked == self.committed, main=True))
        if self.answers and not self.revealed:
            buttons.append(base.button("reveal", "Show the answers", off=not self.committed))
        choice = Markup('<fieldset role="radiogroup"><legend>{}</legend>{}</fieldset>')
        options = base.joined(self._option(letter, letter == shown) for letter in self.asked.options)
        return base.joined([choice.format(self._asks(), options), base.bar(*buttons), self._state(), self._told()])

    def _asks(self) -> Markup:
        return base.with_code(self.prompt or "What do you expect?")

    def _option(self, letter: str, checked: bool) -> Markup:
        control = Markup(
            '<label class="tl-option"><input type="radio" name="{name}" data-act="pick" value="{letter}" data-key="{letter}"{state}>'
            "<span><strong>{letter}</strong> — {text}</span></label>"
        )
        state = (Markup(" checked") if checked else Markup("")) + (Markup(" disabled") if self.revealed else Markup(""))
        return control.format(name=self.name, letter=letter, state=state, text=base.with_code(self.asked.options[letter].text))

    def _state(self) -> Markup:
        if not self.committed:
            return base.paragraph("Nothing is committed yet.")
        return Markup("<p>Committed: <strong>{}</strong>.</p>").format(self.committed)

    def _told(self) -> Markup:
        """What is to be said about each option; nothing before the answer was revealed."""
        if not (self.answers and self.revealed and self.committed):
            return Markup("")
        return base.joined(self._explained(letter) for letter in self.asked.options)

    def _explained(self, letter: str) -> Markup:
        option, right = self.asked.options[letter], letter == self.asked.right
        verdict = "✓ right" if right else f"✗ not so: “{option.name}”"
        mine = ", your answer" if letter == self.committed else ""
        note = Markup('<div class="tl-note {}"><strong>{} ({}{}).</strong> {}</div>')
        return note.format("tl-yes" if right else "tl-no", letter, verdict, mine, base.with_code(option.why))

    def still(self) -> Markup:
        """The question and its options; what was committed; the answers only where they were revealed."""
        item = Markup("<li><strong>{}</strong> — {}</li>")
        items = base.joined(item.format(letter, base.with_code(one.text)) for letter, one in self.asked.options.items())
        return Markup("<p>{}</p><ul>{}</ul>{}{}").format(self._asks(), items, self._state(), self._told())

    def text(self) -> str:
        lines = [self.prompt or "What do you expect?"] + [f"{letter} — {one.text}" for letter, one in self.asked.options.items()]
        lines.append(f"Committed: {self.committed}." if self.committed else "Nothing is committed yet.")
        if self._told():
            lines.append(predicting.answers(self.question))
        return "\n".join(lines)


class Answers(Quiz):
    """What is to be said about each answer of a question that was asked further up; opened by the reader, once something is committed."""

    def __init__(self, question: str, *, title: str = "What is to be said about each answer") -> None:
        super().__init__(question, answers=True, title=title)

    def body(self) -> Markup:
        if self.revealed:
            return self._state() + self._told()
        asks = "First commit to a prediction further up; then press the button."
        button = base.bar(base.button("reveal", "Show the answers", main=True))
        return button if self.committed else base.paragraph(asks) + button

    def still(self) -> Markup:
        return self._state() + (self._told() or base.paragraph("The answers have not been opened."))

    def text(self) -> str:
        return predicting.answers(self.question) if self._told() else "The answers have not been opened."
