# %% ThreadLane
class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id, self.locks = client, assistant_id, {}

    async def say(self, thread_id, text):
        t = self.client.beta.threads
        async with self.locks.setdefault(thread_id, asyncio.Lock()):
            await t.messages.create(thread_id, role="user", content=text)
            for _ in range(2):
                run = await t.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
                if run.status == "completed":
                    break
            else:
                raise RuntimeError(run.status)
            page = await t.messages.list(thread_id, run_id=run.id, order="asc")
            return "\n".join(m.content[0].text.value for m in page.data)
