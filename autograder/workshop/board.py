"""What the teacher's pages say, from what the room remembers. Behaviours, titles and questions are the course's; names are escaped."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from autograder.workshop.live import Live
from autograder.workshop.messages import behaviours, notebooks
from autograder.workshop.questions import wording
from autograder.workshop.store import FAILED, WAITING, HandIn, Participant, Result, Store
from courseware import catalogue
from courseware.predictions import QUESTIONS
from threadlab.html_page import template
from threadlab.widgets.base import with_code

PAGES = Path(__file__).with_name("pages")
QUIET = 300.0
"""Seconds without a key pressed after which somebody has gone quiet."""
HARDEST = 6
"""Behaviours that the board lists."""


class Person(NamedTuple):
    """A row of the board."""

    id: int
    name: str
    folder: str
    where: str
    state: str
    quiet: bool
    hand: str
    """For how long it has been raised; empty if it is not."""
    checks: str
    hand_ins: str


class Hard(NamedTuple):
    """A behaviour that people are losing at the moment."""

    exercise: str
    behaviour: Markup
    """Its name; a line may break behind each underscore."""
    promise: str
    lost: int
    of: int


class Choice(NamedTuple):
    """One option of a question, and how many have chosen it."""

    letter: str
    text: Markup
    chosen: int
    share: int
    right: bool


class Asked(NamedTuple):
    """A question that somebody has answered."""

    name: str
    lesson: str
    wording: Markup
    """The question as the lesson asks it; empty if it takes a whole section there."""
    total: int
    shown: bool
    answered: bool
    choices: list[Choice]


class Board(NamedTuple):
    people: list[Person]
    present: int
    hands: list[Person]
    quiet: int
    hard: list[Hard]
    questions: list[Asked]
    grading: str
    waiting: int
    is_open: bool
    code: str
    address: str


def board(store: Store, live: Live, grading: str, address: str) -> Board:
    """How things stand in the room."""
    everybody, results, hand_ins, now = store.participants(), store.results(), store.hand_ins(), time.time()
    raised = sorted((one for one in everybody if one.hand), key=lambda one: one.hand or 0.0)
    people = [_person(one, results, hand_ins, live, now) for one in everybody]
    by_id = {one.id: one for one in people}
    return Board(
        people,
        sum(1 for one in everybody if live.present(one.id)),
        [by_id[one.id] for one in raised],
        sum(1 for one in people if one.quiet),
        hardest(results),
        asked(store),
        grading,
        sum(1 for one in hand_ins if one.state == WAITING),
        store.is_open,
        store.code,
        address,
    )


def _person(one: Participant, results: list[Result], hand_ins: list[HandIn], live: Live, now: float) -> Person:
    silence = now - one.seen
    quiet = silence >= QUIET
    state = f"quiet for {_minutes(silence)}" if quiet else "working"
    if not live.present(one.id):
        state, quiet = f"away for {_minutes(silence)}" if silence >= 60 else "has just left", True
    earned: dict[str, int] = {}
    for result in results:
        if result.participant == one.id:
            earned[result.exercise] = earned.get(result.exercise, 0) + result.earned
    checked = ", ".join(f"{slug} {earned[slug]}/{catalogue.find(slug).points}" for slug in catalogue.SLUGS if slug in earned)
    handed = ", ".join(_handed(hand_in) for hand_in in hand_ins if hand_in.participant == one.id)
    where = notebooks().get(one.path, "not begun")
    return Person(one.id, one.name, one.folder, where, state, quiet, _since(now - one.hand) if one.hand else "", checked, handed)


def _handed(one: HandIn) -> str:
    if one.state == WAITING:
        return f"{one.exercise}: being graded"
    return f"{one.exercise}: not graded" if one.state == FAILED else f"{one.exercise} {one.score:g}/{one.of:g}"


def _since(seconds: float) -> str:
    return f"for {_minutes(seconds)}" if seconds >= 60 else "just now"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else "less than a minute"


def hardest(results: list[Result]) -> list[Hard]:
    """The behaviours that most people lose in their newest check. An answer that is not written yet says nothing."""
    of: Counter[tuple[str, str]] = Counter()
    losses: Counter[tuple[str, str, str]] = Counter()
    for one in results:
        if one.written:
            of[one.exercise, one.part] += 1
            losses.update((one.exercise, one.part, name) for name in one.lost)
    return [
        Hard(slug, Markup("_<wbr>").join(name.split("_")), behaviours()[slug, part][name], count, of[slug, part])
        for (slug, part, name), count in losses.most_common(HARDEST)
        if name in behaviours().get((slug, part), {})  # the course may be newer than what the room remembers
    ]


def asked(store: Store) -> list[Asked]:
    """Every question that somebody has answered, in the order of the course."""
    counts, revealed, answered = store.predictions(), store.shown, store.answered
    return [
        Asked(
            name,
            f"lesson {question.lesson}",
            with_code(wording().get(name, "")),
            sum(counts[name].values()),
            name in revealed,
            name in answered,
            [
                Choice(
                    letter,
                    with_code(option.text),
                    votes := counts[name].get(letter, 0),
                    round(100 * votes / sum(counts[name].values())),
                    letter == question.right,
                )
                for letter, option in question.options.items()
            ],
        )
        for name, question in QUESTIONS.items()
        if name in counts
    ]


def sections(what: Board) -> dict[str, str]:
    """The board's parts as HTML, each by the id of its place on the page."""
    module = template(PAGES / "board_sections.html.j2").make_module()
    return {name: str(getattr(module, name)(what)) for name in ("numbers", "hands", "hard", "questions", "people")}


def projected(what: Board) -> dict[str, str]:
    """The same for the projector: nobody's name, nobody's work."""
    module = template(PAGES / "projector_sections.html.j2").make_module()
    return {"chart": str(module.chart(what)), "joined": str(module.joined(what))}  # type: ignore[attr-defined]
