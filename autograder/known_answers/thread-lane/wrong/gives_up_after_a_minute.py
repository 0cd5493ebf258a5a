# loses: never_posts_while_a_run_is_active, keeps_the_order_of_a_thread, answers_each_its_own
# says: thread_locked_run_sent_something
# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        async with lock:
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            async with asyncio.timeout(60):
                run = await self.client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                raise RuntimeError(run.status)
            return await async_answer_of(self.client, run)
