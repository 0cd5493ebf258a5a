# loses: a_failure_frees_the_lane
# says: halted: waits
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks = {}

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        await lock.acquire()
        await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        try:
            return await self.turn(thread_id)
        finally:
            lock.release()

    async def turn(self, thread_id):
        threads = self.client.beta.threads
        run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        if run.status != "completed":
            raise RuntimeError(f"the run ended {run.status}")
        page = await threads.messages.list(thread_id, run_id=run.id)
        return page.data[0].content[0].text.value
