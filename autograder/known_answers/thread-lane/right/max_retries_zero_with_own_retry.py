# %% ThreadLane
import openai


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def again(self, call):
        for n in range(5):
            try:
                return await call()
            except (openai.RateLimitError, openai.InternalServerError):
                if n == 4:
                    raise
                await asyncio.sleep(2**n)

    async def say(self, thread_id, text):
        c = self.client.with_options(max_retries=0).beta.threads
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            await self.again(lambda: c.messages.create(thread_id, role="user", content=text))
            run = await self.again(lambda: c.runs.create(thread_id, assistant_id=self.assistant_id))
            run = await self.client.beta.threads.runs.poll(run.id, thread_id=thread_id)
            if run.status != "completed":
                raise RuntimeError
            return "\n".join(
                [m.content[0].text.value async for m in self.client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")]
            )
