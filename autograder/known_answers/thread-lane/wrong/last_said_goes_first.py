# loses: keeps_the_order_of_a_thread
# says: said_order_messages_are_thread
# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.waiting, self.busy = {}, set()

    async def say(self, thread_id, text):
        if thread_id in self.busy:
            mine = asyncio.get_running_loop().create_future()
            self.waiting.setdefault(thread_id, []).append(mine)
            await mine
        self.busy.add(thread_id)
        try:
            threads = self.client.beta.threads
            await threads.messages.create(thread_id, role="user", content=text)
            run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                raise RuntimeError(f"the run ended {run.status}")
            page = await threads.messages.list(thread_id, run_id=run.id)
            return page.data[0].content[0].text.value
        finally:
            if self.waiting.get(thread_id):
                self.waiting[thread_id].pop().set_result(None)
            else:
                self.busy.discard(thread_id)
