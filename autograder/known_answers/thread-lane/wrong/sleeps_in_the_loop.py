# loses: threads_overlap
# says: event_loop_held_up
# %% ThreadLane
import time


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        async with lock:
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
            while run.status in ("queued", "in_progress"):
                time.sleep(5)
                run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
            if run.status != "completed":
                raise RuntimeError(run.status)
            return await async_answer_of(self.client, run)
