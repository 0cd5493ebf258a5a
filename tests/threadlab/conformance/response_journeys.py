"""A walk through every operation of Conversations and Responses, as `journeys` is one through the older families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.threadlab.conformance.journeys import REFUNDS
from tests.threadlab.engine.desk import Desk

MODEL = "gpt-4o"
FRANCE = "What is the capital of France?"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def conversations(desk: Desk) -> None:
    api = desk.client.conversations
    plain = api.create()
    full = api.create(
        metadata={"a": "b"},
        items=[
            {"role": "user", "content": "Hello"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]},
            {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
        ],
    )
    api.retrieve(full.id)
    api.update(full.id, metadata={"c": "d"})
    api.items.list(plain.id)
    added = api.items.create(
        full.id,
        items=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look."},
                    {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "low"},
                    {"type": "input_file", "file_id": "file-abc"},
                ],
            },
            {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Thought."}]},
        ],
    )
    for item in added.data:
        api.items.retrieve(item.id, conversation_id=full.id)
    api.items.list(full.id, limit=2)
    api.items.list(full.id, order="asc", after=added.data[0].id)
    api.items.delete(added.data[0].id, conversation_id=full.id)
    api.delete(plain.id)


def responses(desk: Desk) -> None:
    """A response looked at every tenth of a second, and responses that are made in every way."""
    api = desk.client.responses
    queued = api.create(model=MODEL, input=FRANCE, background=True)
    for _ in range(30):
        api.retrieve(queued.id)
        desk.wait(0.1)
    api.input_items.list(queued.id)
    conversation = desk.client.conversations.create()
    api.create(
        model=MODEL,
        input=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": FRANCE}],
        conversation=conversation.id,
        instructions="Answer.",
        metadata={"a": "b"},
        temperature=0.1,
        top_p=0.2,
        max_output_tokens=100,
        max_tool_calls=3,
        tools=[WEATHER],
        tool_choice="none",
        parallel_tool_calls=False,
        truncation="auto",
        text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}, "verbosity": "low"},
        reasoning={"effort": "low", "summary": "auto"},
        prompt_cache_key="key",
        safety_identifier="somebody",
        user="somebody",
    )
    desk.client.conversations.items.list(conversation.id)
    short = api.create(model=MODEL, input=FRANCE, max_output_tokens=16, text={"format": {"type": "text"}})
    again = api.create(model=MODEL, input="And its currency? Say it in JSON.", previous_response_id=short.id, text=JSON)
    api.input_items.list(again.id, order="asc", limit=1)
    api.create(model=MODEL, input=FRANCE, store=False)
    api.input_tokens.count(model=MODEL, input="And its currency?", previous_response_id=short.id)
    api.compact(model=MODEL, input=[{"role": "assistant", "content": "Paris."}])  # the SDK's model has no user's message in an output
    api.delete(again.id)


JSON: dict[str, Any] = {"format": {"type": "json_object"}}


def calls(desk: Desk) -> None:
    api = desk.client.responses
    asked = api.create(
        model=MODEL,
        input="What is the weather in Paris and Madrid?",
        tools=[WEATHER, {"type": "code_interpreter", "container": {"type": "auto"}}],
        tool_choice={"type": "function", "name": "get_weather"},
    )
    outputs = [{"type": "function_call_output", "call_id": one.call_id, "output": "Sunny."} for one in asked.output]
    last = api.create(model=MODEL, input=outputs, previous_response_id=asked.id)
    api.input_items.list(last.id)
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "get_weather"}]}
    api.create(model=MODEL, input=FRANCE, tools=[WEATHER], tool_choice=allowed)


def searching(desk: Desk) -> None:
    file = desk.client.files.create(file=("refunds.txt", REFUNDS.encode()), purpose="assistants")
    store = desk.client.vector_stores.create(file_ids=[file.id])
    desk.wait(2)
    tools = [{"type": "file_search", "vector_store_ids": [store.id], "max_num_results": 3, "ranking_options": {"score_threshold": 0.0}}]
    conversation = desk.client.conversations.create()
    api = desk.client.responses
    for include in ([], ["file_search_call.results"]):
        found = api.create(
            model=MODEL, input="When are refunds paid?", tools=tools, tool_choice={"type": "file_search"}, include=include,
            conversation=conversation.id,
        )  # fmt: skip
        assert [item.type for item in found.output] == ["file_search_call", "message"]
    desk.client.conversations.items.list(conversation.id, include=["file_search_call.results"])


def cancelling(desk: Desk) -> None:
    for wait in (0.1, 1.0, 5.0):
        made = desk.client.responses.create(model=MODEL, input=FRANCE, background=True)
        desk.wait(wait)
        desk.client.responses.cancel(made.id)
        desk.client.responses.retrieve(made.id)


def ends(desk: Desk) -> None:
    made = desk.client.responses.create(model=MODEL, input=FRANCE, background=True)
    desk.wait(3)
    desk.client.responses.retrieve(made.id)
    desk.wait(700)
    desk.client.responses.retrieve(made.id)


JOURNEYS: tuple[Callable[[Desk], None], ...] = (conversations, responses, calls, searching, cancelling)
