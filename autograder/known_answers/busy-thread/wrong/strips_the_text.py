# loses: free_thread_answers, queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel, a_failure_frees_the_thread
# says: no_run_active_thread
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes, self.newest = {}, {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
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
        message = await threads.messages.create(thread_id, role="user", content=text.strip())
        run = None
        if not stopped.is_set():
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            run = await self.ended(run, thread_id, stopped)
        if stopped.is_set():
            await self.undo(thread_id, message, run)
            raise Interrupted("a newer message came")
        if run.status != "completed":
            raise RuntimeError(f"the run is {run.status}")
        return await self.read(thread_id, run)

    async def ended(self, run, thread_id, stopped):
        asked = False
        while run.status in UNDER_WAY:
            if stopped.is_set() and not asked:
                asked = True
                with suppress(openai.BadRequestError):
                    await self.client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
            await asyncio.sleep(0.5)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        return run

    async def read(self, thread_id, run):
        replies = self.client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
        return "\n".join([part.text.value async for reply in replies for part in reply.content])

    async def undo(self, thread_id, message, run):
        if self.strategy != "rollback":
            return
        messages = self.client.beta.threads.messages
        wrote = [one.id async for one in messages.list(thread_id, run_id=run.id)] if run else []
        for one in [*wrote, message.id]:
            await messages.delete(one, thread_id=thread_id)
