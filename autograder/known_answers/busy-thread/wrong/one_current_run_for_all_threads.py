# loses: free_thread_answers, never_sends_while_a_run_is_active, interrupts_the_run, rolls_back
# says: cancelled_elsewhere
# %% BusyThread
class Current:
    def __init__(self):
        self.run_id = None
        self.stop = False
        self.done = asyncio.get_running_loop().create_future()


class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client = client.with_options(max_retries=3)
        self.assistant_id = assistant_id
        self.strategy = strategy
        self.current = {}
        self.running = None

    async def submit(self, user_id, thread_id, text):
        older = self.current.get(thread_id)
        if older and not older.done.done() and self.strategy == "reject":
            raise Busy("try again later")
        me = self.current[thread_id] = Current()
        try:
            if older and not older.done.done():
                if self.strategy not in ("enqueue",):
                    older.stop = True
                    if self.running:
                        await self.cancel(thread_id, self.running)
                await older.done
            return await self.run(me, thread_id, text)
        finally:
            me.done.set_result(None)

    async def cancel(self, thread_id, run_id):
        try:
            await self.client.beta.threads.runs.cancel(run_id, thread_id=thread_id)
        except openai.BadRequestError:
            return

    async def run(self, me, thread_id, text):
        if me.stop and self.strategy == "rollback":
            raise Interrupted
        mine = await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        run = None
        if not me.stop:
            run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
            if me.stop:
                await self.cancel(thread_id, run.id)
            self.running = run.id
            while run.status in UNDER_WAY:
                await asyncio.sleep(1)
                run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
            if run.status == "completed" and not me.stop:
                return await async_answer_of(self.client, run)
        if me.stop and self.strategy == "rollback":
            if run:
                page = await self.client.beta.threads.messages.list(thread_id, run_id=run.id)
                await asyncio.gather(*(self.client.beta.threads.messages.delete(m.id, thread_id=thread_id) for m in page.data))
            await self.client.beta.threads.messages.delete(mine.id, thread_id=thread_id)
        if me.stop:
            raise Interrupted
        raise ValueError(run.status)
