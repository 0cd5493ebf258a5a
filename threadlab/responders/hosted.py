"""A model behind an OpenAI-compatible endpoint, asked with the user's own key.

Every run becomes one request for each of its rounds, by Responses or by Chat Completions. What goes wrong there becomes the failure of the
run, in the three codes that a run has. The key is in this process's memory and in the requests, and nowhere else.
"""

from collections.abc import AsyncIterator
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import httpx2
import openai

from threadlab.recording.player import NOT_RECORDED
from threadlab.responders import asking, hosted_chat, hosted_responses
from threadlab.wire import assistants as o
from threadlab.wire.prompts import Answer, Prompt

Api: TypeAlias = Literal["responses", "chat"]

PATIENCE = 120.0
"""Seconds without a word from the endpoint after which it is given up. (The run itself expires after ten minutes.)"""
RETRIES = 2
"""How often a request that was refused for the moment is sent again, by the SDK's own rules."""
LONGEST = 500
"""Characters of an endpoint's error message that are passed on."""

_READ = {"responses": hosted_responses.read, "chat": hosted_chat.read}
_KEY_TROUBLE = (401, 403)


class Hosted:
    """A `RemoteResponder`. `url` is where the endpoint's own clients point, such as https://api.openai.com/v1; without a `model` each
    run asks the one that it names itself. `transport` carries the requests: one that records them, or a recording."""

    name = "hosted"
    at_once = 16

    def __init__(
        self,
        url: str,
        key: str,
        model: str | None = None,
        api: Api = "responses",
        *,
        patience: float = PATIENCE,
        retries: int = RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._key, self._model, self._api, self._patience = key, model, api, patience
        self._host = urlsplit(url).netloc.rpartition("@")[2]
        which = f"the model {model}" if model else "the model that each assistant names"
        self.described = f"{which} at {self._host}, a hosted endpoint: it reads what is written here, and may cost money"
        timeout = httpx2.Timeout(patience, connect=min(patience, 10.0))
        http = None if transport is None else openai.DefaultAsyncHttpxClient(transport=transport, timeout=timeout, trust_env=False)
        self._client = openai.AsyncOpenAI(api_key=key, base_url=url, timeout=timeout, max_retries=retries, http_client=http)
        self._client.with_raw_response.responses, self._client.chat.completions  # noqa: B018 - loads them now, and not in the first run

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def answer(self, prompt: Prompt) -> AsyncIterator[str | Answer]:
        refused = asking.refused(prompt)
        if refused is not None:
            yield Answer(failure=refused)
            return
        try:
            async for part in _READ[self._api](self._client, prompt, self._model or prompt.model):
                yield self._cleaned(part) if isinstance(part, Answer) else part
                if isinstance(part, Answer):
                    return
            yield self._failed("server_error", f"The stream from {self._host} ended before the answer did.")
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            yield self._failure_of(error)

    # ---- what goes wrong -----------------------------------------------------------------------------------------------------------------

    def _failure_of(self, error: Exception) -> Answer:
        match error:
            case openai.APIStatusError(status_code=status) if status in _KEY_TROUBLE:
                return self._failed("server_error", f"{self._host} refused the key ({status}).")  # its own words may repeat the key
            case openai.RateLimitError():
                return self._failed("rate_limit_exceeded", f"{self._host} answered 429: {_said(error)}")
            case openai.APIStatusError(status_code=404):
                wrong_api = self._api == "responses" and error.code != NOT_RECORDED
                hint = " If it has Chat Completions only, say --responder-api chat." if wrong_api else ""
                return self._failed("server_error", f"{self._host} answered 404: {_said(error)}{hint}")
            case openai.APIStatusError(status_code=status):
                code: o.ErrorCode = "invalid_prompt" if status in (400, 413, 422) else "server_error"
                return self._failed(code, f"{self._host} answered {status}: {_said(error)}")
            case openai.APITimeoutError() | httpx2.TimeoutException():
                return self._failed("server_error", f"{self._host} said nothing for {self._patience:g} seconds.")
            case openai.APIConnectionError() | httpx2.HTTPError():
                return self._failed("server_error", f"The connection to {self._host} could not be made, or broke.")
            case openai.APIError():  # an error among the events of a stream
                return self._failed("server_error", f"{self._host} broke off: {_said(error)}")
            case _:
                return self._failed("server_error", f"{self._host} answered in a way that is not understood ({type(error).__name__}).")

    def _failed(self, code: o.ErrorCode, message: str) -> Answer:
        return Answer(failure=o.LastError(code, self._washed(message)))

    def _cleaned(self, answer: Answer) -> Answer:
        return answer if answer.failure is None else self._failed(answer.failure.code, answer.failure.message[:LONGEST])

    def _washed(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


def _said(error: Exception) -> str:
    """The endpoint's own sentence, if it gave one."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or getattr(error, "message", error))[:LONGEST]
