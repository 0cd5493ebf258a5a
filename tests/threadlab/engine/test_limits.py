"""Rate limits: counted per model and project, told in every reply, and refused with the API's own words."""

from __future__ import annotations

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk
from threadlab.engine.faults import parse, parse_limits
from threadlab.engine.limits import span
from threadlab.errors import ThreadlabError


def start(at: Desk, **options: object) -> object:
    return at.raw("POST", f"/threads/{at.thread('Hello')}/runs", {"assistant_id": at.assistant_id, **options})


def test_fourth_run_of_a_minute_is_refused() -> None:
    with desk(limits="gpt-4o:rpm=3") as at:
        replies = [start(at) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert [reply.headers["x-ratelimit-remaining-requests"] for reply in replies] == ["2", "1", "0", "0"]
        assert {reply.headers["x-ratelimit-limit-requests"] for reply in replies} == {"3"}
        assert replies[2].headers["x-ratelimit-reset-requests"] == "1m0s"
        error = replies[3].json()["error"]
        assert error["message"].startswith("Rate limit reached for gpt-4o in organization org-threadlab on requests per min (RPM): ")
        assert "Limit 3, Used 3, Requested 1. Please try again in 20s." in error["message"]
        assert (error["type"], error["param"], error["code"]) == ("requests", None, "rate_limit_exceeded")
        assert replies[3].headers["retry-after"] == "20"


@pytest.mark.parametrize(("waits", "status"), [(19.9, 429), (20.0, 200)])
def test_pause_that_a_reply_names_is_enough(waits: float, status: int) -> None:
    with desk(limits="gpt-4o:rpm=3") as at:
        for _ in range(3):
            start(at)
        at.wait(waits)
        assert start(at).status_code == status


def test_refused_run_leaves_nothing_behind() -> None:
    with desk(limits="gpt-4o:rpm=1") as at:
        start(at)
        thread_id = at.thread("Hello")
        body = {"assistant_id": at.assistant_id, "additional_messages": [{"role": "user", "content": "More"}]}
        assert at.raw("POST", f"/threads/{thread_id}/runs", body).status_code == 429
        assert at.texts(thread_id) == ["Hello"]
        assert at.threads.runs.list(thread_id).data == []
        assert at.threads.messages.create(thread_id, role="user", content="More").role == "user"
        before = len(at.service.engine.store._rows)
        body = {"assistant_id": at.assistant_id, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
        assert at.raw("POST", "/threads/runs", body).status_code == 429
        assert len(at.service.engine.store._rows) == before


def test_another_model_has_limits_of_its_own() -> None:
    with desk(limits="gpt-4o:rpm=1 *:rpm=50") as at:
        assert start(at).status_code == 200
        assert start(at).status_code == 429
        other = start(at, model="gpt-4o-mini")
        assert other.status_code == 200
        assert other.headers["x-ratelimit-limit-requests"] == "50"


def test_another_project_has_limits_of_its_own() -> None:
    keys = {"sk-one-0123456789abc": "one", "sk-two-0123456789abc": "two"}
    with desk(limits="*:rpm=1", keys=keys) as at:
        assert [at.raw("GET", "/assistants", key=key).status_code for key in [*keys, *keys]] == [200, 200, 429, 429]


def test_tokens_of_a_minute_are_limited() -> None:
    with desk(limits="gpt-4o:tpm=70") as at:
        used = at.finished(at.thread("Hello"), model="gpt-4o-mini").usage.total_tokens
        first = start(at)
        assert int(first.headers["x-ratelimit-remaining-tokens"]) == 70 - used
        second = start(at)
        error = second.json()["error"]
        assert (second.status_code, error["type"]) == (429, "tokens")
        assert f"on tokens per min (TPM): Limit 70, Used {used}, Requested {used}." in error["message"]


def test_request_larger_than_its_limit_is_refused() -> None:
    with desk(limits="gpt-4o:tpm=10") as at:
        refused = start(at)
        assert refused.json()["error"]["message"].startswith("Request too large for gpt-4o in organization org-")
        assert "retry-after" not in refused.headers


def test_every_request_counts_against_all() -> None:
    with desk(limits="*:rpm=2") as at:
        first = at.raw("GET", "/assistants")
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert at.raw("GET", "/threads/thread_none").headers["x-ratelimit-remaining-requests"] == "0"
        with pytest.raises(openai.RateLimitError):
            at.client.models.list()


def test_run_over_its_limit_fails_without_a_429() -> None:
    """The second request to the model is made by the service: nobody is there to be told 429."""
    with desk(limits="gpt-4o:rpm=1") as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        outputs = [{"tool_call_id": call.id, "output": "Sunny."} for call in run.required_action.submit_tool_outputs.tool_calls]
        assert at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs).status == "queued"
        at.wait(5)
        run = at.threads.runs.retrieve(run.id, thread_id=thread_id)
        assert (run.status, run.last_error.code) == ("failed", "rate_limit_exceeded")
        assert run.last_error.message.startswith("Rate limit reached for gpt-4o")
        assert 429 not in {entry.status for entry in at.service.journal.requests()}


def test_no_limits_no_headers() -> None:
    with desk() as at:
        assert not [name for name in start(at).headers if name.startswith("x-ratelimit")]


def test_scenario_sets_limits() -> None:
    text = "429@createRun#1 limit:gpt-4o:rpm=3 limit:*:tpm=30000 seed:7"
    assert str(parse(text)) == text
    assert parse(text).limits == parse_limits("gpt-4o:rpm=3 limit:*:tpm=30000")
    with desk(scenario="limit:*:rpm=1") as at:
        assert [at.raw("GET", "/models").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("text", ["gpt-4o", "gpt-4o:rpm", "gpt-4o:rpm=0", "gpt-4o:rps=3", "gpt-4o:rpm=-1", ":rpm=3", "gpt 4o:rpm=3"])
def test_wrong_limit_is_a_sentence(text: str) -> None:
    with pytest.raises(ThreadlabError, match="should look like limit:gpt-4o:rpm=3"):
        parse_limits(text)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0ms"), (0.12, "120ms"), (1, "1s"), (1.78, "1.78s"), (59.9999, "60s"), (390, "6m30s")])
def test_headers_tell_time_as_the_api_does(seconds: float, text: str) -> None:
    assert span(seconds) == text
