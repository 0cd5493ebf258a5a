# %% RunQueue
import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any


@dataclass(order=True)
class Waiting:
    rank: tuple[int, int]
    user: str = field(compare=False)
    thread: str = field(compare=False)
    text: str = field(compare=False)
    done: Any = field(compare=False)


class RunQueue:
    """Whoever has had the fewest runs comes first."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self._client, self._assistant, self._limit = client.with_options(max_retries=0), assistant_id, runs_per_minute
        self._starts = []  # of the last minute
        self._waiting: list[Waiting] = []
        self._count = itertools.count()
        self._served = {}
        self._locked = set()
        self._loop = asyncio.get_running_loop()
        self._timer = None
        self._jobs = set()

    async def submit(self, user_id: str, thread_id: str, text: str) -> str:
        self._served.setdefault(user_id, 0)
        done = self._loop.create_future()
        self._waiting.append(Waiting((0, next(self._count)), user_id, thread_id, text, done))
        self._pump()
        return await done

    def _choose(self):
        first = {}
        for one in self._waiting:
            first.setdefault(one.thread, one)
        ready = [one for one in first.values() if one.thread not in self._locked]
        return min(ready, key=lambda one: (self._served[one.user], one.rank[1]), default=None)

    def _pump(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while True:
            now = self._loop.time()
            self._starts = [at for at in self._starts if now - at < 60.5]
            chosen = self._choose()
            if chosen is None:
                return
            if len(self._starts) >= self._limit:
                self._timer = self._loop.call_at(self._starts[0] + 60.5, self._pump)
                return
            self._starts.append(now)
            self._waiting.remove(chosen)
            self._served[chosen.user] += 1
            self._locked.add(chosen.thread)
            job = self._loop.create_task(self._serve(chosen))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    async def _serve(self, one):
        try:
            one.done.set_result(await self._turn(one))
        except Exception as error:
            one.done.set_exception(error)
        finally:
            self._locked.discard(one.thread)
            self._pump()

    async def _turn(self, one):
        threads = self._client.beta.threads
        await threads.messages.create(thread_id=one.thread, role="user", content=one.text)
        refusals = failures = 0
        while True:
            try:
                run = await threads.runs.create_and_poll(thread_id=one.thread, assistant_id=self._assistant)
            except openai.RateLimitError as error:
                refusals += 1
                if refusals > 10:
                    raise
                await asyncio.sleep(float(error.response.headers["retry-after"]))
                continue
            if run.status == "completed":
                texts = [m.content[0].text.value async for m in threads.messages.list(one.thread, run_id=run.id)]
                return texts[0]
            failures += 1
            if failures == 3 or run.last_error.code != "rate_limit_exceeded":
                raise RuntimeError(f"gave up: {run.last_error}")
            await asyncio.sleep(2)
            self._starts.append(self._loop.time())
