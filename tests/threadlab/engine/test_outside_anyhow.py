"""Runs and responses that wait for answers, in any order of whatever can happen to them."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.threadlab.engine.desk import WEATHER, Desk
from tests.threadlab.engine.somebody import Reader
from threadlab.engine import Engine
from threadlab.engine.answers import Started
from threadlab.store.records import Question
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, WantedCall

NEWS = st.sampled_from(
    [
        Started(),
        "It ",
        "is Paris.",
        Answer(["It is Paris."], usage=o.Usage(10, 5, 15)),
        Answer(["Something else."]),
        Answer(["It is"], cut=True, calls=[WantedCall("get_weather", "{")]),
        Answer([], calls=[WantedCall("get_weather", "{}")]),
        Answer(["It is"], calls=[WantedCall("get_weather", "{}"), WantedCall("get_weather", "{}")], usage=o.Usage(9, 1, 10)),
        Answer(failure=o.LastError("server_error", "No.")),
        Answer(),
    ]
)


class Anyhow(RuleBasedStateMachine):
    threads = Bundle("threads")

    def __init__(self) -> None:
        super().__init__()
        self.at = Desk(responder=None)
        self.asked: list[Question] = []
        self.readers: list[tuple[Reader, list[tuple[str, Any]]]] = []

    @property
    def engine(self) -> Engine:
        return self.at.service.engine

    def note(self) -> None:
        known = {one.id for one in self.asked}
        self.asked += [one for one in self.engine.questions.pending.values() if one.id not in known]

    @rule(target=threads)
    def a_thread(self) -> str:
        return self.at.thread("What is the capital of France?")

    @rule(thread_id=threads, streamed=st.booleans())
    def a_run(self, thread_id: str, streamed: bool) -> None:
        if self.engine.state.active_run(thread_id) or self.engine.store.get(thread_id) is None:
            return
        if streamed:
            body = {"assistant_id": self.at.assistant_id, "stream": True, "tools": [WEATHER]}
            self.readers.append((Reader(self.at, f"/threads/{thread_id}/runs", body), []))
        else:
            self.at.run(thread_id, tools=[WEATHER])
        self.note()

    @rule(background=st.booleans(), kept=st.booleans())
    def a_response(self, background: bool, kept: bool) -> None:
        conversation = {"conversation": self.at.client.conversations.create().id} if kept else {}
        body = {"model": "gpt-4o", "input": "Hello", "stream": True, "background": background}
        self.readers.append((Reader(self.at, "/responses", body | conversation), []))
        self.note()

    @rule(which=st.integers(0, 9), news=NEWS)
    def news(self, which: int, news: Any) -> None:
        if self.asked:
            asked = self.asked[-1 - which % len(self.asked)]
            wanted = self.engine.questions.pending.get(asked.run_id)
            self.engine.advance(self.at.service.clock.now())
            heard = self.engine.resolve(asked, news, self.at.service.clock.now())
            assert not heard or (wanted is not None and wanted.id == asked.id)

    @rule(thread_id=threads, how=st.sampled_from(["cancel", "outputs", "delete"]))
    def to_a_thread(self, thread_id: str, how: str) -> None:
        run_id = self.engine.state.active_run(thread_id)
        if how == "delete":
            self.at.raw("DELETE", f"/threads/{thread_id}")
        elif run_id and how == "cancel":
            assert self.at.raw("POST", f"/threads/{thread_id}/runs/{run_id}/cancel").status_code in (200, 400)
        elif run_id:
            run = self.at.threads.runs.retrieve(run_id, thread_id=thread_id)
            if run.status == "requires_action":
                calls = run.required_action.submit_tool_outputs.tool_calls
                outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in calls]
                self.at.threads.runs.submit_tool_outputs(run_id, thread_id=thread_id, tool_outputs=outputs)
                self.note()

    @rule(seconds=st.sampled_from([0.1, 1.0, 599.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.at.wait(seconds)

    @rule()
    def everybody_reads(self) -> None:
        for reader, seen in self.readers:
            seen += reader.read()

    @rule()
    def restart(self) -> None:
        for reader, _ in self.readers:
            reader.stream.close()  # type: ignore[attr-defined]
        self.readers.clear()
        engine = Engine(self.engine.store, None, keys={self.at.service.key: "default"}, seed=len(self.asked))
        self.at.service.engine = self.at.recorder.engine = engine

    @invariant()
    def nothing_is_left_behind(self) -> None:
        store, pending = self.engine.store, self.engine.questions.pending
        self.engine.advance(self.at.service.clock.now())
        waiting = {row.id for row in store.unfinished() if row.plan is not None and row.plan.waiting is not None}
        assert pending.keys() <= waiting
        assert self.engine.state.drafts.keys() <= waiting
        kept = {row.id for row in store._rows.values() if isinstance(row.body, Question)}  # type: ignore[attr-defined]
        assert kept == {asked.id for asked in pending.values()}

    def teardown(self) -> None:
        self.at.wait(2000)
        self.engine.advance(self.at.service.clock.now())
        assert self.engine.store.unfinished() == []
        for reader, seen in self.readers:
            seen += reader.read() + reader.read()
            assert reader.stream.next_at is None, seen
            numbers = [data["sequence_number"] for _, data in seen if isinstance(data, dict) and "sequence_number" in data]
            assert numbers == list(range(len(numbers)))
        self.at.close()


Anyhow.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnyhow = Anyhow.TestCase
