# loses: nobody_is_lost, limit_never_passed
# says: halted: waits
# %% RunQueue
from collections import defaultdict


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client = client.with_options(max_retries=0)
        self.assistant_id = assistant_id
        self.interval = 60.0 / runs_per_minute
        self.burst = runs_per_minute
        self.tat = time.monotonic() - 60  # theoretical arrival time (GCRA)
        self.queue = []
        self.started = defaultdict(int)
        self.busy = set()
        self.condition = asyncio.Condition()

    def head(self):
        seen, best = set(self.busy), None
        for ticket in self.queue:
            if ticket["thread"] in seen:
                continue
            seen.add(ticket["thread"])
            if best is None or self.started[ticket["user"]] < self.started[best["user"]]:
                best = ticket
        return best

    def delay(self):
        now = time.monotonic()
        return max(0.0, max(self.tat, now) - (self.burst - 1) * self.interval - now)

    def take(self):
        self.tat = max(self.tat, time.monotonic()) + self.interval

    async def submit(self, user_id, thread_id, text):
        ticket = {"user": user_id, "thread": thread_id}
        self.queue.append(ticket)
        async with self.condition:
            while True:
                if self.head() is ticket:
                    if self.delay() <= 0:
                        break
                await self.condition.wait()
            self.queue.remove(ticket)
            self.take()
            self.started[user_id] += 1
            self.busy.add(thread_id)
            self.condition.notify_all()
        try:
            return await self.turn(thread_id, text)
        finally:
            self.busy.discard(thread_id)
            async with self.condition:
                self.condition.notify_all()

    async def turn(self, thread_id, text):
        api = self.client.beta.threads
        await api.messages.create(thread_id, role="user", content=text)
        for number in range(6):
            run = await self.persist(lambda: api.runs.create(thread_id, assistant_id=self.assistant_id))
            run = await api.runs.poll(run.id, thread_id=thread_id)
            if run.status == "completed":
                return "".join([m.content[0].text.value async for m in api.messages.list(thread_id, run_id=run.id, order="asc")])
            if run.last_error.code != "rate_limit_exceeded":
                break
            await asyncio.sleep(1.5 + number)
            while (wait := self.delay()) > 0:
                await asyncio.sleep(wait)
            self.take()
        raise RuntimeError(f"{run.id}: {run.status}, {run.last_error}")

    async def persist(self, call, attempts=7):
        for left in range(attempts, -1, -1):
            try:
                return await call()
            except openai.RateLimitError as error:
                if not left:
                    raise
                await asyncio.sleep(float(error.response.headers.get("retry-after") or 1) + 0.05)
