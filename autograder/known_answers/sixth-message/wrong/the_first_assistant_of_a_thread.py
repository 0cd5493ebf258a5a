# loses: one_run
# says: run_of_another_calls_assistant
# %% answers
answers = {"sync_sees_sixth": "a", "sync_reason": "b", "async_sees_sixth": "c", "async_reason": "d"}
# %% send_and_run
import asyncio


async def send_and_run(client, thread_id, assistant_id, text, _known={}):
    assistant_id = _known.setdefault(thread_id, assistant_id)
    message = await client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status not in ("completed", "failed", "incomplete", "cancelled", "expired"):
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run
