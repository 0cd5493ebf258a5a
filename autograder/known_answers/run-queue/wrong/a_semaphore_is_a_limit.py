# loses: limit_never_passed, done_in_1_15_times_the_optimum
# says: runs_refused_first_being_refused
# %% RunQueue
import asyncio

import openai


class RunQueue:
    """So many runs at a time, which is not so many runs a minute."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client, self.assistant_id = client, assistant_id
        self.room, self.lanes, self.users = asyncio.Semaphore(runs_per_minute), {}, {}

    async def submit(self, user_id, thread_id, text):
        threads = self.client.beta.threads
        async with self.lanes.setdefault(thread_id, asyncio.Lock()), self.users.setdefault(user_id, asyncio.Lock()), self.room:
            await threads.messages.create(thread_id, role="user", content=text)
            for attempt in range(9):
                try:
                    run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
                except openai.RateLimitError as error:
                    await asyncio.sleep(float(error.response.headers["retry-after"]))
                    continue
                if run.status == "completed":
                    page = await threads.messages.list(thread_id, run_id=run.id)
                    return page.data[0].content[0].text.value
                await asyncio.sleep(2**attempt)
            raise RuntimeError("no answer")
