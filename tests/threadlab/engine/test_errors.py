"""The error table of the facts about the API, a test a row: status, message, type, param and code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as one:
        yield one


def says(response: httpx2.Response, status: int, message: str, **detail: str | None) -> None:
    """The whole body, and nothing else."""
    kind = detail.pop("type", "invalid_request_error")
    expected = {"message": message, "type": kind, "param": None, "code": None, **detail}
    assert (response.status_code, response.json()) == (status, {"error": expected})


MESSAGE = {"role": "user", "content": "Hello"}


def test_message_is_refused_while_a_run_is_active(at: Desk) -> None:
    thread_id = at.thread("Hello")
    run = at.run(thread_id)
    refused = at.raw("POST", f"/threads/{thread_id}/messages", MESSAGE)
    says(refused, 400, f"Can't add messages to {thread_id} while a run {run.id} is active.")
    at.wait(5)
    assert at.raw("POST", f"/threads/{thread_id}/messages", MESSAGE).status_code == 200


def test_second_run_is_refused_while_one_is_active(at: Desk) -> None:
    thread_id = at.thread("Hello")
    run = at.run(thread_id)
    refused = at.raw("POST", f"/threads/{thread_id}/runs", {"assistant_id": at.assistant_id})
    says(refused, 400, f"Thread {thread_id} already has an active run {run.id}.")
    assert len(at.threads.runs.list(thread_id).data) == 1


def test_unknown_thread_is_a_404(at: Desk) -> None:
    says(at.raw("GET", "/threads/thread_none"), 404, "No thread found with id 'thread_none'.")


def test_unknown_assistant_is_a_404(at: Desk) -> None:
    body = {"assistant_id": "asst_none"}
    says(at.raw("POST", f"/threads/{at.thread('Hello')}/runs", body), 404, "No assistant found with id 'asst_none'.")
    says(at.raw("GET", "/assistants/asst_none"), 404, "No assistant found with id 'asst_none'.")


def test_unknown_run_is_a_404(at: Desk) -> None:
    thread_id = at.thread()
    says(at.raw("GET", f"/threads/{thread_id}/runs/run_none"), 404, "No run found with id 'run_none'.")
    with pytest.raises(openai.NotFoundError):
        at.threads.runs.retrieve("run_none", thread_id=thread_id)


def test_run_of_another_thread_is_a_404(at: Desk) -> None:
    run = at.run(at.thread("Hello"))
    says(at.raw("GET", f"/threads/{at.thread()}/runs/{run.id}"), 404, f"No run found with id '{run.id}'.")


@pytest.mark.parametrize(
    ("path", "param", "value", "prefix"),
    [
        ("/threads/undefined", "thread_id", "undefined", "thread"),
        ("/assistants/undefined", "assistant_id", "undefined", "asst"),
        ("/threads/{thread}/runs/undefined", "run_id", "undefined", "run"),
        ("/threads/{thread}/messages/undefined", "message_id", "undefined", "msg"),
    ],
)
def test_id_with_a_wrong_prefix_is_refused(at: Desk, path: str, param: str, value: str, prefix: str) -> None:
    message = f"Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'."
    says(at.raw("GET", path.format(thread=at.thread())), 400, message)


def test_finished_run_cannot_be_cancelled(at: Desk) -> None:
    thread_id = at.thread("Hello")
    run = at.finished(thread_id)
    says(at.raw("POST", f"/threads/{thread_id}/runs/{run.id}/cancel"), 400, "Cannot cancel run with status 'completed'.")


def test_tool_outputs_are_refused_in_another_status() -> None:
    with desk(scenario="run_expired") as at:
        thread_id = at.thread("Hello")
        run = at.finished(thread_id)
        body = {"tool_outputs": [{"tool_call_id": "call_a", "output": "x"}]}
        path = f"/threads/{thread_id}/runs/{run.id}/submit_tool_outputs"
        says(at.raw("POST", path, body), 400, 'Runs in status "expired" do not accept tool outputs.')


def asked(at: Desk) -> tuple[str, list[str]]:
    """A run that waits for two tool outputs: its path and the ids of its calls."""
    thread_id = at.thread("What is the weather in Paris and Madrid?")
    run = at.finished(thread_id, tools=[WEATHER])
    assert run.status == "requires_action"
    return f"/threads/{thread_id}/runs/{run.id}", [call.id for call in run.required_action.submit_tool_outputs.tool_calls]


def test_outputs_for_only_some_calls_are_refused(at: Desk) -> None:
    path, calls = asked(at)
    body = {"tool_outputs": [{"tool_call_id": calls[0], "output": "x"}]}
    says(at.raw("POST", f"{path}/submit_tool_outputs", body), 400, f"Expected tool outputs for call_ids {calls}, got {calls[:1]}")
    assert at.raw("GET", path).json()["status"] == "requires_action"


def test_second_output_of_a_call_is_refused(at: Desk) -> None:
    path, calls = asked(at)
    body = {"tool_outputs": [{"tool_call_id": calls[0], "output": "x"}] * 2}
    refused = at.raw("POST", f"{path}/submit_tool_outputs", body)
    says(refused, 400, f"Expected tool outputs for call_ids {calls}, got {[calls[0], calls[0]]}")


def test_request_without_the_beta_header_is_refused(at: Desk) -> None:
    words = (
        "You must provide the 'OpenAI-Beta' header to access the Assistants API. "
        "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
    )
    says(at.raw("POST", "/threads", {}, beta=False), 400, words, code="invalid_beta")


def test_wrong_key_is_a_401(at: Desk) -> None:
    response = at.raw("GET", "/assistants", key="sk-wrong-0123456789")
    words = "Incorrect API key provided: sk-wrong*******6789. You can find your API key at https://platform.openai.com/account/api-keys."
    says(response, 401, words, code="invalid_api_key")


def test_error_does_not_show_the_key(at: Desk) -> None:
    for key in ("sk-secret", "sk-" + "a" * 40, "short"):
        assert key not in at.raw("GET", "/assistants", key=key).text
    assert "aaaaaaaaaaaa" not in at.service.journal.text()


def test_request_without_a_key_is_a_401(at: Desk) -> None:
    response = at.http.get("/assistants")
    assert response.status_code == 401
    assert response.json()["error"]["message"].startswith("You didn't provide an API key.")


def test_content_over_the_limit_is_refused(at: Desk) -> None:
    thread_id = at.thread()
    words = "Invalid 'content': string too long. Expected a string with maximum length 256000, but got a string with length 256001 instead"
    path = f"/threads/{thread_id}/messages"
    refused = at.raw("POST", path, {"role": "user", "content": "a" * 256_001})
    assert refused.json()["error"]["message"] == words
    assert refused.status_code == 400
    assert at.raw("POST", path, {"role": "user", "content": "a" * 256_000}).status_code == 200


def test_seventeen_metadata_keys_are_refused(at: Desk) -> None:
    words = (
        "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
        "but got an object with 17 properties instead."
    )
    metadata = {f"k{index}": "v" for index in range(17)}
    says(at.raw("POST", "/threads", {"metadata": metadata}), 400, words, param="metadata", code="object_above_max_properties")
    del metadata["k0"]
    assert at.raw("POST", "/threads", {"metadata": metadata}).json()["metadata"] == metadata


@pytest.mark.parametrize(("pair", "good"), [(("k" * 64, "v" * 512), True), (("k" * 65, "v"), False), (("k", "v" * 513), False)])
def test_long_metadata_key_or_value_is_refused(at: Desk, pair: tuple[str, str], good: bool) -> None:
    assert (at.raw("POST", "/threads", {"metadata": dict([pair])}).status_code == 200) is good


def test_limit_over_100_is_refused(at: Desk) -> None:
    words = "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 1000 instead."
    says(at.raw("GET", "/assistants?limit=1000"), 400, words, param="limit", code="integer_above_max_value")
    assert at.raw("GET", "/assistants?limit=100").status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5"])
def test_limit_that_is_no_count_is_refused(at: Desk, limit: str) -> None:
    assert at.raw("GET", f"/assistants?limit={limit}").status_code == 400


def test_rate_limit_is_a_429_with_a_pause() -> None:
    with desk(scenario="429:7@createThread#1 429@createThread#2") as at:
        refused = at.raw("POST", "/threads", {})
        error = refused.json()["error"]
        assert refused.status_code == 429
        assert error["message"].startswith("Rate limit reached for gpt-4o in organization org-")
        assert "Limit 500, Used 500, Requested 1. Please try again in 7s." in error["message"]
        assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
        assert refused.headers["retry-after"] == "7"
        assert refused.headers["x-ratelimit-reset-requests"] == "7s"
        assert "retry-after" not in at.raw("POST", "/threads", {}).headers
        assert at.raw("POST", "/threads", {}).status_code == 200


def test_quota_is_a_429_that_no_retry_helps() -> None:
    with desk(scenario="quota") as at:
        refused = at.raw("POST", "/threads", {})
        error = refused.json()["error"]
        assert refused.status_code == 429
        assert error["message"].startswith("You exceeded your current quota, please check your plan and billing details.")
        assert error["type"] == error["code"] == "insufficient_quota"


def test_unknown_route_is_a_404(at: Desk) -> None:
    says(at.raw("POST", "/nothing", {}), 404, "Invalid URL (POST /v1/nothing)")


def test_threads_cannot_be_listed(at: Desk) -> None:
    """Nobody can list threads: whoever loses an id has lost the thread."""
    assert at.raw("GET", "/threads").status_code == 405


# ---- bodies that are wrong in other ways ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message", "param", "code"),
    [
        ({}, "Missing required parameter: 'role'.", "role", "missing_required_parameter"),
        ({"role": "user"}, "Missing required parameter: 'content'.", "content", "missing_required_parameter"),
        ({**MESSAGE, "x": 1}, "Unknown parameter: 'x'.", "x", "unknown_parameter"),
        ({**MESSAGE, "role": "system"}, "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.", "role", "invalid_value"),
        ({"role": "user", "content": 5}, None, "content", "invalid_type"),
        ({"role": "user", "content": ""}, None, "content", "empty_string"),
        ({"role": "user", "content": []}, None, "content", "empty_array"),
        ({**MESSAGE, "metadata": {"a": 1}}, None, "metadata", "invalid_type"),
    ],
)
def test_wrong_message_is_refused(at: Desk, body: Any, message: str | None, param: str, code: str) -> None:
    refused = at.raw("POST", f"/threads/{at.thread()}/messages", body)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"], error["code"]) == (400, param, code)
    assert message is None or error["message"] == message


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff\xfe", b"{" * 5000, b'{"a":' * 5000])
def test_body_that_is_no_object_is_refused(at: Desk, raw: bytes) -> None:
    assert at.raw("POST", "/threads", content=raw).status_code == 400


@pytest.mark.parametrize("part", ["max_prompt_tokens", "max_completion_tokens"])
def test_token_limit_under_256_is_refused(at: Desk, part: str) -> None:
    path = f"/threads/{at.thread('Hello')}/runs"
    refused = at.raw("POST", path, {"assistant_id": at.assistant_id, part: 255}).json()["error"]
    assert (refused["param"], refused["code"]) == (part, "integer_below_min_value")
    assert at.raw("POST", path, {"assistant_id": at.assistant_id, part: 256}).status_code == 200


def test_unknown_model_is_refused(at: Desk) -> None:
    says(
        at.raw("POST", "/assistants", {"model": "gpt-17"}),
        400,
        "The requested model 'gpt-17' does not exist.",
        param="model",
        code="model_not_found",
    )


@pytest.mark.parametrize(
    "model", ["gpt-4-1106-preview", "gpt-3.5-turbo-0125", "gpt-4o-2024-08-06", "o1", "gpt-4.1-mini", "ft:gpt-4o:x:y:z"]
)
def test_model_that_was_shut_down_is_refused(at: Desk, model: str) -> None:
    assert at.client.beta.assistants.create(model=model).model == model


def test_more_than_128_tools_are_refused(at: Desk) -> None:
    assert at.raw("POST", "/assistants", {"model": "gpt-4o", "tools": [WEATHER] * 128}).status_code == 200
    assert at.raw("POST", "/assistants", {"model": "gpt-4o", "tools": [WEATHER] * 129}).status_code == 400


@pytest.mark.parametrize(("part", "value"), [("temperature", 2.1), ("temperature", -0.1), ("top_p", 1.1)])
def test_sampling_out_of_range_is_refused(at: Desk, part: str, value: float) -> None:
    refused = at.raw("POST", "/assistants", {"model": "gpt-4o", part: value})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, part)


def test_message_100_001_of_a_thread_is_refused(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadlab.engine.assistants_api import messages

    assert messages.MAX_MESSAGES == 100_000
    monkeypatch.setattr(messages, "MAX_MESSAGES", 2)
    thread_id = at.thread("one", "two")
    assert at.raw("POST", f"/threads/{thread_id}/messages", MESSAGE).status_code == 400


# ---- projects ---------------------------------------------------------------------------------------------------------------------------


def test_object_of_another_project_is_a_404() -> None:
    with desk(keys={"sk-one-0123456789abc": "one", "sk-two-0123456789abc": "two"}) as at:
        mine, theirs = "sk-one-0123456789abc", "sk-two-0123456789abc"
        thread = at.raw("POST", "/threads", {"messages": [MESSAGE]}, key=mine).json()["id"]
        assistant = at.raw("POST", "/assistants", {"model": "gpt-4o"}, key=mine).json()["id"]
        run = at.raw("POST", f"/threads/{thread}/runs", {"assistant_id": assistant}, key=mine).json()["id"]
        own = at.raw("POST", "/threads", {}, key=theirs).json()["id"]
        for method, path, body in [
            ("GET", f"/threads/{thread}", None),
            ("DELETE", f"/threads/{thread}", None),
            ("GET", f"/threads/{thread}/messages", None),
            ("POST", f"/threads/{thread}/messages", MESSAGE),
            ("GET", f"/threads/{thread}/runs/{run}", None),
            ("POST", f"/threads/{thread}/runs/{run}/cancel", None),
            ("GET", f"/assistants/{assistant}", None),
            ("POST", f"/threads/{own}/runs", {"assistant_id": assistant}),
        ]:
            assert at.raw(method, path, body, key=theirs).status_code == 404, (method, path)
            assert method != "GET" or at.raw(method, path, body, key=mine).status_code == 200
        assert at.raw("GET", "/assistants", key=theirs).json()["data"] == []
        assert len(at.raw("GET", "/assistants", key=mine).json()["data"]) == 1
