# %% RunQueue
import collections
import heapq


class Lane:
    """One task for each thread while it has work; it posts at once and then waits for a start."""

    def __init__(self, owner, thread_id):
        self.owner, self.thread_id = owner, thread_id
        self.jobs = collections.deque()
        self.task = None

    def add(self, job):
        self.jobs.append(job)
        if self.task is None:
            self.task = asyncio.create_task(self.work())

    async def work(self):
        while self.jobs:
            user, text, answer = self.jobs.popleft()
            try:
                async with asyncio.timeout(3600):
                    answer.set_result(await self.owner.turn(user, self.thread_id, text))
            except BaseException as error:
                if not answer.done():
                    answer.set_exception(error if isinstance(error, Exception) else RuntimeError("stopped"))
                if not isinstance(error, Exception):
                    raise
        self.task = None


class RunQueue:
    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client, self.assistant_id = client.with_options(max_retries=0), assistant_id
        self.lanes, self.heap, self.virtual = {}, [], collections.defaultdict(float)
        self.now_serving, self.count = 0.0, 0
        self.gap, self.burst = 60 / runs_per_minute, runs_per_minute
        self.theoretical = 0.0
        self.pumping = False

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.lanes.setdefault(thread_id, Lane(self, thread_id)).add((user_id, text, answer))
        return await answer

    async def start(self, user):
        """Start-time fair queueing over a leaky bucket."""
        self.count += 1
        tag = self.virtual[user] = max(self.virtual[user], self.now_serving) + 1
        go = asyncio.get_running_loop().create_future()
        heapq.heappush(self.heap, (tag, self.count, go))
        if not self.pumping:
            self.pumping = True
            asyncio.get_running_loop().call_soon(self.pump)
        await go

    def pump(self):
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self.heap:
            self.pumping = False
            return
        base = max(self.theoretical, now)
        if base - now > (self.burst - 1) * self.gap + 1e-9:
            loop.call_at(base - (self.burst - 1) * self.gap + 1e-6, self.pump)
            return
        self.theoretical = base + self.gap
        tag, _, go = heapq.heappop(self.heap)
        self.now_serving = tag - 1
        go.set_result(None)
        loop.call_soon(self.pump)

    async def turn(self, user, thread_id, text):
        await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        failures = refusals = 0
        while failures < 10 and refusals < 10:
            await self.start(user)
            try:
                run = await self.client.beta.threads.runs.create(thread_id=thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                refusals += 1
                seconds = error.response.headers.get("x-ratelimit-reset-requests", "10s")
                await asyncio.sleep(max(float(error.response.headers.get("retry-after", 1)), 1) if seconds else 1)
                continue
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(self.until_over(run))
            run = waiting.result()
            if run.status == "completed":
                return "".join([m.content[0].text.value async for m in self.client.beta.threads.messages.list(thread_id, run_id=run.id)])
            if not run.last_error or run.last_error.code != "rate_limit_exceeded":
                raise RuntimeError(f"{run.id}: {run.status}")
            failures += 1
            await asyncio.sleep(min(30, 2**failures))
        raise RuntimeError("the limit won")

    async def until_over(self, run):
        while run.status in ("queued", "in_progress"):
            await asyncio.sleep(0.9)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        return run
