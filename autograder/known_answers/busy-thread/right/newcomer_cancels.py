# %% BusyThread
class BusyThread:
    """The newer turn cancels the run of the older one itself; the older one sees how its run ended."""

    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes, self.turns = {}, {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        if lane.locked() and self.strategy == "reject":
            raise Busy(thread_id)
        older = self.turns.get(thread_id)
        turn = self.turns[thread_id] = {"stopped": False, "run_id": None}
        if older is not None and self.strategy in ("interrupt", "rollback"):
            older["stopped"] = True
            if older["run_id"] is not None:
                turn["cancelling"] = asyncio.create_task(self.cancel(thread_id, older["run_id"]))
        async with lane:
            try:
                if "cancelling" in turn:
                    await turn["cancelling"]
                return await self.take(thread_id, text, turn)
            finally:
                if self.turns.get(thread_id) is turn:
                    del self.turns[thread_id]

    async def cancel(self, thread_id, run_id):
        try:
            await self.client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
        except openai.BadRequestError:
            pass

    async def take(self, thread_id, text, turn):
        threads = self.client.beta.threads
        if turn["stopped"] and self.strategy == "rollback":
            raise Interrupted(text)
        message = await threads.messages.create(thread_id, role="user", content=text)
        run = None
        if not turn["stopped"]:
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
            turn["run_id"] = run.id
            if turn["stopped"]:
                await self.cancel(thread_id, run.id)
            while run.status in UNDER_WAY:
                await asyncio.sleep(1)
                run = await threads.runs.retrieve(run.id, thread_id=thread_id)
            turn["run_id"] = None
        if turn["stopped"]:
            if self.strategy == "rollback":
                if run is not None:
                    for reply in (await threads.messages.list(thread_id, run_id=run.id, limit=100)).data:
                        await threads.messages.delete(reply.id, thread_id=thread_id)
                await threads.messages.delete(message.id, thread_id=thread_id)
            raise Interrupted(text)
        return await async_answer_of(self.client, run)
