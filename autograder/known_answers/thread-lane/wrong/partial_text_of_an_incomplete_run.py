# loses: a_failure_frees_the_lane
# says: first_turn_failed_say_returned
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
            page = await threads.messages.list(thread_id, run_id=run.id)
            return page.data[0].content[0].text.value  # an IndexError, if there is none
