# loses: nobody_is_lost
# says: turns_came_nothing_first
# %% RunQueue
import asyncio
import time
from collections import deque

import openai


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client
        self.once = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.size = runs_per_minute
        self.left = float(runs_per_minute)
        self.every = 60 / runs_per_minute
        self.at = time.monotonic()
        self.ring = {}
        self.busy = set()
        self.changed = asyncio.Event()
        self.tasks = set()
        self.dispatcher = asyncio.create_task(self.dispatch())

    async def submit(self, user_id, thread_id, text):
        self.cache = getattr(self, "cache", {})
        if (user_id, text) in self.cache:
            return await asyncio.shield(self.cache[user_id, text])
        answer = asyncio.get_running_loop().create_future()
        self.ring.setdefault(user_id, []).append((thread_id, text, answer))
        self.cache[user_id, text] = answer
        self.changed.set()
        return await answer

    async def room(self):
        while True:
            now = time.monotonic()
            self.left = min(self.size, self.left + (now - self.at) / self.every)
            self.at = now
            if self.left >= 1:
                self.left -= 1
                return
            await asyncio.sleep((1 - self.left) * self.every + 0.001)

    def next_turn(self):
        for user, turns in self.ring.items():
            for number, turn in enumerate(turns):
                if turn[0] not in self.busy:
                    turns.pop(number)
                    del self.ring[user]
                    if turns:
                        self.ring[user] = turns
                    return turn
        return None

    async def dispatch(self):
        while True:
            await self.room()
            while (turn := self.next_turn()) is None:
                self.changed.clear()
                await self.changed.wait()
            self.busy.add(turn[0])
            task = asyncio.create_task(self.take(*turn))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def take(self, thread_id, text, answer):
        try:
            answer.set_result(await self.turn(thread_id, text))
        except Exception as error:
            answer.set_exception(error)
        finally:
            self.busy.discard(thread_id)
            self.changed.set()

    async def start(self, thread_id):
        for tries in range(8):
            try:
                return await self.once.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                if tries == 7:
                    raise
                await asyncio.sleep(float(error.response.headers.get("retry-after", 1)))

    async def turn(self, thread_id, text):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        for tries in range(5):
            if tries:
                await asyncio.sleep(2)
                await self.room()
            run = await self.start(thread_id)
            run = await threads.runs.poll(run.id, thread_id=thread_id)
            if run.status == "completed":
                page = await threads.messages.list(thread_id, run_id=run.id)
                return page.data[0].content[0].text.value
            if run.last_error is None or run.last_error.code != "rate_limit_exceeded":
                break
        raise RuntimeError(f"the run ended as {run.status}")
