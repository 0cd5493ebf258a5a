# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio

_locks = {}


class Turn:
    def __init__(self, client, thread_id, assistant_id):
        self.client, self.thread_id, self.assistant_id = client, thread_id, assistant_id

    async def send(self, text):
        task = asyncio.create_task(self.client.beta.threads.messages.create(self.thread_id, role="user", content=text))
        return await asyncio.wait_for(task, timeout=60)

    async def run(self):
        run = await self.client.beta.threads.runs.create(self.thread_id, assistant_id=self.assistant_id)
        return await self.finished(run)

    async def finished(self, run):
        if run.status in ("queued", "in_progress", "requires_action", "cancelling"):
            await asyncio.sleep(0.5)
            return await self.finished(await self.client.beta.threads.runs.retrieve(run.id, thread_id=self.thread_id))
        return run


async def send_and_run(client, thread_id, assistant_id, text):
    async with _locks.setdefault(thread_id, asyncio.Lock()):
        turn = Turn(client, thread_id, assistant_id)
        await turn.send(text)
        return await turn.run()
