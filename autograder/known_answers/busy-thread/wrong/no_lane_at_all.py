# loses: never_sends_while_a_run_is_active, rejects_without_a_trace, queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel, a_failure_frees_the_thread
# says: thread_locked_run_sent_something
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes = {}
        self.newest = {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        if self.strategy == "reject" and lane.locked():
            raise Busy(thread_id)
        stopped = asyncio.Event()
        if self.strategy in ("interrupt", "rollback") and thread_id in self.newest:
            self.newest[thread_id].set()
        self.newest[thread_id] = stopped
        if True:
            return await self.turn(thread_id, text, stopped)

    async def turn(self, thread_id, text, stopped):
        threads = self.client.beta.threads
        if stopped.is_set() and self.strategy == "rollback":
            raise Interrupted(text)
        message = await threads.messages.create(thread_id, role="user", content=text)
        run, asked = None, False
        if not stopped.is_set():
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
        while run is not None and run.status in UNDER_WAY:
            if stopped.is_set() and not asked:
                asked = True
                try:
                    await threads.runs.cancel(run.id, thread_id=thread_id)
                except openai.BadRequestError:
                    pass
            await asyncio.sleep(0.5)
            run = await threads.runs.retrieve(run.id, thread_id=thread_id)
        if stopped.is_set() and self.strategy == "rollback":
            if run is not None:
                async for reply in threads.messages.list(thread_id, run_id=run.id):
                    await threads.messages.delete(reply.id, thread_id=thread_id)
            await threads.messages.delete(message.id, thread_id=thread_id)
            raise Interrupted(text)
        if run is None or (stopped.is_set() and run.status != "completed"):
            raise Interrupted(text)
        return await async_answer_of(self.client, run)
