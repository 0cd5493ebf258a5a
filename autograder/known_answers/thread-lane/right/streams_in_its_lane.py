# %% ThreadLane
import asyncio


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.lanes = __import__("collections").defaultdict(asyncio.Semaphore)

    async def say(self, thread_id, text):
        async with self.lanes[thread_id]:
            await self.client.beta.threads.messages.create(thread_id, role="user", content=text)
            async with self.client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=self.assistant_id) as stream:
                await stream.until_done()
                if stream.current_run.status != "completed":
                    raise RuntimeError(stream.current_run.status)
                messages = await stream.get_final_messages()
            return "".join(block.text.value for message in messages for block in message.content)
