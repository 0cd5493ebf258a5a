# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}

# %% send_and_run
import anyio


async def send_and_run(client, thread_id, assistant_id, text):
    with anyio.fail_after(60):
        async with anyio.create_task_group() as g:
            g.start_soon(lambda: client.beta.threads.messages.create(thread_id, role="user", content=text))
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        await anyio.sleep(0.7)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run
