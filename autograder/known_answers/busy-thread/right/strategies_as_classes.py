# %% BusyThread
class Enqueue:
    """The plain turn; the others differ in two places."""

    stops = False

    def __init__(self, desk):
        self.desk = desk

    def arrives(self, lane, newest):
        if self.stops and newest is not None:
            newest["stopped"] = True

    def worth_posting(self, turn):
        return True

    async def undo(self, thread_id, message, run):
        pass


class Reject(Enqueue):
    def arrives(self, lane, newest):
        if lane.locked():
            raise Busy("this thread is busy")


class Interrupt(Enqueue):
    stops = True


class Rollback(Interrupt):
    def worth_posting(self, turn):
        return not turn["stopped"]

    async def undo(self, thread_id, message, run):
        messages = self.desk.client.beta.threads.messages
        for one in [one async for one in messages.list(thread_id, order="asc", after=message.id)]:
            if run is not None and one.run_id == run.id:
                await messages.delete(one.id, thread_id=thread_id)
        await messages.delete(message.id, thread_id=thread_id)


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        kinds = {"enqueue": Enqueue, "reject": Reject, "interrupt": Interrupt, "rollback": Rollback}
        self.client, self.assistant_id = client, assistant_id
        self.strategy = kinds[strategy](self)
        self.lanes, self.newest = {}, {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        self.strategy.arrives(lane, self.newest.get(thread_id))
        turn = self.newest[thread_id] = {"stopped": False}
        async with lane:
            if not self.strategy.worth_posting(turn):
                raise Interrupted(text)
            threads = self.client.beta.threads
            message = await threads.messages.create(thread_id, role="user", content=text)
            run = None
            if not turn["stopped"]:
                run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
                run = await self.end_of(run, turn)
            if turn["stopped"]:
                await self.strategy.undo(thread_id, message, run)
                raise Interrupted(text)
            return await async_answer_of(self.client, run)

    async def end_of(self, run, turn):
        runs, asked = self.client.beta.threads.runs, False
        while run.status in UNDER_WAY:
            if turn["stopped"] and not asked:
                asked = True
                try:
                    run = await runs.cancel(run.id, thread_id=run.thread_id)
                except openai.BadRequestError:
                    pass
            await asyncio.sleep(0.4)
            run = await runs.retrieve(run.id, thread_id=run.thread_id)
        return run
