"""A prompt as a request to a Responses endpoint, and its stream as an answer."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from openai import AsyncOpenAI

from threadlab.responders import asking
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Prompt, ToolResult, Turn, WantedCall

MIN_OUTPUT = 16
"""Output tokens that the endpoint takes as a limit at least (OpenAPI description)."""
_CODES: dict[str, o.ErrorCode] = {"rate_limit_exceeded": "rate_limit_exceeded", "invalid_prompt": "invalid_prompt"}
"""What a failed response's error is to a run; anything else is a server_error."""


def request(prompt: Prompt, model: str) -> dict[str, Any]:
    """The arguments of `responses.create`. Nothing is to be kept there: it is kept here."""
    body: dict[str, Any] = {"model": model, "input": _input(prompt), "stream": True, "store": False, **asking.sampling(prompt)}
    if instructions := asking.instructions(prompt):
        body["instructions"] = instructions
    if prompt.max_tokens is not None:
        body["max_output_tokens"] = max(prompt.max_tokens, MIN_OUTPUT)
    if text_format := _format(prompt.response_format):
        body["text"] = {"format": text_format}
    if tools := asking.functions(prompt):
        body["tools"] = [_tool(one) for one in tools]
        tool_choice = asking.choice(prompt)
        body["tool_choice"] = {"type": "function", "name": tool_choice.name} if isinstance(tool_choice, o.FunctionName) else tool_choice
        body["parallel_tool_calls"] = prompt.parallel_tool_calls
    return body


def _tool(one: o.FunctionDefinition) -> dict[str, Any]:
    tool = {"type": "function", "name": one.name, "parameters": asking.parameters(one), "strict": bool(one.strict)}
    return tool | ({"description": one.description} if one.description else {})


def _input(prompt: Prompt) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for turn in prompt.turns:
        items += _calls(turn.before)
        if content := _content(turn):
            items.append({"role": turn.role, "content": content})
    return items + list(_calls(prompt.results))


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """Text, or parts where there are pictures; an endpoint takes those from a user alone."""
    if not turn.images or turn.role != "user":
        return turn.text
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": turn.text}] if turn.text else []
    return parts + [{"type": "input_image", "image_url": address, "detail": "auto"} for address in turn.images]


def _calls(results: Iterable[ToolResult]) -> Iterable[dict[str, Any]]:
    for one in results:
        yield {"type": "function_call", "call_id": one.call_id, "name": one.name, "arguments": one.arguments}
        yield {"type": "function_call_output", "call_id": one.call_id, "output": one.output}


def _format(wanted: Any) -> dict[str, Any] | None:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema":
        return {"type": kind, **wanted["json_schema"]}
    return {"type": kind} if kind == "json_object" else None


async def read(client: AsyncOpenAI, prompt: Prompt, model: str) -> AsyncIterator[str | Answer]:
    """The words as they come, then the answer. Raises what the SDK raises; ends without an answer if the stream is cut."""
    async with await client.responses.create(**request(prompt, model)) as stream:
        async for event in stream:
            match event.type:
                case "response.output_text.delta" | "response.refusal.delta":
                    yield event.delta
                case "response.completed" | "response.incomplete" | "response.failed":
                    yield _answer(prompt, event.response)
                    return


def _answer(prompt: Prompt, response: Any) -> Answer:
    if response.error is not None:
        return Answer(failure=o.LastError(_CODES.get(response.error.code, "server_error"), response.error.message))
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if reason == "content_filter":
        return Answer(failure=o.LastError("invalid_prompt", "The answer was stopped by the endpoint's content filter."))
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    text = "".join(part.text if part.type == "output_text" else part.refusal for part in parts)
    calls = [WantedCall(item.name, item.arguments) for item in response.output if item.type == "function_call"]
    used = response.usage
    usage = o.Usage(used.input_tokens, used.output_tokens, used.total_tokens) if used is not None else None
    return asking.answer(prompt, text, calls, usage, cut=reason == "max_output_tokens")
