# %% ask
import itertools
import time


def ask(client, thread_id, assistant_id, text):
    api = client.beta.threads
    api.messages.create(thread_id, role="user", content=text)
    run = api.runs.create(thread_id, assistant_id=assistant_id)
    for _ in itertools.repeat(None, 300):
        if run.status not in {"queued", "in_progress"}:
            break
        time.sleep(1)
        run = api.runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        api_error = run.last_error.message if run.last_error else run.status
        raise RuntimeError(api_error)
    steps = [s for s in api.runs.steps.list(run.id, thread_id=thread_id, order="asc") if s.type == "message_creation"]
    ids = [s.step_details.message_creation.message_id for s in steps]
    return "\n".join(api.messages.retrieve(i, thread_id=thread_id).content[0].text.value for i in ids)
