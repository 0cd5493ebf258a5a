"""How many tokens a text costs."""

from __future__ import annotations

import pytest

from threadlab.service.in_process import Service
from threadlab.text import tokens


@pytest.mark.parametrize(
    "text", ["<|endoftext|>", "What does <|fim_prefix|> mean?", "<|endofprompt|>" * 9, "\x00", "\ufeff \u202e \U0010ffff"]
)
def test_every_text_can_be_counted(text: str) -> None:
    assert tokens.count(text) >= 1


def test_name_of_a_special_token_counts_as_the_text_that_it_is() -> None:
    assert tokens.count("<|endoftext|>") > 1


def test_message_that_names_a_special_token_is_answered() -> None:
    with Service() as service, service.time():
        client = service.client()
        assistant = client.beta.assistants.create(model="gpt-4o")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "What does <|endoftext|> mean?"}])
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        assert run.status == "completed"
        assert client.responses.create(model="gpt-4o", input="And <|fim_middle|>?").status == "completed"
