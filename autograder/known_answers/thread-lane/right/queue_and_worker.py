# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client = client
        self.assistant_id = assistant_id
        self.queues = {}
        self.workers = {}

    async def say(self, thread_id, text):
        future = asyncio.get_running_loop().create_future()
        queue = self.queues.setdefault(thread_id, asyncio.Queue())
        queue.put_nowait((text, future))
        if thread_id not in self.workers or self.workers[thread_id].done():
            self.workers[thread_id] = asyncio.create_task(self.work(thread_id, queue))
        return await future

    async def work(self, thread_id, queue):
        while not queue.empty():
            text, future = queue.get_nowait()
            try:
                future.set_result(await self.turn(thread_id, text))
            except Exception as error:
                future.set_exception(error)

    async def turn(self, thread_id, text):
        message = await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
        assert message.id
        run = await self.client.beta.threads.runs.create(thread_id, assistant_id=self.assistant_id)
        delay = 1
        while run.status not in ("completed", "failed", "incomplete", "cancelled", "expired"):
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, 8)
            run = await self.client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        if run.status == "completed":
            async for message in self.client.beta.threads.messages.list(thread_id, run_id=run.id):
                return message.content[0].text.value
        raise RuntimeError(run.status)
