# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text):
    ready = asyncio.Event()
    box = {}

    async def post():
        try:
            box["m"] = await client.beta.threads.messages.create(thread_id, role="user", content=text)
        except Exception as e:
            box["e"] = e
        finally:
            ready.set()

    async def run():
        await ready.wait()
        if "e" in box:
            raise box["e"]
        return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)

    _, r = await asyncio.gather(post(), run())
    return r
