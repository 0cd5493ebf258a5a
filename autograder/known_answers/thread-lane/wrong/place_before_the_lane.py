# loses: threads_overlap
# says: one_thread_waited_other_sent
# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}
        self.places = asyncio.Semaphore(5)

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        async with self.places, lock:
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            run = await self.client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                raise RuntimeError(run.status)
            return await async_answer_of(self.client, run)
