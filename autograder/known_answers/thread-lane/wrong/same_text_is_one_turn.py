# loses: keeps_the_order_of_a_thread, answers_each_its_own
# says: said_order_messages_are_thread
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks, self.answers = {}, {}

    async def say(self, thread_id, text):
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            if (thread_id, text) not in self.answers:
                self.answers[thread_id, text] = await self.turn(thread_id, text)
            return self.answers[thread_id, text]

    async def turn(self, thread_id, text):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        if run.status != "completed":
            raise RuntimeError(f"the run ended {run.status}")
        page = await threads.messages.list(thread_id, run_id=run.id)
        return page.data[0].content[0].text.value
