"""Turns of loops are counted where nothing can interrupt."""

from __future__ import annotations

import json
import sys

import pytest

from threadlab.virtual_time import steps
from threadlab.virtual_time.steps import Turns, count_with, counted


class TooMany(BaseException):
    pass


@pytest.fixture(autouse=True)
def _nobody_counts_afterwards() -> None:
    if not steps.available():
        pytest.skip("Python counts from 3.12 on")


def endless() -> None:
    while True:
        pass


def stubborn(times: int) -> int:
    """Goes on as often as it can catch what ends it; how often that was."""
    caught = 0
    while caught < times:
        try:
            endless()
        except TooMany:
            caught += 1
    return caught


def test_loop_without_an_end_is_ended() -> None:
    with counted(Turns(10_000, TooMany)), pytest.raises(TooMany):
        endless()


def test_loop_that_catches_everything_is_told_again() -> None:
    with counted(Turns(1_000, TooMany)):
        assert stubborn(3) == 3


def test_installed_code_is_not_counted() -> None:
    turns = Turns(10, TooMany)
    with counted(turns):
        json.dumps(list(range(5_000)), indent=1)
    assert turns.done <= 10


def test_inner_count_does_not_use_up_the_outer_one() -> None:
    outer, inner = Turns(1_000_000, TooMany), Turns(1_000_000, TooMany)
    with counted(outer):
        with counted(inner):
            for _ in range(500):
                pass
        assert outer.done < 100
        assert inner.done >= 499
    assert count_with(None) is None


def test_somebody_looks_now_and_then() -> None:
    def look() -> None:
        raise TooMany

    with counted(Turns(sys.maxsize, TooMany, look)), pytest.raises(TooMany):
        endless()
