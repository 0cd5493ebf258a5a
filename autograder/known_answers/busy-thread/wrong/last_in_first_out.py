# loses: queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel
# says: submitted_order_messages_thread_are
# %% BusyThread
class BusyThread:
    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.waiting, self.busy = {}, set()

    async def submit(self, user_id, thread_id, text):
        if thread_id in self.busy:
            if self.strategy == "reject":
                raise Busy(thread_id)
            mine = asyncio.Event()
            self.waiting.setdefault(thread_id, []).append(mine)
            await mine.wait()
        self.busy.add(thread_id)
        try:
            threads = self.client.beta.threads
            await threads.messages.create(thread_id, role="user", content=text)
            run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            return await async_answer_of(self.client, run)
        finally:
            if self.waiting.get(thread_id):
                self.waiting[thread_id].pop().set()
            else:
                self.busy.discard(thread_id)
