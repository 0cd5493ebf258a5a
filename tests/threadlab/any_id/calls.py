"""Every operation of the family as the generated tests of an SDK call it: literal ids, and every parameter there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import openai.types.beta as beta
import openai.types.beta.threads as threads
from openai.pagination import AsyncCursorPage, SyncCursorPage
from openai.types.beta.threads.runs import RunStep
from openai.types.conversations import Conversation
from openai.types.responses import Response

ANY = {"foo": "string"}
PAGE = (SyncCursorPage, AsyncCursorPage)
RESOURCES = {"code_interpreter": {"file_ids": ["string"]}, "file_search": {"vector_store_ids": ["string"]}}
MESSAGE = {
    "content": "string",
    "role": "user",
    "attachments": [{"file_id": "file_id", "tools": [{"type": "code_interpreter"}]}],
    "metadata": ANY,
}
THREAD = {"messages": [MESSAGE], "metadata": ANY, "tool_resources": RESOURCES}
ASSISTANT = {
    "description": "description",
    "instructions": "instructions",
    "metadata": ANY,
    "name": "name",
    "reasoning_effort": "none",
    "response_format": "auto",
    "temperature": 1,
    "tool_resources": RESOURCES,
    "tools": [{"type": "code_interpreter"}],
    "top_p": 1,
}
RUN = {
    "instructions": "instructions",
    "max_completion_tokens": 256,
    "max_prompt_tokens": 256,
    "metadata": ANY,
    "model": "string",
    "parallel_tool_calls": True,
    "response_format": "auto",
    "temperature": 1,
    "tool_choice": "none",
    "tools": [{"type": "code_interpreter"}],
    "top_p": 1,
    "truncation_strategy": {"type": "auto", "last_messages": 1},
}
LIST = {"after": "after", "before": "before", "limit": 0, "order": "asc"}
OUTPUTS = [{"output": "output", "tool_call_id": "tool_call_id"}]


class Asked(NamedTuple):
    """One call: what is asked of which resource, and the type of what has to come back."""

    operation: str
    method: Callable[[Any], Any]
    arguments: tuple[str, ...]
    options: dict[str, Any]
    kind: type | tuple[type, ...]

    def __str__(self) -> str:
        return f"{self.operation}-{len(self.options)}"


def both(operation: str, method: Callable[[Any], Any], arguments: tuple[str, ...], least: Any, most: Any, kind: Any) -> list[Asked]:
    """With no more than what is required, and with everything."""
    return [Asked(operation, method, arguments, least, kind), Asked(operation, method, arguments, {**least, **most}, kind)]


def _assistants(client: Any) -> Any:
    return client.beta.assistants


def _threads(client: Any) -> Any:
    return client.beta.threads


def _messages(client: Any) -> Any:
    return client.beta.threads.messages


def _runs(client: Any) -> Any:
    return client.beta.threads.runs


def _steps(client: Any) -> Any:
    return client.beta.threads.runs.steps


T, R = {"thread_id": "thread_id"}, {"thread_id": "thread_id", "run_id": "run_id"}
INCLUDE = ["step_details.tool_calls[*].file_search.results[*].content"]
CALLS: list[Asked] = [
    *both("listAssistants", lambda c: _assistants(c).list, (), {}, LIST, PAGE),
    *both("createAssistant", lambda c: _assistants(c).create, (), {"model": "gpt-4o"}, ASSISTANT, beta.Assistant),
    *both("getAssistant", lambda c: _assistants(c).retrieve, ("assistant_id",), {}, {}, beta.Assistant),
    *both("modifyAssistant", lambda c: _assistants(c).update, ("assistant_id",), {}, {**ASSISTANT, "model": "string"}, beta.Assistant),
    *both("deleteAssistant", lambda c: _assistants(c).delete, ("assistant_id",), {}, {}, beta.AssistantDeleted),
    *both("createThread", lambda c: _threads(c).create, (), {}, THREAD, beta.Thread),
    *both("getThread", lambda c: _threads(c).retrieve, ("thread_id",), {}, {}, beta.Thread),
    *both("modifyThread", lambda c: _threads(c).update, ("thread_id",), {}, {"metadata": ANY, "tool_resources": RESOURCES}, beta.Thread),
    *both("deleteThread", lambda c: _threads(c).delete, ("thread_id",), {}, {}, beta.ThreadDeleted),
    *both(
        "createThreadAndRun",
        lambda c: _threads(c).create_and_run,
        (),
        {"assistant_id": "assistant_id"},
        {**RUN, "stream": False, "thread": THREAD, "tool_resources": RESOURCES},
        threads.Run,
    ),
    *both("listMessages", lambda c: _messages(c).list, ("thread_id",), {}, {**LIST, "run_id": "run_id"}, PAGE),
    *both("createMessage", lambda c: _messages(c).create, ("thread_id",), {"content": "string", "role": "user"}, MESSAGE, threads.Message),
    *both("getMessage", lambda c: _messages(c).retrieve, ("message_id",), T, {}, threads.Message),
    *both("modifyMessage", lambda c: _messages(c).update, ("message_id",), T, {"metadata": ANY}, threads.Message),
    *both("deleteMessage", lambda c: _messages(c).delete, ("message_id",), T, {}, threads.MessageDeleted),
    *both("listRuns", lambda c: _runs(c).list, ("thread_id",), {}, LIST, PAGE),
    *both(
        "createRun",
        lambda c: _runs(c).create,
        ("thread_id",),
        {"assistant_id": "assistant_id"},
        {
            **RUN,
            "additional_instructions": "additional_instructions",
            "additional_messages": [MESSAGE],
            "reasoning_effort": "none",
            "include": INCLUDE,
            "stream": False,
        },
        threads.Run,
    ),
    *both("getRun", lambda c: _runs(c).retrieve, ("run_id",), T, {}, threads.Run),
    *both("modifyRun", lambda c: _runs(c).update, ("run_id",), T, {"metadata": ANY}, threads.Run),
    *both("cancelRun", lambda c: _runs(c).cancel, ("run_id",), T, {}, threads.Run),
    *both("submitToolOuputsToRun", lambda c: _runs(c).submit_tool_outputs, ("run_id",), {**T, "tool_outputs": [{}]}, {}, threads.Run),
    *both("submitToolOuputsToRun", lambda c: _runs(c).submit_tool_outputs, ("run_id",), {**T, "tool_outputs": OUTPUTS}, {}, threads.Run),
    *both("listRunSteps", lambda c: _steps(c).list, ("run_id",), T, {**LIST, "include": INCLUDE}, PAGE),
    *both("getRunStep", lambda c: _steps(c).retrieve, ("step_id",), R, {"include": INCLUDE}, RunStep),
]

STREAMS: list[Asked] = [
    Asked(
        "createThreadAndRun",
        lambda c: _threads(c).create_and_run,
        (),
        {"assistant_id": "assistant_id", "stream": True, **RUN, "thread": THREAD},
        (),
    ),
    Asked("createRun", lambda c: _runs(c).create, ("thread_id",), {"assistant_id": "assistant_id", "stream": True, **RUN}, ()),
    Asked("submitToolOuputsToRun", lambda c: _runs(c).submit_tool_outputs, ("run_id",), {**T, "tool_outputs": OUTPUTS, "stream": True}, ()),
]

TOOL = {"name": "name", "parameters": {"foo": "bar"}, "strict": True, "type": "function", "async": True, "output_schema": {"foo": "bar"}}
RESPONSE = {
    "background": True,
    "conversation": "string",
    "include": ["file_search_call.results"],
    "input": "string",
    "max_output_tokens": 16,
    "max_tool_calls": 0,
    "metadata": ANY,
    "model": "a-model-of-next-year",
    "previous_response_id": "previous_response_id",
    "prompt": {"id": "id", "variables": {"foo": "string"}, "version": "version"},
    "reasoning": {"effort": "none", "summary": "auto"},
    "stream": False,
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tool_choice": "none",
    "tools": [TOOL],
    "truncation": "auto",
}
ITEMS = {"items": [{"content": "string", "role": "user", "phase": "commentary", "type": "message"}]}
C = {"conversation_id": "conv_123"}
LATER: list[Asked] = [
    *both("createConversation", lambda c: c.conversations.create, (), {}, {**ITEMS, "metadata": ANY}, Conversation),
    *both("getConversation", lambda c: c.conversations.retrieve, ("conv_123",), {}, {}, Conversation),
    *both("updateConversation", lambda c: c.conversations.update, ("conv_123",), {"metadata": ANY}, {}, Conversation),
    *both("deleteConversation", lambda c: c.conversations.delete, ("conv_123",), {}, {}, object),
    *both("createConversationItems", lambda c: c.conversations.items.create, ("conv_123",), ITEMS, {}, object),
    *both("listConversationItems", lambda c: c.conversations.items.list, ("conv_123",), {}, {"after": "after", "limit": 0}, object),
    *both("getConversationItem", lambda c: c.conversations.items.retrieve, ("msg_abc",), C, {}, object),
    *both("deleteConversationItem", lambda c: c.conversations.items.delete, ("msg_abc",), C, {}, Conversation),
    *both("createResponse", lambda c: c.responses.create, (), {}, RESPONSE, Response),
    *both("getResponse", lambda c: c.responses.retrieve, ("resp_123",), {}, {"include_obfuscation": True}, Response),
    *both("deleteResponse", lambda c: c.responses.delete, ("resp_123",), {}, {}, type(None)),
    *both("cancelResponse", lambda c: c.responses.cancel, ("resp_123",), {}, {}, Response),
    *both("listInputItems", lambda c: c.responses.input_items.list, ("response_id",), {}, {"after": "after", "limit": 0}, object),
    *both("createVectorStoreFileBatch", lambda c: c.vector_stores.file_batches.create, ("vs_abc123",), {}, {}, object),
    Asked("retrieveModel", lambda c: c.models.retrieve, ("a-model-of-next-year",), {}, object),
]
"""What came after the Assistants API, and what belongs to it: as the same tests call it."""
