# loses: answers_each_its_own, a_failure_frees_the_lane
# says: say_returned_run_started_wrote
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks = {}

    async def say(self, thread_id, text):
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            threads = self.client.beta.threads
            await threads.messages.create(thread_id, role="user", content=text)
            run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                raise RuntimeError(run.status)
            replies = [m async for m in threads.messages.list(thread_id, order="asc") if m.role == "assistant"]
            return replies[0].content[0].text.value
