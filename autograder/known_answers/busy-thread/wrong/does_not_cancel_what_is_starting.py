# loses: interrupts_the_run, rolls_back
# says: newer_message_run_before_left
# %% BusyThread
from dataclasses import dataclass, field


@dataclass
class _Turn:
    text: str
    before: "_Turn | None"
    stopped: bool = False
    run_id: str | None = None
    message_id: str | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.last = {}

    async def submit(self, user_id, thread_id, text):
        before = self.last.get(thread_id)
        if before is not None and before.over.is_set():
            before = None
        if before is not None and self.strategy == "reject":
            raise Busy()
        me = self.last[thread_id] = _Turn(text, before)
        try:
            return await self.take(thread_id, me)
        finally:
            me.over.set()
            me.before = None

    async def take(self, thread_id, me):
        threads = self.client.beta.threads
        if me.before is not None:
            if self.strategy in ("interrupt", "rollback"):
                me.before.stopped = True
                if me.before.run_id is not None:
                    await self.cancel(thread_id, me.before.run_id)
            await me.before.over.wait()
        me.message_id = (await threads.messages.create(thread_id, role="user", content=me.text)).id
        status = "never started"
        if not me.stopped:
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            me.run_id = run.id
            while run.status in UNDER_WAY:
                await asyncio.sleep(0.4)
                run = await threads.runs.retrieve(run.id, thread_id=thread_id)
            status = run.status
        if me.stopped:
            if self.strategy == "rollback":
                gone = [me.message_id]
                if me.run_id:
                    gone += [one.id async for one in threads.messages.list(thread_id, run_id=me.run_id)]
                await asyncio.gather(*(threads.messages.delete(one, thread_id=thread_id) for one in gone))
            raise Interrupted()
        if status != "completed":
            raise RuntimeError(status)
        return await async_answer_of(self.client, run)

    async def cancel(self, thread_id, run_id):
        with suppress(openai.BadRequestError):
            await self.client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
