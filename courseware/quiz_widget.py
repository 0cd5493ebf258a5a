"""Predictions as a widget: choose, commit, and only then read what is to be said about each answer.

    Quiz("first-status")                   # commits; the answer comes in a later cell, with Answers("first-status") or reveal(…)
    Quiz("first-status", answers=True)     # commits, and can then show the answers below

It is the same record as `courseware.predict`'s `commit` and `reveal`: what was committed with the one is committed for the other.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from html import escape
from typing import Any

from courseware import predicting
from threadlab.widgets import base


def _says(call: Callable[..., None], *arguments: str) -> str:
    """What `commit` or `reveal` would print."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        call(*arguments)
    return said.getvalue().strip()


class Quiz(base.Widget):
    """One question. `answers`: the explanations can be opened here, once an answer is committed."""

    def __init__(self, question: str, prompt: str = "", *, answers: bool = False, title: str = "Predict") -> None:
        super().__init__()
        self.question, self.prompt, self.answers, self.title = question, prompt, answers, title
        self.asked = predicting._question(question)
        self.picked = predicting._predicted.get(question, "")

    @property
    def committed(self) -> str:
        """The letter that was committed; empty before."""
        return predicting._predicted.get(self.question, "")

    @property
    def revealed(self) -> bool:
        return self.question in predicting._revealed

    def keep(self) -> dict[str, Any]:
        return {"question": self.question, "committed": self.committed, "revealed": self.revealed}

    def do_pick(self, value: Any) -> None:
        if not self.revealed:
            self.picked = str(value) if str(value) in self.asked.options else ""

    def do_commit(self, value: Any = "") -> None:
        if not self.picked:
            self.said = "First choose one of the answers."
            return
        self.said = base.with_code(_says(predicting.predict, self.question, self.picked))

    def do_reveal(self, value: Any = "") -> None:
        if not self.committed:
            self.said = "First commit to an answer; what is to be said about each follows then."
            return
        self.said = base.with_code(_says(predicting.reveal, self.question).partition("\n")[0])

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def body(self) -> str:
        shown = self.committed if self.revealed else self.picked
        options = "".join(
            f'<label class="tl-option"><input type="radio" name="{self.name}" data-act="pick" value="{letter}" data-key="{letter}"'
            f"{' checked' if letter == shown else ''}{' disabled' if self.revealed else ''}>"
            f"<span><strong>{letter}</strong> — {base.with_code(option.text)}</span></label>"
            for letter, option in self.asked.options.items()
        )
        question = base.with_code(self.prompt) or "What do you expect?"
        label = "Change my answer" if self.committed else "Commit my answer"
        buttons = "" if self.revealed else base.button("commit", label, off=not self.picked or self.picked == self.committed, main=True)
        if self.answers and not self.revealed:
            buttons += base.button("reveal", "Show the answers", off=not self.committed)
        choice = f'<fieldset role="radiogroup"><legend>{question}</legend>{options}</fieldset>'
        return f'{choice}<div class="tl-bar-row">{buttons}</div>{self._state()}{self._told()}'

    def _state(self) -> str:
        if not self.committed:
            return "<p>Nothing is committed yet.</p>"
        return f"<p>Committed: <strong>{self.committed}</strong>.</p>"

    def _told(self) -> str:
        """What is to be said about each option; nothing before the answer was revealed."""
        if not (self.answers and self.revealed and self.committed):
            return ""
        return "".join(self._explained(letter) for letter in self.asked.options)

    def _explained(self, letter: str) -> str:
        option, right = self.asked.options[letter], letter == self.asked.right
        verdict = "✓ right" if right else f"✗ not so: “{escape(option.name)}”"
        mine = ", your answer" if letter == self.committed else ""
        kind, said = "tl-yes" if right else "tl-no", base.with_code(option.why)
        return f'<div class="tl-note {kind}"><strong>{letter} ({verdict}{mine}).</strong> {said}</div>'

    def still(self) -> str:
        """The question and its options; what was committed; the answers only where they were revealed."""
        items = "".join(f"<li><strong>{letter}</strong> — {base.with_code(one.text)}</li>" for letter, one in self.asked.options.items())
        return f"<p>{base.with_code(self.prompt) or 'What do you expect?'}</p><ul>{items}</ul>{self._state()}{self._told()}"

    def text(self) -> str:
        lines = [self.prompt or "What do you expect?"] + [f"{letter} — {one.text}" for letter, one in self.asked.options.items()]
        lines.append(f"Committed: {self.committed}." if self.committed else "Nothing is committed yet.")
        if self._told():
            lines.append(_says(predicting.reveal, self.question))
        return "\n".join(lines)


class Answers(Quiz):
    """What is to be said about each answer of a question that was asked further up; opened by the reader, once something is committed."""

    def __init__(self, question: str, *, title: str = "What is to be said about each answer") -> None:
        super().__init__(question, answers=True, title=title)

    def body(self) -> str:
        if self.revealed:
            return self._state() + self._told()
        asks = "" if self.committed else "<p>First commit to a prediction further up; then press the button.</p>"
        return f'{asks}<div class="tl-bar-row">{base.button("reveal", "Show the answers", main=True)}</div>'

    def still(self) -> str:
        return self._state() + (self._told() or "<p>The answers have not been opened.</p>")

    def text(self) -> str:
        return _says(predicting.reveal, self.question) if self._told() else "The answers have not been opened."
