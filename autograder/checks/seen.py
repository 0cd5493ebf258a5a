"""What several checks ask of the evidence: which user messages there are, which runs, what was returned."""

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from autograder.judging.behaviours import Sentence
from threadlab.engine.journal import Entry, Executed, Sent
from threadlab.trials.api_family import THREADS, Family
from threadlab.trials.trial import Evidence
from threadlab.wire.assistants import Message

AS_TYPED = "\u201c{} %s $HOME\u201d <b>&amp;</b> C:\\new \U0001f469\u200d\U0001f33e"
"""What programs like to change in a text: marks of templates and of HTML, quotation marks, a backslash, an emoji of several characters."""

LIKE = 0.95
"""From this share of equal characters on, one text is another one that was changed."""

MOMENT = 0.001
"""Seconds: times that are closer than this are the same."""


def runs(evidence: Evidence, family: Family = THREADS, *, ok: bool = True) -> list[Executed]:
    """The requests that started a run (or with `ok=False`: that were refused one), in order."""
    return [entry for entry in evidence.requests(ok=ok) if entry.operation in family.makers]


def not_stored(evidence: Evidence, started: Sequence[Executed], family: Family) -> Sentence | None:
    """What is said of a run that the service did not keep: what it wrote cannot be compared with anything."""
    last = started[-1]
    if family.run_of(evidence, last.work_id) is not None or last.home_id != evidence.given["thread_id"]:
        return None
    return Sentence(
        "not_stored_nobody_can_look", f"the {family.run} was not stored, so that nobody can look at it again: {evidence.line(last)}."
    )


def of_another_assistant(evidence: Evidence, started: Sequence[Executed]) -> Sentence | None:
    """That one of the runs that were started is of another assistant than the one whose id was given; None if none is."""
    for entry in started:
        run = evidence.run(entry.run_id)
        if run is not None and run.assistant_id != evidence.given["assistant_id"]:
            return Sentence(
                "run_of_another_assistant", f"{evidence.line(entry)} is a run of another assistant than the one whose id was given."
            )
    return None


def of_another_calls_assistant(
    evidence: Evidence, started: Sequence[Executed], given: Sequence[str], family: Family = THREADS
) -> Sentence | None:
    """That a call started a run of another assistant than the one that it was given; `given` is one for each run. None if none did."""
    for number, (entry, assistant_id) in enumerate(zip(started, given, strict=True), 1):
        run = family.run_of(evidence, entry.work_id)
        if run is not None and run.assistant_id != assistant_id:
            return Sentence(
                "run_of_another_calls_assistant",
                f"it was called {len(given)} times, and the {family.run} of call {number} is not one of the assistant that this call was "
                f"given: {evidence.line(entry)}. Keep no assistant between calls.",
            )
    return None


def before_its_message(evidence: Evidence, started: Sequence[Executed], text: str) -> Sentence | None:
    """That the newest thing which the user says in what a run was started to read is not its turn's text; None if it is, in all runs."""
    for entry in started:
        said = {one.id: one.text for one in evidence.messages(entry.thread_id) if one.role == "user"}
        asked = [said[one] for one in entry.window if one in said]
        if not asked or asked[-1] != text:
            return Sentence(
                "run_before_its_message",
                f"when the run was started, the newest message of the user on the thread was {short(asked[-1]) if asked else 'none'}, "
                f"and not the text that was given: {evidence.line(entry)}.",
            )
    return None


def sent(evidence: Evidence, operations: tuple[str, ...]) -> list[Sent]:
    """What a client let go of, whether it arrived or not, in order."""
    return [entry for entry in evidence.journal if isinstance(entry, Sent) and entry.operation in operations]


def threads(evidence: Evidence) -> list[str]:
    """Every thread that a successful request was about, in order of first use."""
    return list(dict.fromkeys(entry.home_id for entry in evidence.requests(ok=True) if entry.home_id))


def written_by(evidence: Evidence, role: str, thread_id: str | None = None) -> list[Message]:
    """The messages of one role, on one thread or on every thread that was used, oldest first."""
    chosen = threads(evidence) if thread_id is None else [thread_id]
    return [message for one in chosen for message in evidence.messages(one) if message.role == role]


def replies(evidence: Evidence, run_id: str) -> list[Message]:
    """What the assistant wrote in one run, oldest first."""
    run = evidence.run(run_id)
    return [] if run is None else [one for one in evidence.messages(run.thread_id) if one.run_id == run_id and one.role == "assistant"]


def over(evidence: Evidence, run_id: str) -> bool:
    """Whether the service had seen the run end when the last request arrived."""
    return THREADS.over(evidence, run_id)


def short(value: Any) -> str:
    """A returned value in a few words."""
    if isinstance(value, dict) and "$" in value:
        return f"a {value['$']}"
    if value is None:
        return "nothing (None)"
    text = _written(value)
    return text if len(text) <= 90 else text[:87] + "…"


def _written(value: Any) -> str:
    """As Python writes it; of an object that was described and not copied, its class."""
    if isinstance(value, dict) and "$" in value:
        return f"a {value['$']}"
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, list) else repr(value)


def otherwise(messages: Sequence[Message], text: str) -> str | None:
    """What was posted instead of a text: the same with another role, or a text like it; None if nothing is like it."""
    if any(one.text == text for one in messages if one.role == "assistant"):
        return "it was posted with the role assistant"
    like = [one.text for one in messages if one.role == "user" and _like(_plain(one.text), _plain(text))]
    if not like:
        return None
    says, given = apart(like[0], text)
    return f"what was posted is {says} ({len(like[0])} characters), and given was {given} ({len(text)})"


def apart(said: str, given: str, most: int = 60) -> tuple[str, str]:
    """Two texts in a few words, from shortly before the place where they differ."""
    same = next((at for at, (one, other) in enumerate(zip(said, given, strict=False)) if one != other), min(len(said), len(given)))
    begin = max(0, same - most // 3)
    one, other = (f"{'…' if begin else ''}{text[begin : begin + most]!a}" for text in (said, given))
    return one, other


def _like(said: str, words: str) -> bool:
    if not said:
        return False
    return words in said or said in words or SequenceMatcher(None, said, words, autojunk=False).quick_ratio() >= LIKE


def _plain(text: str) -> str:
    """A text without what a program might change in it: white space at its ends, and how characters are composed."""
    return unicodedata.normalize("NFKC", text).strip()


def cited(evidence: Evidence, entries: Sequence[Entry], most: int = 4) -> str:
    """Journal lines for a sentence, not too many of them."""
    said = "; ".join(evidence.line(entry) for entry in entries[:most])
    return said if len(entries) <= most else f"{said}; and {len(entries) - most} more"
