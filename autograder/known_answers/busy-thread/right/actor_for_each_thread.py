# %% BusyThread
class Actor:
    def __init__(self, desk, thread_id):
        self.desk, self.thread_id = desk, thread_id
        self.inbox = []
        self.now = None
        self.worker = None

    @property
    def busy(self):
        return self.now is not None or bool(self.inbox)

    def add(self, text):
        future = asyncio.get_running_loop().create_future()
        stops = self.desk.strategy in ("interrupt", "rollback")
        if stops:
            for one in [*self.inbox, *([self.now] if self.now else [])]:
                one["stopped"] = True
        self.inbox.append({"text": text, "future": future, "stopped": False})
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self.work())
        return future

    async def work(self):
        while self.inbox:
            self.now = self.inbox.pop(0)
            try:
                self.now["future"].set_result(await self.desk.take(self.thread_id, self.now))
            except Exception as error:
                self.now["future"].set_exception(error)
            self.now = None


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.actors = {}

    async def submit(self, user_id, thread_id, text):
        actor = self.actors.setdefault(thread_id, Actor(self, thread_id))
        if self.strategy == "reject" and actor.busy:
            raise Busy(thread_id)
        return await actor.add(text)

    async def take(self, thread_id, turn):
        threads = self.client.beta.threads
        if turn["stopped"] and self.strategy == "rollback":
            raise Interrupted(turn["text"])
        made = [(await threads.messages.create(thread_id, role="user", content=turn["text"])).id]
        if turn["stopped"]:
            if self.strategy == "rollback":
                await threads.messages.delete(made[0], thread_id=thread_id)
            raise Interrupted(turn["text"])
        run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
        cancelled = False
        while run.status in UNDER_WAY:
            await asyncio.sleep(0.25)
            if turn["stopped"] and not cancelled:
                cancelled = True
                try:
                    await threads.runs.cancel(run.id, thread_id=thread_id)
                except openai.BadRequestError:
                    pass
            run = await threads.runs.retrieve(run.id, thread_id=thread_id)
        if turn["stopped"]:
            if self.strategy == "rollback":
                made += [one.id async for one in threads.messages.list(thread_id, run_id=run.id)]
                for one in made:
                    await threads.messages.delete(one, thread_id=thread_id)
            raise Interrupted(turn["text"])
        return await async_answer_of(self.client, run)
