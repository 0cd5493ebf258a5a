# loses: threads_overlap
# says: event_loop_held_up
# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client = client
        self.assistant_id = assistant_id
        self.lanes = {}

    async def say(self, thread_id, text):
        lane = self.lanes.setdefault(thread_id, asyncio.Lock())
        async with lane:
            return await self.turn(thread_id, text)

    async def turn(self, thread_id, text):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        run = await threads.runs.create(thread_id, assistant_id=self.assistant_id)
        while run.status in ("queued", "in_progress", "cancelling"):
            __import__("time").sleep(1)
            run = await threads.runs.retrieve(run.id, thread_id=thread_id)
        if run.status != "completed":
            raise RuntimeError(f"{run.id} is {run.status}")
        written = [message.content[0].text.value async for message in threads.messages.list(thread_id, run_id=run.id, order="asc")]
        return "\n".join(written)
