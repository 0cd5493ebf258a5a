"""Which predictions were made and which answers were seen: in this kernel, and in a small file in the data folder."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from courseware.announcing import announce
from courseware.predictions import QUESTIONS, Question
from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import Home

predicted: dict[str, str] = {}
"""The letter that was predicted, by question."""
revealed: set[str] = set()
"""Questions whose answers were seen."""
listeners: list[Callable[[str], None]] = []
"""Called with the question when a prediction was made."""
_loaded: Path | None = None

FIRST = "First make a prediction in the cell above. Then run this cell again to read about each answer."


def commit(question: str, choice: str) -> str:
    """Record a prediction; the sentence that says so, or says why not."""
    options = find(question).options
    letter = choice.strip().upper() if isinstance(choice, str) else ""
    if letter not in options:
        letters = " or ".join([", ".join(list(options)[:-1]), list(options)[-1]])
        return f"No prediction yet: choose one of the letters {letters}."
    if question in revealed and predicted[question] != letter:
        return f"You have seen the answer, so your prediction stays {predicted[question]}."
    predicted[question] = letter
    keep()
    for listener in listeners:
        listener(question)
    announce("predicted", question=question, choice=letter)
    return f"Your prediction: {letter}. {options[letter].text} Now go on and see."


def told(question: str) -> str:
    """What there is to say about each option, as text; counts as having seen the answer."""
    quiz = find(question)
    if question not in predicted:
        return FIRST
    revealed.add(question)
    keep()
    mine = predicted[question]
    lines = ["You were right." if mine == quiz.right else f"You predicted {mine}; the answer is {quiz.right}."]
    for letter, option in quiz.options.items():
        verdict = "right" if letter == quiz.right else f"misconception: {option.name}"
        lines.append(f"\n{letter} ({verdict}{', your prediction' if letter == mine else ''}). {option.why}")
    return "\n".join(lines)


def find(name: str) -> Question:
    """The question of this name. Raises ThreadlabError."""
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = get_close_matches(name, QUESTIONS, n=1)
    raise ThreadlabError(f"there is no question {name!r}{f'; perhaps {near[0]!r}?' if near else '.'}")


# ---- keeping ----------------------------------------------------------------------------------------------------------------------------


def _file() -> Path:
    return Home().folder / "predictions.json"


def load() -> None:
    """What earlier kernels were told; read once for each data folder."""
    global _loaded
    if _loaded == _file():
        return
    _loaded = _file()
    with contextlib.suppress(OSError, ValueError):
        records = json.loads(_loaded.read_text(encoding="utf-8"))
        for name, one in records.items():
            if name in QUESTIONS and one.get("predicted") in QUESTIONS[name].options:
                predicted.setdefault(name, one["predicted"])
                if one.get("revealed"):
                    revealed.add(name)


def keep() -> None:
    """A folder that cannot be written only means that nothing is kept."""
    if "ipykernel" not in sys.modules:
        return
    file = _file()
    records: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        records = json.loads(file.read_text(encoding="utf-8"))  # another notebook may have written since
    records |= {name: {"predicted": letter, "revealed": name in revealed} for name, letter in predicted.items()}
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        os.replace(new, file)
