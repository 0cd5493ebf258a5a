"""A hosted model, asked as its endpoint wants to be.

The endpoint is a stub that misbehaves. `test_bridge.py` has real ones.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from tests.threadlab.responders.serving import KEY, USAGE, Endpoint, chat_chunk, says, streams
from threadlab.responders.hosted import Hosted
from threadlab.wire import assistants as o
from threadlab.wire import files as f
from threadlab.wire.prompts import Answer, Prompt, ToolResult, Turn

WEATHER = o.Function(
    o.FunctionDefinition("get_weather", "The weather in a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
)


def prompt(**changes: Any) -> Prompt:
    return Prompt("gpt-4o", "Be brief.", [Turn("user", "The capital of France?")], **{"temperature": 1.0, "top_p": 1.0, **changes})


def asked(endpoint: Endpoint, given: Prompt, **options: Any) -> tuple[list[str], Answer]:
    """The words, and the answer."""

    async def ask() -> list[str | Answer]:
        async with aclosing(Hosted(endpoint.url, KEY, **{"retries": 0, "patience": 5.0, "api": "chat", **options})) as hosted:
            return [part async for part in hosted.answer(given)]

    *words, answer = asyncio.run(ask())
    assert isinstance(answer, Answer)
    return [word for word in words if isinstance(word, str)], answer


def chat(*chunks: Any) -> Endpoint:
    return Endpoint(lambda handler, body: streams(handler, *chunks, "[DONE]"))


def test_words_of_a_chat_come_one_by_one() -> None:
    with chat(chat_chunk("It is "), chat_chunk("Paris."), chat_chunk(finish="stop"), chat_chunk(usage=USAGE)) as endpoint:
        words, answer = asked(endpoint, prompt(max_tokens=300))
    assert words == ["It is ", "Paris."]
    assert answer == Answer(["It is Paris."], usage=o.Usage(30, 4, 34))
    (body,) = endpoint.asked
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "The capital of France?"}]
    assert (body["model"], body["max_completion_tokens"]) == ("gpt-4o", 300)
    assert {"temperature", "top_p", "tools"} & body.keys() == set()  # some models refuse to be told what they do anyway
    assert endpoint.keys == [f"Bearer {KEY}"]


def test_tool_calls_of_a_chat_arrive() -> None:
    first = [{"index": 0, "id": "call_9", "type": "function", "function": {"name": "get_weather", "arguments": '{"ci'}}]
    second = [{"index": 0, "function": {"arguments": 'ty": "Paris"}'}}]
    with chat(chat_chunk(tools=first), chat_chunk(tools=second), chat_chunk(finish="tool_calls")) as endpoint:
        _, answer = asked(endpoint, prompt(tools=[WEATHER], tool_choice=o.ToolChoice("function", o.FunctionName("get_weather"))))
    assert [(one.name, one.arguments) for one in answer.calls] == [("get_weather", '{"city": "Paris"}')]
    assert answer.texts == []
    (body,) = endpoint.asked
    assert body["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert body["tools"][0]["function"]["parameters"]["properties"] == {"city": {"type": "string"}}


def test_outputs_of_tools_follow_their_calls() -> None:
    earlier = ToolResult("call_1", "get_weather", "{}", "Rain.")
    turns = [Turn("user", "Weather?"), Turn("assistant", "Rain.", before=[earlier]), Turn("user", "And now?")]
    results = [ToolResult("call_2", "get_weather", "{}", "Sun.")]
    given = msgspec.structs.replace(prompt(results=results, tools=[WEATHER], tool_choice="required"), turns=turns)
    with chat(chat_chunk("Sun."), chat_chunk(finish="stop")) as endpoint:
        asked(endpoint, given)
    (body,) = endpoint.asked
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "tool", "assistant", "user", "assistant", "tool"]
    assert [one["content"] for one in body["messages"] if one["role"] == "tool"] == ["Rain.", "Sun."]
    assert body["tool_choice"] == "auto"  # it was made to call, and has


def test_files_are_searched_by_the_service() -> None:
    search = [{"index": 0, "id": "c", "type": "function", "function": {"name": "file_search", "arguments": '{"query": "moon"}'}}]
    with chat(chat_chunk(tools=search), chat_chunk(finish="tool_calls")) as endpoint:
        _, answer = asked(endpoint, prompt(can_search=True))
    assert answer.search == "moon"
    assert [one["function"]["name"] for one in endpoint.asked[0]["tools"]] == ["file_search"]
    found = [f.Passage("file-1", "facts.txt", "Basalt.", 1.0)]
    with chat(chat_chunk("Basalt.【4:0†source】"), chat_chunk(finish="stop")) as endpoint:
        _, answer = asked(endpoint, prompt(can_search=True, passages=found))
    assert [(one.mark, one.file_id) for one in answer.citations] == [("【4:0†source】", "file-1")]
    assert "Basalt." in endpoint.asked[0]["messages"][0]["content"]
    assert "tools" not in endpoint.asked[0]


def test_limit_of_the_answer_makes_the_run_incomplete() -> None:
    with chat(chat_chunk("It is"), chat_chunk(finish="length")) as endpoint:
        assert asked(endpoint, prompt())[1] == Answer(["It is"], cut=True)


def error(status: int, message: str = "No.", **headers: str) -> Any:
    def behave(handler: Any, body: Any) -> None:
        says(handler, status, {"error": {"message": message, "type": "x", "param": None, "code": None}})

    return behave


def reset(handler: Any, body: Any) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    raise ConnectionResetError


def silent(handler: Any, body: Any) -> None:
    time.sleep(2)


FAULTS = {
    "429": (error(429, "Rate limit reached."), "rate_limit_exceeded", "answered 429: Rate limit reached."),
    "400": (error(400, "Too long."), "invalid_prompt", "answered 400: Too long."),
    "413": (error(413, "Too large."), "invalid_prompt", "answered 413"),
    "401": (error(401, f"Incorrect API key provided: {KEY}."), "server_error", "refused the key (401)."),
    "404": (error(404, "No such model."), "server_error", "answered 404: No such model."),
    "500": (error(500, f"Oh, {KEY}!"), "server_error", "answered 500: Oh, …!"),
    "reset": (reset, "server_error", "could not be made, or broke"),
    "silent": (silent, "server_error", "said nothing for 0.3 seconds"),
    "cut": (lambda handler, body: streams(handler, chat_chunk("It is")), "server_error", "ended before the answer did"),
    "no json": (lambda handler, body: streams(handler, "{"), "server_error", "not understood"),
    "error event": (lambda handler, body: streams(handler, {"error": {"message": "Overloaded."}}), "server_error", "Overloaded."),
    "filter": (lambda handler, body: streams(handler, chat_chunk(finish="content_filter")), "invalid_prompt", "content filter"),
}


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("fault", FAULTS)
def test_failure_is_a_sentence_without_the_key(fault: str, api: str) -> None:
    if api == "responses" and fault == "filter":
        pytest.skip("a Responses endpoint says it otherwise")
    behave, code, words = FAULTS[fault]
    with Endpoint(behave) as endpoint:
        _, answer = asked(endpoint, prompt(), api=api, patience=0.3 if fault == "silent" else 5.0)
    assert answer.failure is not None
    assert answer.failure.code == code
    assert words in answer.failure.message
    assert KEY not in answer.failure.message


def test_unreachable_endpoint_fails_the_run() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens

        async def ask() -> list[Any]:
            return [part async for part in Hosted(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", KEY, retries=0).answer(prompt())]

        (answer,) = asyncio.run(ask())
    assert "could not be made" in answer.failure.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"tool_choice": o.ToolChoice("code_interpreter")}, "runs no code"), ({"turns": []}, "no text")],
)
def test_impossible_question_is_not_sent(changes: dict[str, Any], words: str) -> None:
    with Endpoint(error(500)) as endpoint:
        _, answer = asked(endpoint, msgspec.structs.replace(prompt(), **changes))
    assert answer.failure is not None
    assert words in answer.failure.message
    assert endpoint.asked == []


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_pictures_are_passed_on(api: str) -> None:
    """An endpoint gets the pictures of its user; which models take them it says itself."""
    address = "data:image/png;base64,iVBORw0KGgo="
    turns = [Turn("assistant", "Look:", images=[address]), Turn("user", "What is this?", images=[address])]
    with Endpoint(lambda handler, body: says(handler, 400, {"error": {"message": "no pictures here"}})) as endpoint:
        _, answer = asked(endpoint, msgspec.structs.replace(prompt(), turns=turns), api=api)
    (body,) = endpoint.asked
    said = body["messages"][1:] if api == "chat" else body["input"]
    assert said[0] == {"role": "assistant", "content": "Look:"}
    text, picture = said[1]["content"]
    assert text["text"] == "What is this?"
    assert address in (picture["image_url"], picture["image_url"].get("url") if isinstance(picture["image_url"], dict) else None)
    assert answer.failure is not None
