# loses: reads_the_sixth, confirmed_before_the_run, posted_once, leaves_nothing_behind
# says: run_did_not_see_sixth
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import asyncio

tasks = set()


async def send_and_run(client, thread_id, assistant_id, text):
    task = asyncio.ensure_future(client.beta.threads.messages.create(thread_id, role="user", content=text))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run
