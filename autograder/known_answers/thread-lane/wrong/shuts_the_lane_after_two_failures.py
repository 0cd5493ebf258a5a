# loses: a_failure_frees_the_lane
# says: after_turn_failed_next_say_2
# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}
        self.broken = {}

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        async with lock:
            if self.broken.get(thread_id, 0) >= 2:
                raise RuntimeError("this thread is broken")
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            run = await self.client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                self.broken[thread_id] = self.broken.get(thread_id, 0) + 1
                raise RuntimeError(run.status)
            return await async_answer_of(self.client, run)
