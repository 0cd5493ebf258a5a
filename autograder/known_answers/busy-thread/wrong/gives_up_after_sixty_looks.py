# loses: free_thread_answers, never_sends_while_a_run_is_active, interrupts_the_run
# says: no_run_active_thread
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes = {}
        self.newest = {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        if self.strategy == "reject" and lane.locked():
            raise Busy(f"{thread_id} is busy")
        if self.strategy in ("interrupt", "rollback") and thread_id in self.newest:
            self.newest[thread_id].set()
        stopped = self.newest[thread_id] = asyncio.Event()
        async with lane:
            return await self.turn(thread_id, text, stopped)

    async def turn(self, thread_id, text, stopped):
        threads = self.client.beta.threads
        message = await threads.messages.create(thread_id, role="user", content=text)
        run = None
        if not stopped.is_set():
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            run = await self.ended(run, stopped)
        if stopped.is_set():
            if self.strategy == "rollback":
                await self.undo(thread_id, message, run)
            raise Interrupted("a newer message came")
        if run.status != "completed":
            raise RuntimeError(f"{run.id} is {run.status}")
        return await async_answer_of(self.client, run)

    async def ended(self, run, stopped):
        asked = False
        looks = 0
        runs = self.client.beta.threads.runs
        while run.status in UNDER_WAY:
            if stopped.is_set() and not asked:
                asked = True
                with suppress(openai.BadRequestError):
                    await runs.cancel(run.id, thread_id=run.thread_id)
            looks += 1
            if looks > 60:
                break
            await asyncio.sleep(0.5)
            run = await runs.retrieve(run.id, thread_id=run.thread_id)
        return run

    async def undo(self, thread_id, message, run):
        messages = self.client.beta.threads.messages
        if run is not None:
            wrote = [one.id async for one in messages.list(thread_id, run_id=run.id)]
            for one in wrote:
                await messages.delete(one, thread_id=thread_id)
        await messages.delete(message.id, thread_id=thread_id)
