# loses: threads_overlap
# says: waited_to_read
# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client = client
        self.assistant_id = assistant_id
        self.locks = {}
        self.all = asyncio.Lock()

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        async with lock:
            return await self.turn(thread_id, text)

    async def turn(self, thread_id, text):
        await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        run = await self.client.beta.threads.runs.create(thread_id=thread_id, assistant_id=self.assistant_id)
        async with self.all:
            run = await self.client.beta.threads.runs.poll(run.id, thread_id=thread_id)
        return await async_answer_of(self.client, run)
