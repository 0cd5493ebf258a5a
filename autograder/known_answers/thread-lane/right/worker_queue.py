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


class ThreadLane(Base):
    async def say(self, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        queue = self.locks.get(thread_id)
        if queue is None:
            queue = self.locks[thread_id] = asyncio.Queue()
            asyncio.create_task(self.work(thread_id, queue))
        queue.put_nowait((text, answer))
        return await answer

    async def work(self, thread_id, queue):
        while not queue.empty():
            text, answer = queue.get_nowait()
            try:
                answer.set_result(await self.turn(thread_id, text))
            except Exception as e:
                answer.set_exception(e)
        del self.locks[thread_id]
