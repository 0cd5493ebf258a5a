# loses: a_failure_frees_the_thread
# says: after_turn_failed
# %% BusyThread
class Lane:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.newest = None


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.threads = client.beta.threads
        self.client = client
        self.assistant_id = assistant_id
        self.strategy = strategy
        self.lanes = {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, Lane())
        stopped = asyncio.Event()
        if self.strategy == "reject" and lane.lock.locked():
            raise Busy(thread_id)
        if self.strategy in ("interrupt", "rollback"):
            if lane.newest is not None:
                lane.newest.set()
            lane.newest = stopped
        async with lane.lock:
            try:
                return await self.turn(thread_id, text, stopped)
            except RuntimeError:
                self.lanes.pop(thread_id, None)
                raise

    async def turn(self, thread_id, text, stopped):
        if self.strategy == "rollback" and stopped.is_set():
            raise Interrupted(thread_id)
        message = await self.threads.messages.create(thread_id, role="user", content=text)
        run = None
        if not stopped.is_set():
            run = await self.threads.runs.create(thread_id, assistant_id=self.assistant_id)
            run = await self.ended(run, stopped)
        if stopped.is_set():
            if self.strategy == "rollback":
                await self.undo(thread_id, message, run)
            raise Interrupted(thread_id)
        if run.status != "completed":
            raise RuntimeError(f"{run.id} is {run.status}")
        return await self.answer(run)

    async def ended(self, run, stopped):
        asked = False
        while run.status in UNDER_WAY:
            if stopped.is_set() and not asked:
                asked = True
                with suppress(openai.BadRequestError):
                    await self.threads.runs.cancel(run.id, thread_id=run.thread_id)
            await asyncio.sleep(0.5)
            run = await self.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        return run

    async def undo(self, thread_id, message, run):
        if run is not None:
            wrote = [one.id async for one in self.threads.messages.list(thread_id, run_id=run.id)]
            for one in wrote:
                await self.threads.messages.delete(one, thread_id=thread_id)
        await self.threads.messages.delete(message.id, thread_id=thread_id)

    async def answer(self, run):
        return await async_answer_of(self.client, run)
