"""A walk through every operation that leaves replies of many shapes behind: each is then held to the description and to the SDK."""

from __future__ import annotations

from collections.abc import Callable

from tests.threadlab.engine.desk import WEATHER, Desk


def assistants(desk: Desk) -> None:
    api = desk.client.beta.assistants
    plain = api.create(model="gpt-4o")
    full = api.create(
        model="gpt-4o",
        name="Expert",
        description="Knows things.",
        instructions="Answer.",
        tools=[WEATHER, {"type": "file_search", "file_search": {"max_num_results": 3}}, {"type": "code_interpreter"}],
        metadata={"a": "b"},
        temperature=0.3,
        top_p=0.5,
        response_format={"type": "json_object"},
    )
    api.retrieve(full.id)
    api.update(plain.id, name="Renamed", tools=[WEATHER], response_format="auto")
    api.update(full.id, name=None, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}})
    api.list(limit=1)
    api.list(order="asc")
    api.delete(plain.id)


def threads(desk: Desk) -> None:
    thread = desk.threads.create(
        metadata={"a": "b"}, messages=[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    )
    desk.threads.retrieve(thread.id)
    desk.threads.update(thread.id, metadata={"c": "d"})
    desk.threads.messages.list(desk.threads.create().id)
    desk.threads.delete(thread.id)


def messages(desk: Desk) -> None:
    thread_id = desk.thread()
    api = desk.threads.messages
    first = api.create(thread_id, role="user", content="What is the capital of France?", metadata={"a": "b"})
    api.create(
        thread_id,
        role="user",
        content=[
            {"type": "text", "text": "Look."},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
            {"type": "image_file", "image_file": {"file_id": "file-abc"}},
        ],
    )
    api.retrieve(first.id, thread_id=thread_id)
    api.update(first.id, thread_id=thread_id, metadata={"c": "d"})
    api.list(thread_id)
    api.list(thread_id, limit=1)
    api.delete(first.id, thread_id=thread_id)


def runs(desk: Desk) -> None:
    """A run looked at every tenth of a second, and runs that are made in every way."""
    thread_id = desk.thread("What is the capital of France?")
    run = desk.run(thread_id)
    for _ in range(30):
        desk.threads.runs.retrieve(run.id, thread_id=thread_id)
        desk.threads.runs.steps.list(run.id, thread_id=thread_id)
        desk.threads.messages.list(thread_id)
        desk.wait(0.1)
    step = desk.threads.runs.steps.list(run.id, thread_id=thread_id).data[0]
    desk.threads.runs.steps.retrieve(step.id, thread_id=thread_id, run_id=run.id)
    desk.threads.runs.update(run.id, thread_id=thread_id, metadata={"a": "b"})
    desk.threads.runs.list(thread_id)
    desk.finished(
        thread_id,
        model="gpt-4o-mini",
        instructions="Be brief.",
        additional_instructions="Be kind.",
        additional_messages=[{"role": "user", "content": "And Spain?"}],
        temperature=0.1,
        top_p=0.2,
        max_prompt_tokens=300,
        max_completion_tokens=300,
        truncation_strategy={"type": "last_messages", "last_messages": 2},
        response_format={"type": "text"},
        tools=[WEATHER],
        tool_choice="none",
        parallel_tool_calls=False,
        metadata={"a": "b"},
    )
    desk.threads.create_and_run(assistant_id=desk.assistant_id, thread={"messages": [{"role": "user", "content": "Hello"}]})


def tools(desk: Desk) -> None:
    thread_id = desk.thread("What is the weather in Paris and Madrid?")
    run = desk.run(thread_id, tools=[WEATHER], tool_choice={"type": "function", "function": {"name": "get_weather"}})
    desk.wait(5)
    run = desk.threads.runs.retrieve(run.id, thread_id=thread_id)
    desk.threads.runs.steps.list(run.id, thread_id=thread_id)
    desk.threads.runs.list(thread_id)
    calls = run.required_action.submit_tool_outputs.tool_calls
    outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in calls]
    desk.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
    desk.wait(5)
    desk.threads.runs.retrieve(run.id, thread_id=thread_id)
    desk.threads.runs.steps.list(run.id, thread_id=thread_id)


