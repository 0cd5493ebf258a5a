# loses: a_failure_frees_the_lane
# says: after_turn_failed_next_say_2
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
        before = self.locks.get(thread_id)

        async def go():
            if before is not None:
                await before
            return await self.turn(thread_id, text)

        self.locks[thread_id] = asyncio.ensure_future(go())
        return await asyncio.shield(self.locks[thread_id])
