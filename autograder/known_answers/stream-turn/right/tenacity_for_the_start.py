# %% stream_turn
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

OVER = {"completed", "failed", "incomplete", "expired", "cancelled"}


def stream_turn(client, thread_id, assistant_id, text, on_text):
    posted = client.beta.threads.messages.create(thread_id, role="user", content=text)
    state = {"run": None, "said": ""}

    @retry(
        retry=retry_if_exception_type((openai.APIConnectionError, openai.InternalServerError)),
        stop=stop_after_attempt(5),
        wait=wait_exponential(min=1, max=8),
        reraise=True,
    )
    def listen():
        for run in client.beta.threads.runs.list(thread_id):
            if run.metadata.get("for") == posted.id:
                state["run"] = run.id
                return
        stream = client.with_options(max_retries=0).beta.threads.runs.create(
            thread_id, assistant_id=assistant_id, metadata={"for": posted.id}, stream=True
        )
        for event in stream:
            match event.event:
                case "thread.run.created":
                    state["run"] = event.data.id
                case "thread.message.delta":
                    for block in event.data.delta.content:
                        state["said"] += block.text.value
                        on_text(block.text.value)

    @retry(retry=lambda attempt: attempt.outcome.result().status not in OVER, wait=wait_exponential(min=1, max=10))
    def over():
        return client.beta.threads.runs.retrieve(state["run"], thread_id=thread_id)

    listen()
    run = over()
    if run.status != "completed":
        raise RuntimeError(run.status)
    (answer,) = client.beta.threads.messages.list(thread_id, run_id=run.id).data
    answer = answer.content[0].text.value
    if len(answer) > len(state["said"]):
        on_text(answer[len(state["said"]) :])
    return answer