def cancelling(desk: Desk) -> None:
    for wait in (0.1, 1.0, 5.0):
        thread_id = desk.thread("What is the weather in Paris?")
        run = desk.run(thread_id, tools=[WEATHER])
        desk.wait(wait)
        desk.threads.runs.cancel(run.id, thread_id=thread_id)
        desk.wait(1)
        desk.threads.runs.retrieve(run.id, thread_id=thread_id)
        desk.threads.runs.steps.list(run.id, thread_id=thread_id)
        desk.threads.messages.list(thread_id)


REFUNDS = "Refunds are paid within 30 days. Ask the desk.\n\nThe desk is on the second floor."


def files(desk: Desk) -> None:
    api, stores = desk.client.files, desk.client.vector_stores
    text = api.create(file=("refunds.txt", REFUNDS.encode()), purpose="assistants")
    other = api.create(file=("a.docx", b"PK"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600})
    api.retrieve(text.id)
    api.list()
    api.list(purpose="user_data")
    store = stores.create(name="Rules", file_ids=[text.id, other.id], expires_after={"anchor": "last_active_at", "days": 1})
    stores.retrieve(store.id)
    desk.wait(2)
    stores.retrieve(store.id)
    stores.create()
    stores.update(store.id, name="Renamed", metadata={"a": "b"})
    stores.list(limit=1)
    stores.files.list(store.id)
    stores.files.list(store.id, filter="failed")
    stores.files.retrieve(text.id, vector_store_id=store.id)
    stores.files.update(text.id, vector_store_id=store.id, attributes={"year": 2024.0, "draft": False, "by": "me"})
    stores.files.content(text.id, vector_store_id=store.id)
    stores.search(store.id, query="When are refunds paid?")
    stores.search(store.id, query=["refunds", "desk"], filters={"type": "eq", "key": "by", "value": "nobody"})
    batch = stores.file_batches.create(store.id, file_ids=[text.id])
    stores.file_batches.retrieve(batch.id, vector_store_id=store.id)
    stores.file_batches.cancel(batch.id, vector_store_id=store.id)
    stores.file_batches.list_files(batch.id, vector_store_id=store.id)
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10}}
    stores.files.create(store.id, file_id=text.id, chunking_strategy=chunking, attributes={"a": "b"})
    stores.files.delete(other.id, vector_store_id=store.id)
    stores.delete(store.id)
    api.delete(other.id)
    desk.client.models.list()
    desk.client.models.retrieve("gpt-4o")
    desk.client.models.delete("ft:gpt-4o-mini:acemeco:suffix:abc123")


def searching(desk: Desk) -> None:
    file = desk.client.files.create(file=("refunds.txt", REFUNDS.encode()), purpose="assistants")
    attachments = [{"file_id": file.id, "tools": [{"type": "file_search"}, {"type": "code_interpreter"}]}]
    message = {"role": "user", "content": "When are refunds paid?", "attachments": attachments}
    thread = desk.threads.create(messages=[message])
    desk.wait(2)
    run = desk.finished(thread.id, tools=[{"type": "file_search"}])
    assert run.status == "completed"
    desk.threads.messages.list(thread.id)
    content = "step_details.tool_calls[*].file_search.results[*].content"
    steps = desk.threads.runs.steps.list(run.id, thread_id=thread.id, include=[content]).data
    desk.threads.runs.steps.list(run.id, thread_id=thread.id)
    for step in steps:
        desk.threads.runs.steps.retrieve(step.id, thread_id=thread.id, run_id=run.id)
    stores = desk.threads.retrieve(thread.id).tool_resources.file_search.vector_store_ids
    desk.client.beta.assistants.create(model="gpt-4o", tool_resources={"file_search": {"vector_store_ids": stores}})
    desk.threads.create(tool_resources={"file_search": {"vector_stores": [{"file_ids": [file.id]}]}})


JOURNEYS: tuple[Callable[[Desk], None], ...] = (assistants, threads, messages, runs, tools, cancelling, files, searching)

ENDS = ("stuck", "stuck_queued", "run_failed:server_error", "run_failed:rate_limit_exceeded", "run_failed:invalid_prompt", "run_incomplete")
"""Scenarios under which a run ends in each of the ways that a real one can."""


def ends(desk: Desk) -> None:
    thread_id = desk.thread("What is the capital of France?")
    run = desk.run(thread_id)
    desk.wait(3)
    desk.threads.runs.retrieve(run.id, thread_id=thread_id)
    desk.wait(700)
    desk.threads.runs.retrieve(run.id, thread_id=thread_id)
    desk.threads.runs.steps.list(run.id, thread_id=thread_id)
    desk.threads.messages.list(thread_id)
