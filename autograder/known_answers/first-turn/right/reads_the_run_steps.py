# %% first_turn
import itertools
import time
from typing import Any


def first_turn(client: Any, assistant_id: str, question: str) -> str:
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=[{"type": "text", "text": question}])
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    for n in itertools.count():
        if (run := client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)).completed_at:
            break
        time.sleep(min(2**n, 8))
    for step in client.beta.threads.runs.steps.list(run.id, thread_id=thread.id):
        if step.type == "message_creation":
            message = client.beta.threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread.id)
            return message.content[0].text.value
    raise LookupError("the run wrote nothing")
