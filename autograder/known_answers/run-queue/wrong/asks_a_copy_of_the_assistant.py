# loses: nobody_is_lost, done_in_2_5_times_the_optimum, done_in_1_6_times_the_optimum, done_in_1_15_times_the_optimum, survives_429, runs_again_after_rate_limit_exceeded
# says: turns_came_nothing_first
# %% RunQueue
class RunQueue:
    MOST_RUNS = 5

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.most = self.left = float(runs_per_minute)
        self.every = 60 / runs_per_minute
        self.at = time.monotonic()
        self.not_before = 0.0
        self.ring = {}
        self.busy = set()
        self.changed = asyncio.Event()
        self.tasks = set()
        self.room_lock = asyncio.Lock()
        self.copying = asyncio.create_task(client.beta.assistants.create(model="gpt-4o"))
        self.dispatcher = asyncio.create_task(self.dispatch())

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.ring.setdefault(user_id, []).append((thread_id, text, answer))
        self.changed.set()
        return await answer

    async def room(self):
        async with self.room_lock:
            while True:
                now = time.monotonic()
                self.left, self.at = min(self.most, self.left + (now - self.at) / self.every), now
                if now < self.not_before:
                    await asyncio.sleep(self.not_before - now)
                elif self.left >= 1:
                    self.left -= 1
                    return
                else:
                    await asyncio.sleep((1 - self.left) * self.every + 0.001)

    def next_turn(self):
        for user, turns in self.ring.items():
            for place, (thread_id, text, answer) in enumerate(turns):
                if thread_id not in self.busy:
                    chosen = turns.pop(place)
                    del self.ring[user]
                    if turns:
                        self.ring[user] = turns
                    return chosen
        return None

    async def dispatch(self):
        while True:
            await self.room()
            while (chosen := self.next_turn()) is None:
                self.changed.clear()
                await self.changed.wait()
            self.busy.add(chosen[0])
            task = asyncio.create_task(self.take(*chosen))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def take(self, thread_id, text, answer):
        try:
            value = await self.turn(thread_id, text)
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(value)
        finally:
            self.busy.discard(thread_id)
            self.changed.set()

    async def turn(self, thread_id, text):
        await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        for number in range(self.MOST_RUNS):
            if number:
                await asyncio.sleep(1.5)
                await self.room()
            run = await self.start(thread_id)
            run = await self.client.beta.threads.runs.poll(run.id, thread_id=thread_id, poll_interval_ms=1000)
            if run.status == "completed":
                replies = self.client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
                return "\n".join([one.content[0].text.value async for one in replies])
            if run.status != "failed" or run.last_error.code != "rate_limit_exceeded":
                break
        raise RuntimeError(f"{run.id} is {run.status}")

    async def start(self, thread_id):
        for refusals in range(20):
            try:
                return await self.client.beta.threads.runs.create(thread_id, assistant_id=(await self.copying).id)
            except openai.RateLimitError as error:
                wait = float(error.response.headers.get("retry-after", 5))
                self.not_before = max(self.not_before, time.monotonic() + wait)
                await asyncio.sleep(wait + 0.05)
        raise RuntimeError("refused too often")
