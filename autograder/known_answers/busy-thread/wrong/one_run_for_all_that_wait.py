# loses: queues_in_order, interrupts_the_run, rolls_back, copes_with_a_late_cancel
# says: no_run_started
# %% BusyThread
class BusyThread:
    """Batches: whatever waits is posted together and answered by one run."""

    def __init__(self, client, assistant_id, *, strategy):
        self.client, self.assistant_id, self.strategy = client, assistant_id, strategy
        self.lanes, self.waiting = {}, {}

    async def submit(self, user_id, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        if self.strategy == "reject" and lane.locked():
            raise Busy(thread_id)
        future = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(thread_id, []).append((text, future))
        async with lane:
            turns, self.waiting[thread_id] = self.waiting[thread_id], []
            if turns:
                threads = self.client.beta.threads
                for said, _ in turns:
                    await threads.messages.create(thread_id, role="user", content=said)
                run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
                answer = await async_answer_of(self.client, run)
                for _, waits in turns:
                    waits.set_result(answer)
        return await future
