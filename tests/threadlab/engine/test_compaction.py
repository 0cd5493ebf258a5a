"""Counting what a response would read, compacting it, and deleting models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.threadlab.engine.desk import Desk, desk
from tests.threadlab.engine.test_errors import says

MODEL = "gpt-4o"
FRANCE = "What is the capital of France?"
TUNED = "ft:gpt-4o-mini:acemeco:suffix:abc123"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as one:
        yield one


def talk(at: Desk) -> Any:
    first = at.client.responses.create(model=MODEL, input=FRANCE)
    return at.client.responses.create(model=MODEL, input="What is the capital of Japan?", previous_response_id=first.id)


# ---- tokens ---------------------------------------------------------------------------------------------------------------------------


def test_count_is_what_the_response_reads(at: Desk) -> None:
    """sdk: `responses.input_tokens.count` takes the input of a response."""
    before = talk(at)
    same: dict[str, Any] = {"model": MODEL, "input": "Why?", "previous_response_id": before.id, "instructions": "Be brief."}
    counted = at.client.responses.input_tokens.count(**same)
    usage = at.client.responses.create(**same).usage
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", usage.input_tokens if usage else 0)


def test_count_reads_a_conversation_and_adds_nothing_to_it(at: Desk) -> None:
    made = at.client.conversations.create(items=[{"role": "user", "content": FRANCE}])
    alone = at.client.responses.input_tokens.count(model=MODEL, input="Why?").input_tokens
    both = at.client.responses.input_tokens.count(model=MODEL, input="Why?", conversation=made.id).input_tokens
    assert both > alone
    assert len(at.client.conversations.items.list(made.id).data) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required parameter: 'model'."),
        ({"model": MODEL, "input": "x", "previous_response_id": "resp_no"}, "Previous response with id 'resp_no' not found."),
        ({"model": MODEL, "input": "x", "mood": 1}, "Unknown parameter: 'mood'."),
    ],
)
@pytest.mark.parametrize("operation", ["input_tokens", "compact"])
def test_wrong_question_is_refused(at: Desk, operation: str, body: dict[str, Any], message: str) -> None:
    reply = at.raw("POST", f"/responses/{operation}", body, beta=False)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, message)


def compacted_talk(at: Desk) -> list[dict[str, Any]]:
    """The output as it came: the SDK's models have no user's message among outputs, and warn of it."""
    reply = at.raw("POST", "/responses/compact", {"model": MODEL, "previous_response_id": talk(at).id}, beta=False)
    output: list[dict[str, Any]] = reply.json()["output"]
    return output


# ---- compaction -----------------------------------------------------------------------------------------------------------------------


def test_compacted_context_is_what_the_user_said_and_one_item(at: Desk) -> None:
    """sdk: `types/responses/compacted_response.py`: all user messages, followed by a single compaction item."""
    compacted = at.client.responses.compact(model=MODEL, previous_response_id=talk(at).id)
    kinds = [item.type for item in compacted.output]
    assert (compacted.object, kinds) == ("response.compaction", ["message", "message", "compaction"])
    assert [item.content[0].text for item in compacted.output[:2]] == [FRANCE, "What is the capital of Japan?"]  # type: ignore[union-attr]
    assert compacted.usage.total_tokens == compacted.usage.input_tokens + compacted.usage.output_tokens


def test_compacted_context_is_understood_as_input(at: Desk) -> None:
    given: Any = compacted_talk(at)
    answer = at.client.responses.create(model=MODEL, input=[*given, {"role": "user", "content": "What is its population?"}])
    assert "Japan" in answer.output_text


def test_long_answers_are_shorter_when_they_are_compacted(at: Desk) -> None:
    long: Any = [{"role": "user", "content": "Go on."}, {"role": "assistant", "content": "word " * 500}]
    compacted = at.client.responses.compact(model=MODEL, input=long)
    assert compacted.usage.output_tokens < 100 < compacted.usage.input_tokens
    again: Any = [compacted.output[-1].to_dict()]
    twice = at.client.responses.compact(model=MODEL, input=again)
    assert twice.usage.output_tokens == compacted.usage.output_tokens  # nothing gets lost the second time


@pytest.mark.parametrize("content", ["", "nonsense", "dGhyZWFkbGFiMTo=", "é"])
def test_compaction_of_somebody_else_is_refused(at: Desk, content: str) -> None:
    """Seen: openai/codex#35334, and the code in openai/codex#8145."""
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": content}
    reply = at.raw("POST", "/responses", {"model": MODEL, "input": [item, {"role": "user", "content": "x"}]}, beta=False)
    message = "could not be verified. Reason: Encrypted content could not be decrypted or parsed."
    says(reply, 400, f"The encrypted content for item cmp_1 {message}", code="invalid_encrypted_content")


def test_conversation_keeps_a_compaction_item(at: Desk) -> None:
    given: Any = compacted_talk(at)
    made = at.client.conversations.create(items=given)
    assert [item.type for item in at.client.conversations.items.list(made.id, order="asc")] == ["message", "message", "compaction"]
    answer = at.client.responses.create(model=MODEL, input="What is its population?", conversation=made.id)
    assert "Japan" in answer.output_text


# ---- models ---------------------------------------------------------------------------------------------------------------------------


def test_deleted_model_is_gone(at: Desk) -> None:
    """Seen: alexrudall/ruby-openai#183 has the reply."""
    assert at.client.models.delete(TUNED).to_dict() == {"id": TUNED, "object": "model", "deleted": True}
    says(at.raw("GET", f"/models/{TUNED}", beta=False), 404, f"The model '{TUNED}' does not exist", param="model", code="model_not_found")
    says(at.raw("DELETE", f"/models/{TUNED}", beta=False), 404, "That model does not exist", param="model")
    body = {"model": TUNED, "input": "x"}
    refused = {"param": "model", "code": "model_not_found"}
    says(at.raw("POST", "/responses", body, beta=False), 400, f"The requested model '{TUNED}' does not exist.", **refused)
    assert at.client.models.retrieve(TUNED + "4").id == TUNED + "4"


@pytest.mark.parametrize("name", ["gpt-4o", "no-such-model"])
def test_model_of_everybody_cannot_be_deleted(at: Desk, name: str) -> None:
    """Seen for a model that is not there: openai/openai-node#14."""
    says(at.raw("DELETE", f"/models/{name}", beta=False), 404, "That model does not exist", param="model")
