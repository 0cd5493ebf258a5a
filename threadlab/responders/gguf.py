"""A model in a GGUF file on this computer, run by llama.cpp inside this process (the package xllamacpp, an optional extra).

Its temperature is 0 and nothing is carried over from one question to the next, so the same question has the same answer, on the same
computer with the same version. It answers one question at a time; the runs of the others stay queued.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from openai.types.chat import ChatCompletionChunk

from threadlab.errors import ThreadlabError
from threadlab.responders import asking, hosted_chat
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Prompt

CONTEXT = 8192
"""Tokens that a question and its answer can have together. More would cost memory that many computers do not have."""
LONGEST = 1024
"""Tokens of an answer at most, where the run sets no limit: a small model may never come to an end."""


class Local:
    """A `RemoteResponder`. Raises ThreadlabError when the package is not installed, or the file is not a model."""

    name = "local"
    at_once = 1

    def __init__(self, file: str) -> None:
        self._model = Path(file).name
        self.described = f"the model file {self._model} on this computer, at temperature 0"
        self._server = _load(Path(file))
        self._thread = ThreadPoolExecutor(1, "local model")

    async def answer(self, prompt: Prompt) -> AsyncIterator[str | Answer]:
        refused = asking.refused(prompt)
        if refused is not None:
            yield Answer(failure=refused)
            return
        reply = hosted_chat.Heard()
        async for chunk in self._chunks(_request(prompt, self._model)):
            if (error := chunk.get("error")) is not None:
                yield Answer(failure=_failure(error))
                return
            if words := reply.take(ChatCompletionChunk.model_validate(chunk)):
                yield words
        yield reply.answer(prompt) or Answer(failure=o.LastError("server_error", "The local model stopped in the middle of its answer."))

    async def _chunks(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """What the model says, from the thread that it runs in. When nobody wants to hear it any more, it stops at its next word."""
        loop, chunks, over = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any] | None](), threading.Event()

        def on_chunk(chunk: dict[str, Any]) -> bool:
            if not over.is_set():
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            return over.is_set()

        def run() -> None:
            try:
                if not over.is_set():
                    self._server.handle_chat_completions(request, on_chunk)
            except Exception as error:  # whatever it is, the run is to hear of it
                on_chunk({"error": {"message": f"{type(error).__name__}: {error}"}})
            finally:
                if not over.is_set():
                    loop.call_soon_threadsafe(chunks.put_nowait, None)

        self._thread.submit(run)
        try:
            while (chunk := await chunks.get()) is not None:
                yield chunk
        finally:
            over.set()


def _load(file: Path) -> Any:
    try:
        import xllamacpp
    except ImportError:
        raise ThreadlabError(
            "The local responder needs the package xllamacpp. In the course's folder: "
            "python -m pip install -c constraints.txt -e '.[local]'"
        ) from None
    if not file.is_file():
        raise ThreadlabError(f"There is no model file {file}. A model is a file that ends in .gguf.")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(file)
    settings.n_ctx, settings.n_parallel = CONTEXT, 1
    settings.sampling.temp = 0.0
    settings.verbosity = -1
    settings.api_keys = [secrets.token_hex(20)]  # it listens on loopback, too: nobody is to use it past this service
    try:
        return xllamacpp.Server(settings)
    except Exception as error:
        raise ThreadlabError(f"{file} cannot be used as a model: {error}.") from None


def _request(prompt: Prompt, model: str) -> dict[str, Any]:
    body = hosted_chat.request(prompt, model)
    limit = min(body.pop("max_completion_tokens", LONGEST), CONTEXT)
    body.pop("top_p", None)
    return body | {"temperature": 0, "max_tokens": limit, "cache_prompt": False}


def _failure(error: dict[str, Any]) -> o.LastError:
    code: o.ErrorCode = "invalid_prompt" if error.get("code") == 400 else "server_error"
    return o.LastError(code, f"The local model refused: {error.get('message', 'no reason given')}")
