# loses: gives_up_in_the_end
# says: never_got_a_run
# %% RunQueue
import asyncio
import time

import openai


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client, self.assistant_id = client, assistant_id
        self.most = self.left = runs_per_minute
        self.at = time.monotonic()
        self.waiting = {}
        self.busy = set()
        self.changed = asyncio.Event()
        self.dispatcher = None

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(user_id, []).append((thread_id, text, answer))
        self.changed.set()
        if self.dispatcher is None or self.dispatcher.done():
            self.dispatcher = asyncio.create_task(self.dispatch())
        return await answer

    async def room(self):
        while True:
            now = time.monotonic()
            self.left, self.at = min(self.most, self.left + (now - self.at) * self.most / 60), now
            if self.left >= 1:
                self.left -= 1
                return
            await asyncio.sleep((1 - self.left) * 60 / self.most)

    def next_turn(self):
        for user_id, turns in self.waiting.items():
            for turn in turns:
                if turn[0] not in self.busy:
                    turns.remove(turn)
                    del self.waiting[user_id]
                    if turns:
                        self.waiting[user_id] = turns
                    return turn
        return None

    async def dispatch(self):
        while self.waiting:
            await self.room()
            while (turn := self.next_turn()) is None:
                self.changed.clear()
                await self.changed.wait()
            self.busy.add(turn[0])
            asyncio.create_task(self.take(*turn))

    async def take(self, thread_id, text, answer):
        try:
            answer.set_result(await self.turn(thread_id, text))
        except Exception as error:
            answer.set_exception(error)
            for turns in self.waiting.values():
                for turn in turns:
                    turn[2].set_exception(error)
            self.waiting.clear()
        finally:
            self.busy.discard(thread_id)
            self.changed.set()

    async def turn(self, thread_id, text):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        for attempt in range(6):
            if attempt:
                await self.room()
            try:
                run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                await asyncio.sleep(float(error.response.headers.get("retry-after", 2**attempt)))
                continue
            run = await threads.runs.poll(run.id, thread_id=thread_id)
            if run.status == "completed":
                page = await threads.messages.list(thread_id, run_id=run.id, order="asc")
                return "\n".join(message.content[0].text.value for message in page.data)
            if run.status != "failed" or run.last_error.code != "rate_limit_exceeded":
                break
            await asyncio.sleep(2**attempt)
        raise RuntimeError(f"no answer on {thread_id}")
