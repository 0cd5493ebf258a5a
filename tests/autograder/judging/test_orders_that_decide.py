"""Orders that can change no verdict and no sentence are not tried."""

from typing import Any

import pytest

from autograder.judging import behaviours
from autograder.judging.behaviours import Behaviour, Part, Scene, Verdict, judge
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World, in_process

RACE = """
import asyncio


async def race(client, thread_id):
    send = client.beta.threads.messages.create
    await asyncio.gather(*(send(thread_id, role="user", content=text) for text in "abcd"))
"""


def _thread(client: Any) -> str:
    return str(client.beta.threads.create().id)


def _texts(evidence: Evidence) -> list[str]:
    return [one.text for one in evidence.messages(evidence.given)]


def _never(evidence: Evidence) -> str | None:
    return f"order {evidence.order}"


def _ends_with_d(evidence: Evidence) -> str | None:
    return None if _texts(evidence)[-1] == "d" else f"the last is {_texts(evidence)[-1]}"


def _right(evidence: Evidence) -> None:
    return None


def _judged(*tests: Any, scenes: tuple[str, ...] = ("first", "second"), of: dict[int, tuple[str, ...]] | None = None) -> Verdict:
    each = tuple(Behaviour(f"b{n}", 1, "It holds.", test, (of or {}).get(n, scenes)) for n, test in enumerate(tests))
    made = tuple(Scene(name, lambda: World(_thread), lambda given: [ASYNC_CLIENT, given]) for name in ("first", "second"))
    return judge(Part("race", each, made), in_process({}, alone=True), [RACE])


def test_scene_in_which_all_is_lost_ends_early():
    verdict = _judged(_never)
    assert verdict.lost == ["b0"]
    assert verdict.coverage == (
        "11 delivery orders were tried. The rest of first, second was left out, as it could not change the verdict."
    )


def test_scene_goes_on_for_a_behaviour_that_still_holds():
    verdict = _judged(_never, _right)
    assert verdict.lost == ["b0"]
    assert verdict.coverage == "All 48 delivery orders in 2 scenes were tried."


def test_scene_goes_on_for_a_behaviour_that_is_looked_for_there_first():
    """The sentence comes from the scene that a behaviour names first, also where another one is explored before."""
    verdict = _judged(_ends_with_d, of={0: ("second", "first")})
    assert (verdict.findings[0].scene, verdict.findings[0].sentence) == ("second", "the last is c")


@pytest.mark.slow
@pytest.mark.parametrize("tests", [(_never,), (_ends_with_d,), (_ends_with_d, _right), (_never, _ends_with_d)])
def test_verdict_and_sentences_are_those_of_all_orders(tests, monkeypatch):
    early = _judged(*tests)
    monkeypatch.setattr(behaviours, "TELLING", 10_000)
    whole = _judged(*tests)
    said = [(one.behaviour, one.earned, one.sentence, one.key, one.scene, one.order) for one in early.findings]
    assert said == [(one.behaviour, one.earned, one.sentence, one.key, one.scene, one.order) for one in whole.findings]
