# loses: never_posts_while_a_run_is_active, keeps_the_order_of_a_thread, answers_each_its_own, a_failure_frees_the_lane
# says: thread_locked_run_sent_something
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks = {}

    async def say(self, thread_id, text):
        threads = self.client.beta.threads
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            await threads.messages.create(thread_id, role="user", content=text)
            run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
        run = await threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "completed":
            raise RuntimeError(run.status)
        return (await threads.messages.list(thread_id, run_id=run.id)).data[0].content[0].text.value
