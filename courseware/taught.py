"""What the lessons teach and later lessons use: a lesson writes such a function once, and imports it from here from then on.

    from courseware import answer_of        # written in lesson 02
    from courseware import until_free       # lesson 03
    from courseware import pause_after      # lesson 05

Each is the same as in its lesson; a test compares them.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import openai

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

# ---- lesson 02 --------------------------------------------------------------------------------------------------------------------------


def text_of(message: Any) -> str:
    """All text parts of a message, one a line; other parts by their type in brackets."""
    return "\n".join(part.text.value if part.type == "text" else f"[{part.type}]" for part in message.content)


def answer_of(client: OpenAI, run: Any) -> str:
    """What this run wrote: all its messages, oldest first, joined by a newline. Raises RuntimeError unless the run completed."""
    if run.status != "completed":
        raise RuntimeError(f"{run.id} is {run.status}: there is no answer")
    replies = client.beta.threads.messages.list(run.thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(text_of(reply) for reply in replies)


async def async_answer_of(client: AsyncOpenAI, run: Any) -> str:
    """The same for an asynchronous client."""
    if run.status != "completed":
        raise RuntimeError(f"{run.id} is {run.status}: there is no answer")
    replies = client.beta.threads.messages.list(run.thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join([text_of(reply) async for reply in replies])


# ---- lesson 03 --------------------------------------------------------------------------------------------------------------------------

UNDER_WAY = {"queued", "in_progress", "requires_action", "cancelling"}
"""The statuses of a run that has not ended; while a run is in one of them, its thread is locked."""


def until_free(client: OpenAI, thread_id: str, *, max_wait: float = 60.0, cap: float = 10.0) -> float:
    """Wait until no run is active on the thread. The seconds that it took; TimeoutError if it takes longer than max_wait."""
    began, gap = time.monotonic(), 1.0
    while True:
        at_least = 0.0
        try:
            newest = client.beta.threads.runs.list(thread_id, limit=1).data
            if not newest or newest[0].status not in UNDER_WAY:
                return time.monotonic() - began
            seen = f"{newest[0].id} is {newest[0].status}"
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
            seen = f"the last poll failed: {error}"
            if isinstance(error, openai.RateLimitError):
                at_least = float(error.response.headers.get("retry-after", 0))
        waited = time.monotonic() - began
        if waited >= max_wait:
            raise TimeoutError(f"{thread_id} was not free after {waited:.0f} s: {seen}")
        jittered_gap = min(cap, gap * random.uniform(0.8, 1.2))
        time.sleep(min(max(jittered_gap, at_least), max_wait - waited))
        gap = min(cap, gap * 2)


# ---- lesson 05 --------------------------------------------------------------------------------------------------------------------------


def is_definite(error: openai.APIError) -> bool:
    """Whether we know that the request was not carried out. When in doubt: no."""
    return isinstance(error, openai.APIStatusError) and error.status_code in (400, 401, 403, 404, 422, 429)


def pause_after(error: openai.APIError, attempt: int) -> float | None:
    """Seconds to wait before another attempt; None if there should be none."""
    if isinstance(error, openai.APIStatusError):
        if is_definite(error) and (error.status_code != 429 or error.code == "insufficient_quota"):
            return None
        if stated := error.response.headers.get("retry-after"):
            return float(stated)
    return min(8.0, 0.5 * 2.0**attempt)


def stored_message(client: OpenAI, thread_id: str, key: str) -> Any:
    """The message on this thread that has the key, or None. The newest come first, so it is mostly found on the first page."""
    for message in client.beta.threads.messages.list(thread_id, limit=100):
        if message.metadata and message.metadata.get("key") == key:
            return message
    return None


def run_of(client: OpenAI, thread_id: str, key: str) -> Any:
    """The run on this thread that has the key, or None."""
    for run in client.beta.threads.runs.list(thread_id, limit=100):
        if run.metadata and run.metadata.get("key") == key:
            return run
    return None


def is_thread_gone(error: openai.APIError) -> bool:
    """Whether a 404 is about the thread; it can be about an assistant, a run or an address as well."""
    return isinstance(error, openai.NotFoundError) and "No thread found" in str(error)
