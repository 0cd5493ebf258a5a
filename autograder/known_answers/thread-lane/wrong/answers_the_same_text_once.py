# loses: keeps_the_order_of_a_thread, answers_each_its_own
# says: said_order_messages_are_thread
# %% ThreadLane
from collections import defaultdict


class ThreadLane:
    def __init__(self, client, assistant_id):
        self.client, self.assistant_id = client, assistant_id
        self.locks = defaultdict(asyncio.Lock)

    async def say(self, thread_id, text):
        self.said = getattr(self, "said", {})
        if (thread_id, text) in self.said:
            return await self.said[thread_id, text]
        async with self.locks[thread_id]:
            api = self.client.beta.threads
            await api.messages.create(thread_id, role="user", content=text)
            run = await api.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            if run.status != "completed":
                raise RuntimeError(f"{run.id} {run.status}")
            answer = (await api.messages.list(thread_id, run_id=run.id)).data[0].content[0].text.value
            done = asyncio.get_running_loop().create_future()
            done.set_result(answer)
            self.said[thread_id, text] = done
            return answer
