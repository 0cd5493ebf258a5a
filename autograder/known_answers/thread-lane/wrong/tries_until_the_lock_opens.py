# loses: never_posts_while_a_run_is_active, keeps_the_order_of_a_thread, answers_each_its_own, a_failure_frees_the_lane
# says: thread_locked_run_sent_something
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id

    async def say(self, thread_id, text):
        threads = self.client.beta.threads
        for _ in range(60):
            try:
                await threads.messages.create(thread_id, role="user", content=text)
                break
            except Exception:
                await asyncio.sleep(1)
        for _ in range(60):
            try:
                run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
                break
            except Exception:
                await asyncio.sleep(1)
        if run.status != "completed":
            raise RuntimeError(run.status)
        return (await threads.messages.list(thread_id, run_id=run.id)).data[0].content[0].text.value
