# %% RunQueue
import asyncio
import time

import openai


class TurnFailed(Exception):
    pass


class RunQueue:
    """Each user has an asyncio.Queue, and asks a clerk for a token when it has something that may start. Streams instead of polling."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client
        self.assistant_id = assistant_id
        self.spacing = 60 / runs_per_minute
        self.tokens = asyncio.Queue()
        for _ in range(runs_per_minute):
            self.tokens.put_nowait(None)
        self.refill = asyncio.create_task(self._refill(runs_per_minute))
        self.clerk = asyncio.create_task(self._clerk())
        self.lines = {}  # user -> list of (thread, future)
        self.order = []
        self.locks = {}
        self.something = asyncio.Condition()

    async def _refill(self, most):
        while True:
            await asyncio.sleep(self.spacing)
            if self.tokens.qsize() < most:
                self.tokens.put_nowait(None)

    async def _clerk(self):
        while True:
            async with self.something:
                await self.something.wait_for(lambda: self.order)
            await self.tokens.get()
            user = self.order.pop(0)
            self.lines[user].pop(0).set_result(None)
            if self.lines[user]:
                self.order.append(user)

    async def _token(self, user):
        future = asyncio.get_running_loop().create_future()
        async with self.something:
            self.lines.setdefault(user, []).append(future)
            if user not in self.order:
                self.order.append(user)
            self.something.notify()
        await future

    async def submit(self, user_id, thread_id, text):
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            await self._token(user_id)
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            runs = 0
            while runs < 10:
                try:
                    async with self.client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=self.assistant_id) as stream:
                        await stream.until_done()
                        run = stream.current_run
                        messages = await stream.get_final_messages() if run.status == "completed" else []
                except openai.RateLimitError as refused:
                    await asyncio.sleep(float(refused.response.headers["retry-after"]))
                    await self._token(user_id)
                    continue
                runs += 1
                if run.status == "completed":
                    return messages[0].content[0].text.value
                if run.last_error and run.last_error.code == "rate_limit_exceeded":
                    await asyncio.sleep(5)
                    await self._token(user_id)
                    continue
                raise TurnFailed(run.status)
            raise TurnFailed("too many runs")
