# loses: copes_with_a_late_cancel, a_failure_frees_the_thread
# says: halted: polled
# frees the thread: incomplete is no end
# %% BusyThread
from collections import defaultdict


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes = defaultdict(asyncio.Lock)
        self.newest = {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes[thread_id]
        if self.strategy == "reject" and lane.locked():
            raise Busy(thread_id)
        stopped = asyncio.Event()
        if self.strategy in ("interrupt", "rollback"):
            if thread_id in self.newest:
                self.newest[thread_id].set()
            self.newest[thread_id] = stopped
        async with lane:
            return await self.turn(thread_id, text, stopped)

    async def turn(self, thread_id, text, stopped):
        threads = self.client.beta.threads
        if stopped.is_set() and self.strategy == "rollback":
            raise Interrupted(text)
        message = await threads.messages.create(thread_id, role="user", content=text)
        run = None
        if not stopped.is_set():
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            run = await self.ended(run, stopped)
        if not stopped.is_set() and run.status != "completed":
            raise RuntimeError(f"{run.id} is {run.status}")
        if not stopped.is_set():
            answer = await async_answer_of(self.client, run)
        if stopped.is_set():
            if self.strategy == "rollback":
                await self.undo(thread_id, message, run)
            raise Interrupted(text)
        return answer

    async def ended(self, run, stopped):
        runs, asked = self.client.beta.threads.runs, False
        while run.status not in ("completed", "failed", "cancelled", "expired"):
            if stopped.is_set() and not asked:
                asked = True
                with suppress(openai.BadRequestError):
                    await runs.cancel(run.id, thread_id=run.thread_id)
            await asyncio.sleep(0.5)
            run = await runs.retrieve(run.id, thread_id=run.thread_id)
        return run

    async def undo(self, thread_id, message, run):
        threads = self.client.beta.threads
        if run is not None:
            wrote = [one.id async for one in threads.messages.list(thread_id, run_id=run.id)]
            for one in wrote:
                await threads.messages.delete(one, thread_id=thread_id)
        await threads.messages.delete(message.id, thread_id=thread_id)
