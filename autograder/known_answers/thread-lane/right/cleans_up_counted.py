# %% ThreadLane
class Base:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def turn(self, thread_id, text, bad=("failed", "expired", "incomplete", "cancelled")):
        t = self.client.beta.threads
        await t.messages.create(thread_id, role="user", content=text)
        run = await t.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        if run.status in bad:
            raise RuntimeError(run.status)
        page = await t.messages.list(thread_id, run_id=run.id, order="asc")
        return "\n".join(m.content[0].text.value for m in page.data)


class ThreadLane(Base):
    async def say(self, thread_id, text):
        lock, n = self.locks.get(thread_id, (asyncio.Lock(), 0))
        self.locks[thread_id] = (lock, n + 1)
        try:
            async with lock:
                return await self.turn(thread_id, text)
        finally:
            lock, n = self.locks[thread_id]
            if n == 1:
                del self.locks[thread_id]
            else:
                self.locks[thread_id] = (lock, n - 1)
