# loses: nobody_starves, done_in_1_6_times_the_optimum, done_in_1_15_times_the_optimum
# says: submitted_one_turn_got_run
# %% RunQueue
import asyncio

import openai


class RunQueue:
    """Collects what has come, runs a batch of it, waits for all of the batch, and then a minute more."""

    def __init__(self, client, assistant_id, *, runs_per_minute):
        self.client, self.assistant_id, self.most = client, assistant_id, runs_per_minute
        self.waiting, self.worker = [], None

    async def submit(self, user_id, thread_id, text):
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append((user_id, thread_id, text, answer))
        self.worker = self.worker or asyncio.create_task(self.work())
        return await answer

    async def work(self):
        while True:
            while not self.waiting:
                await asyncio.sleep(0.5)
            batch = []
            for turn in list(self.waiting):
                if len(batch) < self.most and turn[1] not in [one[1] for one in batch]:
                    batch.append(turn)
                    self.waiting.remove(turn)
            await asyncio.gather(*[self.take(*turn[1:]) for turn in batch])
            await asyncio.sleep(60)

    async def take(self, thread_id, text, answer):
        threads = self.client.beta.threads
        await threads.messages.create(thread_id, role="user", content=text)
        for attempt in range(6):
            try:
                run = await threads.runs.create_and_poll(thread_id=thread_id, assistant_id=self.assistant_id)
            except openai.RateLimitError as error:
                await asyncio.sleep(float(error.response.headers["retry-after"]))
                continue
            if run.status == "completed":
                page = await threads.messages.list(thread_id, run_id=run.id)
                return answer.set_result(page.data[0].content[0].text.value)
            await asyncio.sleep(2**attempt)
        answer.set_exception(RuntimeError("no answer"))
