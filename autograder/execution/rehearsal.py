"""Every kind of reply is read once in the warm process, so that no trial has to prepare for it again.

The SDK builds the validator of a model when it reads the first reply that holds one (`DEFER_PYDANTIC_BUILD`, openai/_models.py), which
takes milliseconds, for the items of a conversation more than a hundred. A trial runs in a fresh copy of the submission's process and
would build them all again: half of its processor time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # other assignments do without the SDK
    from openai import AsyncOpenAI, OpenAI

TEXT = "What is the capital of France?"
MODEL = "gpt-4o"
TOOL: Any = {"name": "get_population", "parameters": {"type": "object", "properties": {}}}


def rehearse_replies() -> None:
    """One call of each operation that exercises use, against a service inside this process, with both kinds of client."""
    from threadlab.service.in_process import Service

    with Service() as service, service.time():  # virtual: nothing expires, however busy the computer is
        client = service.client()
        _turns(client)
        _files(client)
        _conversations(client)
        asyncio.run(_asynchronous(service.async_client()))


def _turns(client: OpenAI) -> None:
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model=MODEL, tools=[{"type": "function", "function": TOOL}])
    client.beta.assistants.update(assistant.id, instructions="Answer.")
    client.beta.assistants.list(limit=1)
    thread = threads.create(messages=[{"role": "user", "content": "What is the population of France?"}], metadata={"user_id": "one"})
    threads.retrieve(thread.id)
    threads.update(thread.id, metadata={})
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.required_action is not None
    outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in run.required_action.submit_tool_outputs.tool_calls]
    run = threads.runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread.id, tool_outputs=outputs)
    list(threads.runs.steps.list(run.id, thread_id=thread.id))
    list(threads.runs.list(thread.id))
    message = threads.messages.create(thread.id, role="user", content=TEXT)
    threads.messages.retrieve(message.id, thread_id=thread.id)
    threads.messages.update(message.id, thread_id=thread.id, metadata={})
    with threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        stream.until_done()
    list(threads.messages.list(thread.id, run_id=run.id, order="asc", limit=100))
    threads.messages.delete(message.id, thread_id=thread.id)
    _refused(lambda: threads.runs.cancel(run.id, thread_id=thread.id))
    threads.delete(thread.id)
    client.beta.assistants.delete(assistant.id)


def _files(client: OpenAI) -> None:
    file = client.files.create(file=("one.txt", TEXT.encode()), purpose="assistants")
    client.files.retrieve(file.id)
    client.files.delete(file.id)


def _conversations(client: OpenAI) -> None:
    tool: Any = {"type": "function", **TOOL, "strict": False}
    conversation = client.conversations.create(items=[{"role": "user", "content": "Hello."}], metadata={"user_id": "one"})
    client.conversations.update(conversation.id, metadata={})
    client.conversations.items.create(conversation.id, items=[{"role": "assistant", "content": "Hello."}])
    response = client.responses.create(
        model=MODEL, conversation=conversation.id, input="What is the population of France?", tools=[tool], background=True
    )
    while response.status in ("queued", "in_progress"):
        time.sleep(1)
        response = client.responses.retrieve(response.id)
    outputs: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "1"} for item in response.output if item.type == "function_call"
    ]
    for _ in client.responses.create(model=MODEL, conversation=conversation.id, input=outputs, stream=True):
        pass
    list(client.conversations.items.list(conversation.id, order="asc", limit=100))
    _refused(lambda: client.responses.cancel(response.id))
    client.responses.delete(response.id)
    client.conversations.delete(conversation.id)


async def _asynchronous(client: AsyncOpenAI) -> None:
    threads = client.beta.threads
    assistant = await client.beta.assistants.create(model=MODEL)
    thread = await threads.create()
    await threads.messages.create(thread.id, role="user", content=TEXT)
    run = await threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    async for _ in threads.messages.list(thread.id, run_id=run.id):
        pass
    async for _ in threads.runs.list(thread.id):
        pass
    async with threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        await stream.until_done()
    conversation = await client.conversations.create()
    await client.responses.create(model=MODEL, conversation=conversation.id, input=TEXT)
    async for _ in client.conversations.items.list(conversation.id):
        pass


def _refused(call: Callable[[], object]) -> None:
    """What is over cannot be cancelled: the reply is an error, which is read as well."""
    from openai import BadRequestError

    try:
        call()
    except BadRequestError:
        return
