# %% RunQueue
import asyncio
import collections

import openai
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential


class Busy(Exception):
    pass


class RunQueue:
    """At most so many starts in any minute. Who starts is decided when there is room: the user who has had the fewest runs."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.threads, self.assistant_id, self.limit = client.beta.threads, assistant_id, runs_per_minute
        self.loop = asyncio.get_running_loop()
        self.waiting, self.busy, self.had, self.started = [], set(), collections.Counter(), collections.deque()
        self.timer = None

    async def submit(self, user_id, thread_id, text):
        await self.start(user_id, thread_id, lane=True)
        try:
            return await self.turn(user_id, thread_id, text)
        finally:
            self.busy.discard(thread_id)
            self.pump()

    async def start(self, user, thread, lane):
        """Returns when a run may be started, for a turn (which needs its thread to itself) or once more for a turn that has it."""
        go = self.loop.create_future()
        self.waiting.append((user, thread, lane, go))
        self.pump()
        await go

    def pump(self):
        while self.waiting:
            while self.started and self.started[0] <= self.loop.time() - 60.5:
                self.started.popleft()
            ready = [one for one in self.waiting if not one[2] or one[1] not in self.busy]
            if not ready:
                return
            if len(self.started) >= self.limit:
                if self.timer is None:
                    self.timer = self.loop.call_at(self.started[0] + 60.6, self.again)
                return
            chosen = min(ready, key=lambda one: self.had[one[0]])
            self.waiting.remove(chosen)
            self.started.append(self.loop.time())
            self.had[chosen[0]] += 1
            self.busy.add(chosen[1])
            chosen[3].set_result(None)

    def again(self):
        self.timer = None
        self.pump()

    async def turn(self, user_id, thread_id, text):
        await self.threads.messages.create(thread_id, role="user", content=text)
        again = AsyncRetrying(retry=retry_if_exception_type(Busy), stop=stop_after_attempt(6), wait=wait_exponential(min=7), reraise=True)
        async for attempt in again:
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    await self.start(user_id, thread_id, lane=False)
                run = await self.run(thread_id)
        return "\n".join([said.content[0].text.value async for said in self.threads.messages.list(thread_id, run_id=run.id, order="asc")])

    async def run(self, thread_id):
        try:
            run = await self.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        except openai.RateLimitError as refused:
            raise Busy from refused
        if run.last_error and run.last_error.code == "rate_limit_exceeded":
            raise Busy(run.last_error.message)
        if run.status != "completed":
            raise RuntimeError(run.status)
        return run
