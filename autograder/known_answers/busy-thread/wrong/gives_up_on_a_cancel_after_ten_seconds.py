# loses: never_sends_while_a_run_is_active, interrupts_the_run, rolls_back
# says: thread_locked_run_sent_something
# %% BusyThread
class _Turn:
    def __init__(self):
        self.stopped = False
        self.over = asyncio.Event()


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client = client
        self.assistant_id = assistant_id
        self.strategy = strategy
        self.last = {}

    async def submit(self, user_id, thread_id, text):
        before = self.last.get(thread_id)
        if before is not None and self.strategy == "reject":
            raise Busy(thread_id)
        turn = _Turn()
        self.last[thread_id] = turn
        try:
            if before is not None:
                if self.strategy in ("interrupt", "rollback"):
                    before.stopped = True
                await before.over.wait()
            return await self.take(turn, thread_id, text)
        finally:
            turn.over.set()
            if self.last.get(thread_id) is turn:
                del self.last[thread_id]

    async def take(self, turn, thread_id, text):
        rollback = self.strategy == "rollback"
        if turn.stopped and rollback:
            raise Interrupted(text)
        message = await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        if turn.stopped:
            if rollback:
                await self.client.beta.threads.messages.delete(message.id, thread_id=thread_id)
            raise Interrupted(text)
        run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
        asked = False
        looks = 0
        while run.status in UNDER_WAY and looks < 20:
            looks += asked
            if turn.stopped and not asked:
                asked = True
                with suppress(openai.BadRequestError):
                    await self.client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
            else:
                await asyncio.sleep(0.5)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        if turn.stopped:
            if rollback:
                await self.undo(thread_id, message, run)
            raise Interrupted(text)
        if run.status != "completed":
            raise RuntimeError(f"{run.id} is {run.status}")
        return await async_answer_of(self.client, run)

    async def undo(self, thread_id, message, run):
        written = [m.id async for m in self.client.beta.threads.messages.list(thread_id, run_id=run.id)]
        for message_id in [*written, message.id]:
            await self.client.beta.threads.messages.delete(message_id, thread_id=thread_id)
