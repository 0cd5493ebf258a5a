"""Three ways to wait for a run, carried out for real under virtual time: a tight loop, a constant gap, a gap that grows."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from threadlab.engine.assistants_api.lifecycle import ACTIVE, TERMINAL
from threadlab.svg import Picture
from threadlab.trials.host import Limits
from threadlab.trials.trial import CLIENT, World, trial
from threadlab.widgets import base
from threadlab.widgets.lifecycle import HEAD, Asked, axes, ways
from threadlab.widgets.rerun import quietly

if TYPE_CHECKING:
    from openai import OpenAI

LONGEST = 30
"""Seconds that the run may be made to work: the tight loop sends a request for each fiftieth of them."""


def _setup(client: OpenAI) -> tuple[str, str]:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of France?"}])
    return thread.id, client.beta.assistants.create(name="Geography Expert", model="gpt-4o").id


def poll(client: OpenAI, thread_id: str, assistant_id: str, first: float, factor: float, cap: float) -> str:
    """Wait for a run: pauses begin at `first` seconds, grow by `factor`, and stop growing at `cap`. Without jitter, so that it shows."""
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    gap = first
    while run.status in ACTIVE:
        if gap:
            time.sleep(gap)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        gap = min(gap * factor, cap)
    return run.status


@lru_cache(maxsize=64)
def asked(name: str, works: int, first: float, factor: float, cap: float) -> Asked:
    """What a way of asking looks like when the run works so many seconds."""

    def carried_out() -> Any:
        world = World(_setup, scenario=f"slow:{works}", limits=Limits(polls=20_000, requests=20_000, messages=200_000))
        assert world.given is not None
        return trial(poll, CLIENT, *world.given, first, factor, cap, world=world)

    way = ways(quietly(carried_out))[0]
    return Asked(name, way.polls, next((at for state, at in way.steps if state in TERMINAL), None))


class Polls(base.Widget):
    """Tight, constant and exponential side by side, for a run that works as long as you say."""

    def __init__(self, works: int = 12, gap: int = 2, title: str = "Three ways to wait for a run") -> None:
        super().__init__()
        self.title = title
        self.works, self.gap, self.cap = works, gap, 8

    def do_works(self, value: Any) -> None:
        self.works = max(1, min(LONGEST, int(value)))
        self.said = self._told()

    def do_gap(self, value: Any) -> None:
        self.gap = max(1, min(10, int(value)))
        self.said = self._told()

    def do_cap(self, value: Any) -> None:
        self.cap = max(1, min(30, int(value)))
        self.said = self._told()

    def _told(self) -> str:
        return " ".join(f"{one.name}: {len(one.polls)} requests, {one.late:.2f} s late." for one in self.asked())

    def asked(self) -> list[Asked]:
        return [
            asked("tight loop", self.works, 0.0, 1.0, 0.0),
            asked("constant", self.works, float(self.gap), 1.0, float(self.gap)),
            asked("exponential", self.works, 1.0, 2.0, float(self.cap)),
        ]

    def picture(self) -> Picture:
        return axes(self.asked(), title=f"{self.title}; it works {self.works} s")

    def _table(self) -> Markup:
        return base.table(f"A run that works {self.works} s", HEAD, [one.row() for one in self.asked()], numbers=(1, 2, 3, 4))

    def body(self) -> Markup:
        sliders = base.joined(
            base.bar(slider)
            for slider in (
                base.slider("works", "The run works", self.works, 1, LONGEST, said=f"{self.works} s"),
                base.slider("gap", "Constant gap", self.gap, 1, 10, said=f"{self.gap} s"),
                base.slider("cap", "Exponential: 1 s, doubled up to", self.cap, 1, 30, said=f"{self.cap} s"),
            )
        )
        return base.joined([sliders, self.picture().inside(), self._table()])

    def still(self) -> Markup:
        return self.picture().image() + self._table()

    def text(self) -> str:
        return f"{self.title}; it works {self.works} s\n\n{base.plain_table(HEAD, [one.row() for one in self.asked()])}"
