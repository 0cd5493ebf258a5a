"""What a participant's tab may say. It comes from anybody: so each message has a type, and each name in it is one of the course's own."""

from __future__ import annotations

from functools import cache
from typing import Annotated, TypeAlias

import msgspec

from autograder import checks
from courseware import catalogue
from courseware.predictions import QUESTIONS

Short = Annotated[str, msgspec.Meta(max_length=80)]
MOST_AT_ONCE = 50
"""Messages in one request."""


class Opened(msgspec.Struct, frozen=True, tag_field="kind", tag="opened", forbid_unknown_fields=True):
    """A notebook is in front of somebody."""

    path: Annotated[str, msgspec.Meta(max_length=200)]


class Checked(msgspec.Struct, frozen=True, tag_field="kind", tag="checked", forbid_unknown_fields=True):
    """One part of an exercise was checked in the tab. What it earned there is the tab's own word."""

    exercise: Short
    part: Short
    earned: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    lost: Annotated[list[Short], msgspec.Meta(max_length=40)] = []
    written: bool = True


class Predicted(msgspec.Struct, frozen=True, tag_field="kind", tag="predicted", forbid_unknown_fields=True):
    """A prediction was made, or changed."""

    question: Short
    choice: Annotated[str, msgspec.Meta(max_length=2)]


class Hand(msgspec.Struct, frozen=True, tag_field="kind", tag="hand", forbid_unknown_fields=True):
    """A hand was raised, or taken down."""

    up: bool


class Here(msgspec.Struct, frozen=True, tag_field="kind", tag="here", forbid_unknown_fields=True):
    """Somebody has typed something since the last time."""


Message: TypeAlias = Opened | Checked | Predicted | Hand | Here
Messages: TypeAlias = Annotated[list[Message], msgspec.Meta(max_length=MOST_AT_ONCE)]
_decoder = msgspec.json.Decoder(Messages)


def read(data: bytes) -> list[Message]:
    """The messages in a request's body, those only whose names the course has. Raises ValueError for what is none."""
    try:
        return [one for one in _decoder.decode(data) if sensible(one)]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def sensible(message: Message) -> bool:
    """Whether the course has what is named in a message."""
    if isinstance(message, Opened):
        return message.path in notebooks()
    if isinstance(message, Checked):
        names = behaviours().get((message.exercise, message.part))
        return names is not None and set(message.lost) <= names.keys() and message.earned <= points()[message.exercise, message.part]
    if isinstance(message, Predicted):
        return message.question in QUESTIONS and message.choice in QUESTIONS[message.question].options
    return True


@cache
def notebooks() -> dict[str, str]:
    """Every notebook of the course by its path, with what it is called on the board."""
    lessons = {f"lessons/{one.name}.ipynb": f"{one.number} {one.title}" for one in catalogue.LESSONS}
    return lessons | {f"exercises/{one.slug}/{one.slug}.ipynb": f"Exercise: {one.title}" for one in catalogue.EXERCISES}


@cache
def behaviours() -> dict[tuple[str, str], dict[str, str]]:
    """What each part of each exercise is checked for, with the promise that learners read."""
    return {
        (slug, part.name): {one.name: one.promise for one in part.behaviours} for slug in checks.SLUGS for part in checks.find(slug).parts
    }


@cache
def points() -> dict[tuple[str, str], int]:
    return {(slug, part.name): part.points for slug in checks.SLUGS for part in checks.find(slug).parts}
