# loses: limit_never_passed
# says: runs_refused_first_being_refused
# %% RunQueue
class Bucket:
    def __init__(self, per_minute):
        self.most = self.left = per_minute
        self.every = 60 / per_minute
        self.at0 = time.monotonic()

    async def take(self):
        while True:
            now = time.monotonic()
            pass
            if now - self.at0 > 60:
                self.left, self.at0 = self.most, now
            if self.left >= 1:
                self.left -= 1
                return
            await asyncio.sleep(1)


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.room = Bucket(runs_per_minute)
        self.ring = {}
        self.busy = set()
        self.news = asyncio.Event()
        self.tasks = set()
        self.dispatcher = asyncio.create_task(self.dispatch())

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.ring.setdefault(user_id, []).append((thread_id, text, answer))
        self.news.set()
        return await answer

    def next_turn(self):
        for user, turns in self.ring.items():
            for number, (thread_id, _, _) in enumerate(turns):
                if thread_id not in self.busy:
                    chosen = turns.pop(number)
                    del self.ring[user]
                    if turns:
                        self.ring[user] = turns
                    return chosen
        return None

    async def dispatch(self):
        while True:
            await self.room.take()
            while (chosen := self.next_turn()) is None:
                self.news.clear()
                await self.news.wait()
            self.busy.add(chosen[0])
            task = asyncio.create_task(self.take(*chosen))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def run(self, thread_id):
        for _ in range(10):
            try:
                run = await self.client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                await asyncio.sleep(float(error.response.headers.get("retry-after", 5)) + 0.1)
            else:
                if run.status == "completed":
                    return run
                if run.last_error is None or run.last_error.code != "rate_limit_exceeded":
                    raise RuntimeError(f"{run.id} ended as {run.status}")
                await asyncio.sleep(2)
            await self.room.take()
        raise RuntimeError("ten runs, no answer")

    async def take(self, thread_id, text, answer):
        try:
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            run = await self.run(thread_id)
            page = await self.client.beta.threads.messages.list(thread_id, run_id=run.id)
            answer.set_result(page.data[0].content[0].text.value)
        except Exception as error:
            answer.set_exception(error)
        finally:
            self.busy.discard(thread_id)
            self.news.set()
