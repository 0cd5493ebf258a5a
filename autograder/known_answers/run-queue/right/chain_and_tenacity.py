# %% RunQueue
import tenacity


class LimitHit(Exception):
    def __init__(self, run):
        super().__init__(f"run {run.id} failed: {run.last_error.message}")


def pause(state):
    error = state.outcome.exception()
    if isinstance(error, openai.RateLimitError):
        return float(error.response.headers.get("retry-after", 10)) + 0.25
    return 1 + 2 ** min(state.attempt_number, 4)


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.period = 60 / (runs_per_minute - 0.5)
        self.tokens, self.most, self.stamp = float(runs_per_minute), runs_per_minute, time.time()
        self.users, self.threads = [], {}
        self.queues = {}
        self.timer = None

    # -- fair permission, with call_later and no task of its own
    def _kick(self):
        now = time.time()
        self.tokens = min(self.most, self.tokens + (now - self.stamp) / self.period)
        self.stamp = now
        while self.tokens >= 1 and self.users:
            user = self.users.pop(0)
            waiter = self.queues[user].pop(0)
            if self.queues[user]:
                self.users.append(user)
            if not waiter.done():
                waiter.set_result(True)
                self.tokens -= 1
        if self.users and self.timer is None:
            self.timer = asyncio.get_running_loop().call_later((1 - self.tokens) * self.period + 0.001, self._ring)

    def _ring(self):
        self.timer = None
        self._kick()

    async def _room(self, user):
        waiter = asyncio.Future()
        line = self.queues.setdefault(user, [])
        line.append(waiter)
        if user not in self.users:
            self.users.append(user)
        self._kick()
        await waiter

    async def submit(self, user_id, thread_id, text):
        before = self.threads.get(thread_id)
        mine = self.threads[thread_id] = asyncio.ensure_future(self._turn(before, user_id, thread_id, text))
        return await mine

    async def _turn(self, before, user_id, thread_id, text):
        if before is not None:
            await asyncio.wait([before])
        await self._room(user_id)
        await self.client.beta.threads.retrieve(thread_id)  # is it there at all?
        message = await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        first = True
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type((LimitHit, openai.RateLimitError)),
            wait=pause,
            stop=tenacity.stop_after_attempt(8),
            reraise=True,
        ):
            with attempt:
                if not first:
                    await self._room(user_id)
                first = False
                run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
                while run.status in ("queued", "in_progress"):
                    await asyncio.sleep(0.8)
                    run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
                if run.status == "failed" and run.last_error.code == "rate_limit_exceeded":
                    raise LimitHit(run)
        if run.status != "completed":
            raise RuntimeError(run.status)
        async for one in self.client.beta.threads.messages.list(thread_id, after=message.id, order="asc"):
            if one.run_id == run.id:
                return one.content[0].text.value
        raise RuntimeError("no text")
