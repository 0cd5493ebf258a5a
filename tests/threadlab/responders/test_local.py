"""A model in a file, where there is one.

THREADLAB_TEST_GGUF=model.gguf python -m pytest tests/threadlab/responders/test_local.py
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.threadlab.responders.serving import serving
from tests.threadlab.responders.test_bridge import ended, eventually, now, started
from threadlab.errors import ThreadlabError
from threadlab.service.responder_options import Choice, remote
from threadlab.wire.prompts import Answer, Prompt, Turn

MODEL = os.environ.get("THREADLAB_TEST_GGUF", "")
installed = importlib.util.find_spec("xllamacpp") is not None
without_package = pytest.mark.skipif(installed, reason="xllamacpp is installed")
with_package = pytest.mark.skipif(not installed, reason="xllamacpp is not installed: it is the extra `local`")
with_model = pytest.mark.skipif(
    not (installed and MODEL), reason="no model at hand: install the extra `local` and name a GGUF file in THREADLAB_TEST_GGUF"
)


@without_package
def test_missing_package_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThreadlabError, match=r"needs the package xllamacpp.*'\.\[local\]'"):
        remote(Choice("local", model=str(tmp_path / "model.gguf")))


@with_package
def test_file_that_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThreadlabError, match="no model file"):
        remote(Choice("local", model=str(tmp_path / "model.gguf")))
    (tmp_path / "model.gguf").write_bytes(b"GGUF, or so it says")
    with pytest.raises(ThreadlabError, match="cannot be used as a model"):
        remote(Choice("local", model=str(tmp_path / "model.gguf")))


@with_model
@pytest.mark.slow
def test_same_question_has_the_same_answer() -> None:
    local: Any = remote(Choice("local", model=MODEL))

    def asked(text: str, **options: Any) -> tuple[str, Answer]:
        async def ask() -> list[Any]:
            return [part async for part in local.answer(Prompt("gpt-4o", "Be brief.", [Turn("user", text)], **options))]

        *words, answer = asyncio.run(ask())
        return "".join(words), answer

    question = "What is the capital of France?"
    first, answer = asked(question, max_tokens=20, temperature=1.0)
    asked("Something else altogether.", max_tokens=5)
    second, _ = asked(question, max_tokens=20, temperature=1.0)
    assert first == second == answer.texts[0] != ""
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 20
    refused = asked("word " * 9000)[1].failure
    assert refused is not None
    assert refused.code == "invalid_prompt"

    async def leave() -> None:
        async with aclosing(local.answer(Prompt("gpt-4o", "", [Turn("user", question)]))) as answering:
            await anext(answering)

    asyncio.run(leave())
    assert asked(question, max_tokens=20)[0] == first  # the model is free again


@with_model
@pytest.mark.slow
def test_local_model_leaves_other_requests_alone(tmp_path: Path) -> None:
    with serving(tmp_path, "--responder", "local", "--responder-model", MODEL) as service:
        assert f"Replies come from the model file {Path(MODEL).name} on this computer" in service.greeting
        client = service.client()
        long, waiting = started(client, "Tell me a long story."), started(client, "Hello", max_completion_tokens=256)
        eventually(lambda: now(client, long).status == "in_progress", "the run to begin")
        assert now(client, waiting).status == "queued"
        client.beta.threads.runs.cancel(long.id, thread_id=long.thread_id)
        assert ended(client, long).status == "cancelled"
        assert ended(client, waiting).status in ("completed", "incomplete")
