"""Answers from outside of the engine; each test named after the mistake it catches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.threadlab.engine.desk import WEATHER
from tests.threadlab.engine.somebody import PARIS, QUESTION, Reader, outside, status
from threadlab.engine.answers import Started
from threadlab.virtual_time.clock import VirtualClock
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, WantedCall

# ---- runs ----------------------------------------------------------------------------------------------------------------------------


def test_engine_does_not_wait_for_the_answer() -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        other = at.thread("Hello")
        assert status(at, run) == "queued"
        somebody.says(Started())
        assert status(at, run) == "in_progress"
        at.wait(100)
        assert status(at, run) == "in_progress"
        with pytest.raises(Exception, match="while a run"):
            at.threads.messages.create(thread_id, role="user", content="More")
        assert at.threads.messages.create(other, role="user", content="More").id
        assert [turn.text for turn in somebody.asked.prompt.turns] == [QUESTION]
        assert somebody.says("It is ", PARIS)
        done = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (done.status, done.usage.prompt_tokens, done.usage.completion_tokens) == ("completed", 100, 7)
        assert at.texts(thread_id) == [QUESTION, "It is Paris."]
        assert [e.operation for e in at.service.journal if e.what == "outside"] == ["asked", "answered"]
        assert at.run(thread_id).status == "queued"


def test_prompt_is_forgotten_with_its_answer() -> None:
    with outside() as (at, somebody):
        at.run(at.thread(QUESTION))
        asked = somebody.asked
        somebody.says(PARIS)
        assert at.service.engine.store.get(asked.id) is None
        assert at.service.engine.store.unfinished() == []
        assert not somebody.says(PARIS, asked=asked)


def test_words_arrive_as_they_are_written() -> None:
    with outside() as (at, somebody):
        thread_id = at.thread(QUESTION)
        reader = Reader(at, f"/threads/{thread_id}/runs", {"assistant_id": at.assistant_id, "stream": True})
        assert [name for name, _ in reader.read()] == ["thread.run.created", "thread.run.queued"]
        somebody.says("It is", " Par")
        assert reader.woken
        seen = reader.read()
        assert [name for name, _ in seen][-3:] == ["thread.message.in_progress", "thread.message.delta", "thread.message.delta"]
        assert reader.read() == []
        somebody.says("is.", PARIS)
        seen += reader.read()
        deltas = [data["delta"]["content"][0]["text"]["value"] for name, data in seen if name == "thread.message.delta"]
        assert deltas == ["It", " is", " Paris."]
        assert [name for name, _ in seen][-4:] == ["thread.message.completed", "thread.run.step.completed", "thread.run.completed", "done"]
        assert reader.stream.next_at is None


def test_answer_without_words_before_it_is_streamed() -> None:
    with outside() as (at, somebody):
        thread_id = at.thread(QUESTION)
        reader = Reader(at, f"/threads/{thread_id}/runs", {"assistant_id": at.assistant_id, "stream": True})
        somebody.says(PARIS)
        deltas = [data["delta"]["content"][0]["text"]["value"] for name, data in reader.read() if name == "thread.message.delta"]
        assert "".join(deltas) == "It is Paris."


@pytest.mark.parametrize("words", [(), ("It is Par",)])
def test_cancelled_run_is_not_answered(words: tuple[str, ...]) -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        asked = somebody.asked
        somebody.says(Started(), *words)
        assert at.threads.runs.cancel(run.id, thread_id=thread_id).status == "cancelling"
        assert not somebody.engine.questions.pending
        assert not somebody.says(PARIS, asked=asked)
        at.wait(1)
        assert status(at, run) == "cancelled"
        messages = at.threads.messages.list(thread_id, order="asc").data[1:]
        assert [(one.status, one.content[0].text.value) for one in messages] == [("incomplete", "It is")] * len(words)
        assert somebody.engine.state.drafts == {}


def test_cancel_that_loses_leaves_the_answer() -> None:
    with outside(scenario="cancel_loses") as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        assert at.threads.runs.cancel(run.id, thread_id=thread_id).status == "cancelling"
        assert somebody.says(PARIS)
        assert status(at, run) == "completed"


def test_run_that_nobody_answers_expires() -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        asked = somebody.asked
        somebody.says("It is Par")
        at.wait(601)
        assert status(at, run) == "expired"
        assert not somebody.says(PARIS, asked=asked)
        assert [one.status for one in at.threads.messages.list(thread_id).data] == ["incomplete", "completed"]
        assert not somebody.engine.questions.pending


@pytest.mark.parametrize("words", [(), ("It is Par",)])
def test_failure_fails_the_run(words: tuple[str, ...]) -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        somebody.says(*words, Answer(failure=o.LastError("rate_limit_exceeded", "Too fast.")))
        failed = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (failed.status, failed.last_error.code, failed.last_error.message) == ("failed", "rate_limit_exceeded", "Too fast.")
        assert at.texts(thread_id)[1:] == ["It is"][: len(words)]
        assert at.run(thread_id).status == "queued"


def test_calls_of_tools_arrive() -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread("What is the weather in Paris?"), tools=[WEATHER])
        assert somebody.asked.prompt.tools[0].function.name == "get_weather"
        calls = [WantedCall("get_weather", '{"city": "Paris"}')]
        somebody.says("Let me", Answer(["Let me see."], calls=calls, usage=o.Usage(50, 20, 70)))
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        assert (run.status, call.function.name) == ("requires_action", "get_weather")
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": call.id, "output": "Sunny."}])
        assert [(one.call_id, one.output) for one in somebody.asked.prompt.results] == [(call.id, "Sunny.")]
        somebody.says(Answer(["It is sunny."], usage=o.Usage(80, 5, 85)))
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (run.status, run.usage.prompt_tokens, run.usage.completion_tokens) == ("completed", 130, 25)
        assert at.texts(thread_id)[1:] == ["Let me see.", "It is sunny."]
        kinds = [step.type for step in at.threads.runs.steps.list(run.id, thread_id=thread_id, order="asc").data]
        assert kinds == ["message_creation", "tool_calls", "message_creation"]


def test_late_answer_does_not_count_for_the_next_round() -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread("What is the weather in Paris?"), tools=[WEATHER])
        first = somebody.asked
        somebody.says(Answer(calls=[WantedCall("get_weather", "{}")]))
        (call,) = at.threads.runs.retrieve(run.id, thread_id=thread_id).required_action.submit_tool_outputs.tool_calls
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": call.id, "output": "Sunny."}])
        assert not somebody.says(PARIS, asked=first)
        assert status(at, run) == "queued"


def test_answer_cut_short_is_incomplete() -> None:
    with outside() as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION), max_completion_tokens=256)
        assert somebody.asked.prompt.max_tokens == 256
        somebody.says(Answer(["It is"], cut=True, usage=o.Usage(9, 256, 265)))
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
        assert at.threads.messages.list(thread_id).data[0].incomplete_details.reason == "max_tokens"


@pytest.mark.parametrize(
    ("scenario", "ends"),
    [("run_failed", "failed"), ("run_expired", "expired"), ("run_incomplete", "incomplete"), ("stuck", "in_progress")],
)
def test_run_with_a_fault_asks_nobody(scenario: str, ends: str) -> None:
    with outside(scenario=scenario) as (at, somebody):
        run = at.run(at.thread(QUESTION))
        assert not somebody.engine.questions.pending
        at.wait(5)
        assert status(at, run) == ends


def test_deleted_thread_is_asked_about_no_more() -> None:
    with outside() as (at, somebody):
        at.run(thread_id := at.thread(QUESTION))
        asked = somebody.asked
        at.threads.delete(thread_id)
        assert not somebody.engine.questions.pending
        assert not somebody.says(PARIS, asked=asked)
        assert at.service.engine.store.get(asked.id) is None


def test_stream_of_what_was_deleted_ends() -> None:
    with outside() as (at, _):
        thread_id = at.thread(QUESTION)
        run = Reader(at, f"/threads/{thread_id}/runs", {"assistant_id": at.assistant_id, "stream": True})
        body = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION})
        stream = Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "stream": True})
        run.read()
        responses = [one.run_id for one in at.service.engine.questions.pending.values() if one.run_id.startswith("resp")]
        woken = run.woken
        at.threads.delete(thread_id)
        for response_id in responses:
            at.client.responses.delete(response_id)
        assert run.woken > woken
        assert [name for name, _ in run.read()] == ["done"]
        assert (body.woken, stream.woken) == (1, 1)
        assert json.loads(body.stream.read(at.service.clock.now())[0])["status"] == "in_progress"
        stream.read()
        assert [one.stream.next_at for one in (run, body, stream)] == [None] * 3


def test_files_are_searched() -> None:
    with outside() as (at, somebody):
        file = at.client.files.create(file=("facts.txt", b"The moon is made of basalt."), purpose="assistants")
        store = at.client.vector_stores.create(file_ids=[file.id])
        at.wait(5)
        thread_id = at.thread("What is the moon made of?")
        assistant = at.client.beta.assistants.create(
            model="gpt-4o", tools=[{"type": "file_search"}], tool_resources={"file_search": {"vector_store_ids": [store.id]}}
        )
        run = at.run(thread_id, assistant_id=assistant.id)
        assert somebody.asked.prompt.can_search
        somebody.says(Answer(search="moon", usage=o.Usage(10, 2, 12)))
        assert [one.text for one in somebody.asked.prompt.passages or []] == ["The moon is made of basalt."]
        somebody.says(Answer(["Basalt."], usage=o.Usage(30, 3, 33)))
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (run.status, run.usage.prompt_tokens, run.usage.completion_tokens) == ("completed", 40, 5)
        kinds = [step.type for step in at.threads.runs.steps.list(run.id, thread_id=thread_id, order="asc").data]
        assert kinds == ["tool_calls", "message_creation"]


# ---- restarts ------------------------------------------------------------------------------------------------------------------------


def test_question_is_open_again_after_a_restart(tmp_path: Path) -> None:
    with outside(store=tmp_path / "store") as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        response = at.client.responses.create(model="gpt-4o", input=QUESTION, background=True)
        Reader(at, "/responses", {"model": "gpt-4o", "input": QUESTION, "store": False})
        first = somebody.engine.questions.pending[run.id]
        somebody.says("It is Par", asked=first)
        now = at.service.clock.now()
    with outside(store=tmp_path / "store", clock=VirtualClock(now + 60), seed=2) as (at, somebody):
        pending = somebody.engine.questions.pending
        assert [*pending] == [run.id, response.id]  # nobody waits for the third any more
        assert pending[run.id] == first
        somebody.says("It is", PARIS, asked=pending[run.id])
        somebody.says(PARIS, asked=pending[response.id])
        assert status(at, run) == "completed"
        assert at.texts(thread_id) == [QUESTION, "It is Paris."]
        assert at.client.responses.retrieve(response.id).output_text == "It is Paris."
    with outside(store=tmp_path / "store", clock=VirtualClock(now + 5000), seed=3) as (at, _):
        assert at.service.engine.store.unfinished() == [] or at.wait(1) is None
        assert status(at, run) == "completed"


def test_run_left_behind_by_a_restart_lets_go_of_its_thread(tmp_path: Path) -> None:
    with outside(store=tmp_path / "store") as (at, somebody):
        run = at.run(thread_id := at.thread(QUESTION))
        somebody.says("It is Par")
        now = at.service.clock.now()
    with outside(store=tmp_path / "store", clock=VirtualClock(now + 5000), seed=2) as (at, somebody):
        assert status(at, run) == "expired"
        assert not somebody.engine.questions.pending
        assert [one.status for one in at.threads.messages.list(thread_id).data] == ["incomplete", "completed"]
        assert at.run(thread_id).status == "queued"
