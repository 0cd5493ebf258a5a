# %% RunQueue
import itertools
from collections import deque


class RunQueue:
    """A lane a thread (lock), a deque a user, a pump that hands out permissions; at most N starts in any 60 s."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client, self.assistant_id = client, assistant_id
        self.limit = runs_per_minute
        self.starts = deque()
        self.lanes = {}
        self.wanting = {}
        self.pump_task = None

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        async with lane:
            await self.permission(user_id)
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            run = await self.answered(user_id, thread_id)
            page = await self.client.beta.threads.messages.list(thread_id, run_id=run.id, limit=1)
            return page.data[0].content[0].text.value

    async def answered(self, user_id, thread_id):
        for attempt in itertools.count(1):
            if attempt > 1:
                await self.permission(user_id)
            try:
                run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                if attempt >= 10:
                    raise
                await asyncio.sleep(int(error.response.headers.get("Retry-After", "7")))
                continue
            run = await self.client.beta.threads.runs.poll(run.id, thread_id=thread_id)
            if run.status == "completed":
                return run
            if attempt >= 10 or run.last_error.code != "rate_limit_exceeded":
                raise RuntimeError(f"run {run.id}: {run.status} {run.last_error}")
            await asyncio.sleep(min(2**attempt, 30))

    async def permission(self, user_id):
        ticket = asyncio.get_running_loop().create_future()
        self.wanting.setdefault(user_id, deque()).append(ticket)
        if self.pump_task is None or self.pump_task.done():
            self.pump_task = asyncio.create_task(self.pump())
        await ticket

    async def pump(self):
        while self.wanting:
            now = time.monotonic()
            while self.starts and now - self.starts[0] >= 60.5:
                self.starts.popleft()
            if len(self.starts) >= self.limit:
                await asyncio.sleep(60.5 - (now - self.starts[0]))
                continue
            user = next(iter(self.wanting))
            tickets = self.wanting.pop(user)
            self.starts.append(now)
            tickets.popleft().set_result(None)
            if tickets:
                self.wanting[user] = tickets
            await asyncio.sleep(0)
