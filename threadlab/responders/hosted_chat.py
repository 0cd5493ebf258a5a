"""A prompt as a request to a Chat Completions endpoint, which most servers of models have, and its stream as an answer."""

from collections.abc import AsyncIterator
from typing import Any

from openai import AsyncOpenAI

from threadlab.responders import asking
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Prompt, ToolResult, Turn, WantedCall


def request(prompt: Prompt, model: str) -> dict[str, Any]:
    """The arguments of `chat.completions.create`."""
    body: dict[str, Any] = {"model": model, "messages": _messages(prompt), "stream": True, "stream_options": {"include_usage": True}}
    body |= asking.sampling(prompt)
    if prompt.max_tokens is not None:
        body["max_completion_tokens"] = prompt.max_tokens
    if isinstance(prompt.response_format, dict) and prompt.response_format.get("type") in ("json_object", "json_schema"):
        body["response_format"] = prompt.response_format
    if tools := asking.functions(prompt):
        body["tools"] = [_tool(one) for one in tools]
        tool_choice = asking.choice(prompt)
        body["tool_choice"] = (
            {"type": "function", "function": {"name": tool_choice.name}} if isinstance(tool_choice, o.FunctionName) else tool_choice
        )
        if not prompt.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    return body


def _tool(one: o.FunctionDefinition) -> dict[str, Any]:
    description = {"description": one.description} if one.description else {}
    strict = {"strict": True} if one.strict else {}
    return {"type": "function", "function": {"name": one.name, **description, "parameters": asking.parameters(one), **strict}}


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    system = asking.instructions(prompt)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for turn in prompt.turns:
        messages += _calls(turn.before)
        if content := _content(turn):
            messages.append({"role": turn.role, "content": content})
    return messages + _calls(prompt.results)


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """Text, or parts where there are pictures; an endpoint takes those from a user alone."""
    if not turn.images or turn.role != "user":
        return turn.text
    parts: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
    return parts + [{"type": "image_url", "image_url": {"url": address}} for address in turn.images]


def _calls(results: list[ToolResult]) -> list[dict[str, Any]]:
    if not results:
        return []
    called = [{"id": one.call_id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}} for one in results]
    outputs = [{"role": "tool", "tool_call_id": one.call_id, "content": one.output} for one in results]
    return [{"role": "assistant", "content": None, "tool_calls": called}, *outputs]


class Heard:
    """What a stream has said so far: portions of text, and of the calls, each with its place among them."""

    def __init__(self) -> None:
        self.text = ""
        self.finish: str | None = None
        self.usage: o.Usage | None = None
        self._calls: dict[int, tuple[str, str]] = {}

    def take(self, chunk: Any) -> str:
        """Keep what a chunk holds. Its words, if it has any."""
        if chunk.usage is not None:
            self.usage = o.Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, chunk.usage.total_tokens)
        words = ""
        for one in chunk.choices:
            words += (one.delta.content or "") + (getattr(one.delta, "refusal", None) or "")
            for call in one.delta.tool_calls or []:
                name, arguments = self._calls.get(call.index, ("", ""))
                self._calls[call.index] = (name + (call.function.name or ""), arguments + (call.function.arguments or ""))
            self.finish = one.finish_reason or self.finish
        self.text += words
        return words

    def answer(self, prompt: Prompt) -> Answer | None:
        """All of it; None if it never came to an end."""
        if self.finish is None:
            return None
        if self.finish == "content_filter":
            return Answer(failure=o.LastError("invalid_prompt", "The answer was stopped by the endpoint's content filter."))
        calls = [WantedCall(name, arguments or "{}") for _, (name, arguments) in sorted(self._calls.items())]
        return asking.answer(prompt, self.text, calls, self.usage, cut=self.finish == "length")


async def read(client: AsyncOpenAI, prompt: Prompt, model: str) -> AsyncIterator[str | Answer]:
    """The words as they come, then the answer. Raises what the SDK raises; ends without an answer if the stream is cut."""
    reply = Heard()
    async with await client.chat.completions.create(**request(prompt, model)) as stream:
        async for chunk in stream:
            if words := reply.take(chunk):
                yield words
    if (answer := reply.answer(prompt)) is not None:
        yield answer
