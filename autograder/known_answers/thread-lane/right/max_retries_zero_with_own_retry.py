# %% ThreadLane
class Base:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def turn(self, thread_id, text, bad=("failed", "expired", "incomplete", "cancelled")):
        t = self.client.beta.threads
        await t.messages.create(thread_id, role="user", content=text)
        run = await t.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
        if run.status in bad:
            raise RuntimeError(run.status)
        page = await t.messages.list(thread_id, run_id=run.id, order="asc")
        return "\n".join(m.content[0].text.value for m in page.data)


import openai


class ThreadLane(Base):
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
