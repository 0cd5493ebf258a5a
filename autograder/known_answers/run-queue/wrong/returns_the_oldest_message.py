# loses: nobody_is_lost, done_in_2_5_times_the_optimum, done_in_1_6_times_the_optimum, done_in_1_15_times_the_optimum, survives_429, runs_again_after_rate_limit_exceeded
# says: turns_came_nothing_first
# %% RunQueue
from collections import OrderedDict, deque
import random


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.api = client.with_options(max_retries=0).beta.threads
        self.assistant_id = assistant_id
        self.size = self.left = float(runs_per_minute)
        self.every = 60 / runs_per_minute
        self.at = time.monotonic()
        self.not_before = 0.0
        self.ring = OrderedDict()
        self.busy = set()
        self.changed = asyncio.Event()
        self.tasks = set()
        self.dispatcher = asyncio.get_running_loop().create_task(self.dispatch())

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.ring.setdefault(user_id, deque()).append((thread_id, text, answer))
        self.changed.set()
        return await answer

    async def room(self):
        while True:
            now = time.monotonic()
            self.left = min(self.size, self.left + (now - self.at) / self.every)
            self.at = now
            if now < self.not_before:
                await asyncio.sleep(self.not_before - now)
            elif self.left >= 1:
                return
            else:
                await asyncio.sleep((1 - self.left) * self.every + 0.01)

    def next_turn(self):
        for user, turns in self.ring.items():
            blocked = set(self.busy)
            for turn in turns:
                if turn[0] not in blocked:
                    turns.remove(turn)
                    if turns:
                        self.ring.move_to_end(user)
                    else:
                        del self.ring[user]
                    return turn
                blocked.add(turn[0])
        return None

    async def dispatch(self):
        while True:
            await self.room()
            turn = self.next_turn()
            if turn is None:
                self.changed.clear()
                await self.changed.wait()
                continue
            self.left -= 1
            self.busy.add(turn[0])
            task = asyncio.create_task(self.take(*turn))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def take(self, thread_id, text, answer):
        try:
            result = await self.turn(thread_id, text)
        except Exception as error:
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(result)
        finally:
            self.busy.discard(thread_id)
            self.changed.set()

    async def turn(self, thread_id, text):
        await self.api.messages.create(thread_id, role="user", content=text)
        for attempt in range(5):
            if attempt:
                await asyncio.sleep(random.uniform(1, 1.5) * 2**attempt)
                await self.room()
                self.left -= 1
            run = await self.start(thread_id)
            while run.status in ("queued", "in_progress"):
                await asyncio.sleep(1)
                run = await self.api.runs.retrieve(run.id, thread_id=thread_id)
            if run.status == "completed":
                page = await self.api.messages.list(thread_id, order="asc")
                return page.data[0].content[0].text.value
            if run.last_error is None or run.last_error.code != "rate_limit_exceeded":
                raise RuntimeError(f"{run.id} ended {run.status}")
        raise RuntimeError("rate limit exceeded, five times")

    async def start(self, thread_id):
        for attempt in range(8):
            try:
                return await self.api.runs.create(thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                if attempt == 7:
                    raise
                wait = float(error.response.headers.get("retry-after", 5))
                self.not_before = max(self.not_before, time.monotonic() + wait + 0.1)
                await asyncio.sleep(wait + 0.1)
