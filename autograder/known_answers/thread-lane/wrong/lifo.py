# loses: keeps_the_order_of_a_thread
# says: said_order_messages_are_thread
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
        busy = self.locks.setdefault(thread_id, [False, []])
        if busy[0]:
            f = asyncio.get_running_loop().create_future()
            busy[1].append(f)
            await f
        busy[0] = True
        try:
            return await self.turn(thread_id, text)
        finally:
            if busy[1]:
                busy[1].pop().set_result(None)
            else:
                busy[0] = False
