# %% ask
import tenacity


def ask(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id=thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id)

    @tenacity.retry(
        retry=tenacity.retry_if_result(lambda r: r.status in ("queued", "in_progress", "cancelling", "requires_action")),
        wait=tenacity.wait_fixed(2),
    )
    def poll():
        return client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)

    ended = poll()
    if ended.status != "completed":
        raise RuntimeError(ended.status)
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=7))
