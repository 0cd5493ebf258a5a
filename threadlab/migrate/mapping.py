"""What replaces each part of the Assistants API: one table, told to people by `scan`."""

REPLACES: dict[str, str] = {
    "assistants": "keep model, instructions and tools in your own code, and give them to client.responses.create",
    "threads.create": "client.conversations.create(items=…)",
    "threads.retrieve": "client.conversations.retrieve",
    "threads.update": "client.conversations.update",
    "threads.delete": "client.conversations.delete",
    "threads.create_and_run": "client.conversations.create, then client.responses.create(conversation=…)",
    "threads.create_and_run_poll": "client.conversations.create, then client.responses.create(conversation=…), which waits by itself",
    "threads.create_and_run_stream": "client.conversations.create, then client.responses.stream(conversation=…)",
    "threads.messages.create": "client.responses.create(input=…, conversation=…), or client.conversations.items.create for no answer",
    "threads.messages.list": "client.conversations.items.list; the answer itself is response.output_text",
    "threads.messages.retrieve": "client.conversations.items.retrieve",
    "threads.messages.update": "nothing: items have no metadata; keep it in your own table",
    "threads.messages.delete": "client.conversations.items.delete",
    "threads.runs.create": "client.responses.create(conversation=…); with background=True to poll",
    "threads.runs.create_and_poll": "client.responses.create(conversation=…), which waits by itself",
    "threads.runs.create_and_stream": "client.responses.stream(conversation=…)",
    "threads.runs.stream": "client.responses.stream(conversation=…)",
    "threads.runs.retrieve": "client.responses.retrieve, for a response made with background=True",
    "threads.runs.poll": "client.responses.retrieve until the status is none of queued and in_progress",
    "threads.runs.list": "nothing: responses are not listed; keep their ids",
    "threads.runs.update": "nothing: a response's metadata is given when it is made",
    "threads.runs.cancel": "client.responses.cancel, for a response made with background=True",
    "threads.runs.submit_tool_outputs": "client.responses.create(input=[{'type': 'function_call_output', …}], conversation=…)",
    "threads.runs.submit_tool_outputs_and_poll": "client.responses.create(input=[{'type': 'function_call_output', …}], conversation=…)",
    "threads.runs.submit_tool_outputs_stream": "client.responses.stream(input=[{'type': 'function_call_output', …}], conversation=…)",
    "threads.runs.steps": "response.output: calls and messages stand there, in order",
    "handler": "the events of client.responses.stream: response.output_text.delta, response.function_call_arguments.done, …",
}
"""By the call's path after `client.beta.`, or the longest beginning of it that is here."""

RESOURCES: dict[str, frozenset[str]] = {
    "assistants": frozenset({"create", "retrieve", "update", "list", "delete"}),
    "threads": frozenset({"create", "retrieve", "update", "delete", "create_and_run", "create_and_run_poll", "create_and_run_stream"}),
    "threads.messages": frozenset({"create", "retrieve", "update", "list", "delete"}),
    "threads.runs": frozenset(
        {
            "create",
            "create_and_poll",
            "create_and_stream",
            "stream",
            "retrieve",
            "update",
            "list",
            "cancel",
            "poll",
            "submit_tool_outputs",
            "submit_tool_outputs_and_poll",
            "submit_tool_outputs_stream",
        }
    ),
    "threads.runs.steps": frozenset({"retrieve", "list"}),
}
"""The resources below `client.beta` that belong to the family, and what can be called on each (openai-python)."""

HANDLERS = frozenset({"AssistantEventHandler", "AsyncAssistantEventHandler"})
WRAPPERS = frozenset({"with_raw_response", "with_streaming_response"})


def replacement(path: str) -> str:
    """What takes the place of a call such as `threads.runs.create`."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        if result := REPLACES.get(".".join(parts[:length])):
            return result
    raise KeyError(path)
