# %% BusyThread
class BusyThread:
    """Each turn is a task that first waits for the task before it; a newer turn tells the older one to stop."""

    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.last = {}

    async def submit(self, user_id, thread_id, text):
        before = self.last.get(thread_id)
        if before is not None and before["task"].done():
            before = None
        if before is not None and self.strategy == "reject":
            raise Busy("try again later")
        if before is not None and self.strategy != "enqueue":
            before["stop"] = True
        mine = {"stop": False}
        mine["task"] = asyncio.ensure_future(self.after(before, mine, thread_id, text))
        self.last[thread_id] = mine
        return await mine["task"]

    async def after(self, before, mine, thread_id, text):
        if before is not None:
            await asyncio.wait([before["task"]])
        runs, messages = self.client.beta.threads.runs, self.client.beta.threads.messages
        undo = self.strategy == "rollback"
        if mine["stop"] and undo:
            raise Interrupted(text)
        message = await messages.create(thread_id, role="user", content=text)
        run = None
        if not mine["stop"]:
            run = await runs.create(thread_id, assistant_id=self.assistant_id)
            run = await self.ended(run, mine)
        if mine["stop"]:
            if undo:
                if run is not None:
                    wrote = [one.id async for one in messages.list(thread_id, run_id=run.id)]
                    for one in wrote:
                        await messages.delete(one, thread_id=thread_id)
                await messages.delete(message.id, thread_id=thread_id)
            raise Interrupted(text)
        return await async_answer_of(self.client, run)

    async def ended(self, run, mine):
        told = False
        while run.status in UNDER_WAY:
            if mine["stop"] and not told:
                told = True
                try:
                    await self.client.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
                except openai.APIStatusError as error:
                    if error.status_code != 400:
                        raise
            await asyncio.sleep(1)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        return run
