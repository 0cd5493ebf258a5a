# %% RunQueue
import asyncio
import itertools
import random

import openai


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.tickets = asyncio.Semaphore(runs_per_minute)
        self.every = 60 / runs_per_minute
        self.refilled = None
        self.heap = asyncio.PriorityQueue()
        self.rounds, self.round, self.order = {}, 0, itertools.count()
        self.lanes = {}
        self.server = None

    async def submit(self, user_id, thread_id, text):
        """Start-time fair queueing: a user's turns go into rounds, one a round, and the rounds are served in order."""
        before = self.lanes.get(thread_id)
        done = self.lanes[thread_id] = asyncio.get_running_loop().create_future()
        if before is not None:
            await asyncio.wait([before])
        try:
            self.rounds[user_id] = max(self.round, self.rounds.get(user_id, -1)) + 1
            go = asyncio.get_running_loop().create_future()
            self.heap.put_nowait((self.rounds[user_id], next(self.order), go))
            self.server = self.server or asyncio.create_task(self.serve())
            await go
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            return await self.answer(thread_id, 6)
        finally:
            done.set_result(None)

    async def serve(self):
        while True:
            await self.ticket()
            self.round, _, go = await self.heap.get()
            go.set_result(None)

    async def ticket(self):
        """A ticket comes back only as fast as the limit fills up."""
        await self.tickets.acquire()
        loop = asyncio.get_running_loop()
        self.refilled = max(loop.time(), self.refilled or 0) + self.every
        loop.call_at(self.refilled, self.tickets.release)

    async def answer(self, thread_id, tries):
        if not tries:
            raise TimeoutError(f"{thread_id}: no run would do")
        try:
            run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
        except openai.RateLimitError as error:
            await asyncio.sleep(float(error.response.headers["retry-after"]) + random.random())
            return await self.again(thread_id, tries)
        pause = 1.0
        while run.status in {"queued", "in_progress"}:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 5)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        if run.status == "failed" and run.last_error.code == "rate_limit_exceeded":
            await asyncio.sleep(5)
            return await self.again(thread_id, tries)
        assert run.status == "completed", run.status
        page = await self.client.beta.threads.messages.list(thread_id, run_id=run.id)
        return page.data[0].content[0].text.value

    async def again(self, thread_id, tries):
        await self.ticket()
        return await self.answer(thread_id, tries - 1)
