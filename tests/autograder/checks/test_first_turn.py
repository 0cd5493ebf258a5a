"""What the check of `first-turn` draws."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.first_turn import SCENES, _asking
from threadlab import Service
from threadlab.trials.trial import SALT


@given(salt=st.integers(0, 2**56))
def test_no_two_scenes_ask_the_same_question(salt: int) -> None:
    token = SALT.set(salt)
    try:
        questions = {_asking(scene)(Service().client())["question"].strip() for scene in SCENES}
    finally:
        SALT.reset(token)
    assert len(questions) == len(SCENES)
