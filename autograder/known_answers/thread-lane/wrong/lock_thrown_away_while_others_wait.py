# loses: answers_each_its_own, keeps_the_order_of_a_thread, never_posts_while_a_run_is_active
# says: thread_locked_run_sent_something
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks = {}

    async def say(self, thread_id, text):
        lock = self.locks.setdefault(thread_id, asyncio.Lock())
        try:
            async with lock:
                return await self.turn(thread_id, text)
        finally:
            self.locks.pop(thread_id, None)

    async def turn(self, thread_id, text):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        if run.status != "completed":
            raise RuntimeError(f"the run ended {run.status}")
        page = await threads.messages.list(thread_id, run_id=run.id)
        return page.data[0].content[0].text.value
