# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.api, self.assistant_id = client.beta.threads, assistant_id
        self.last = {}

    def say(self, thread_id, text):
        before = self.last.get(thread_id)
        task = asyncio.create_task(self._after(before, thread_id, text))
        self.last[thread_id] = task
        return task

    async def _after(self, before, thread_id, text):
        if before is not None:
            await asyncio.wait([before])
        run = await self.api.runs.create_and_poll(
            thread_id=thread_id,
            assistant_id=self.assistant_id,
            additional_messages=[{"role": "user", "content": text}],
            poll_interval_ms=700,
        )
        if run.status != "completed":
            raise ValueError(run.status)
        return (await self.api.messages.list(thread_id, run_id=run.id)).data[0].content[0].text.value
