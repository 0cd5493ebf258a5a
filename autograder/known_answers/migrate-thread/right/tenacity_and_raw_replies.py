# %% migrate_thread
import tenacity
from sqlalchemy import select

UNCERTAIN = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)
again = tenacity.retry(
    retry=tenacity.retry_if_exception_type(UNCERTAIN),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_exponential_jitter(initial=1, max=10),
    reraise=True,
)


def said(message):
    return {"type": "message", "role": message.role, "content": message.content[0].text.value}


def migrate_thread(client, db, thread_id):
    messages = list(client.beta.threads.messages.list(thread_id, limit=100, order="asc"))
    conversation_id = db.scalar(select(Migration.conversation_id).where(Migration.thread_id == thread_id))
    if conversation_id is None:
        tags = client.beta.threads.retrieve(thread_id).metadata or {}
        conversation_id = client.conversations.with_raw_response.create(metadata=tags).parse().id
        db.add(Migration(thread_id=thread_id, conversation_id=conversation_id))
        db.commit()

    items, runs = [], []
    for message in messages:
        if message.run_id and message.run_id not in runs:
            runs.append(message.run_id)
            for step in client.beta.threads.runs.steps.list(message.run_id, thread_id=thread_id, order="asc"):
                for call in step.to_dict()["step_details"].get("tool_calls", []):
                    function = call["function"]
                    items += [
                        {"type": "function_call", "call_id": call["id"], "name": function["name"], "arguments": function["arguments"]},
                        {"type": "function_call_output", "call_id": call["id"], "output": function["output"]},
                    ]
        items.append(said(message))

    @again
    def add_what_is_missing():
        there = list(client.conversations.items.list(conversation_id, limit=100, order="asc"))
        for start in range(len(there), len(items), 20):
            client.with_options(max_retries=0).conversations.items.create(conversation_id, items=items[start : start + 20])

    add_what_is_missing()
    return conversation_id


# %% ask
import tenacity

UNKNOWN = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)


def pause_of(state):
    error = state.outcome.exception()
    stated = error.response.headers.get("retry-after") if isinstance(error, openai.APIStatusError) else None
    return float(stated) if stated else min(8.0, 2.0**state.attempt_number)


def ask(client, conversation_id, text):
    before = len(list(client.conversations.items.list(conversation_id, limit=100)))

    @tenacity.retry(retry=tenacity.retry_if_exception_type(UNKNOWN), stop=tenacity.stop_after_attempt(6), wait=pause_of, reraise=True)
    def turn():
        items = list(client.conversations.items.list(conversation_id, limit=100, order="asc"))[before:]
        if items:
            return items
        raw = client.with_options(max_retries=0).responses.with_raw_response.create(
            model=MODEL,
            instructions=INSTRUCTIONS,
            conversation=conversation_id,
            input=[{"role": "user", "content": [{"type": "input_text", "text": text}]}],
        )
        response = raw.parse()
        if response.status != "completed":
            raise RuntimeError(f"{response.id} is {response.status}")
        return response.output

    return "\n".join(part.text for item in turn() if item.type == "message" and item.role == "assistant" for part in item.content)


# %% wait_for_response
import asyncio


async def _ended(client, response_id):
    pause = 1.0
    while True:
        try:
            response = client.responses.retrieve(response_id)
            if response.status not in ("queued", "in_progress"):
                return response
        except openai.APIError:
            pass
        await asyncio.sleep(pause * random.triangular(0.6, 1.4))
        pause = min(pause * 1.8, 7)


def wait_for_response(client, response_id, *, max_wait=60.0):
    try:
        return asyncio.run(asyncio.wait_for(_ended(client, response_id), timeout=max_wait))
    except TimeoutError:
        client.responses.cancel(response_id)
        raise ResponseTimeout(f"{response_id} took more than {max_wait} s") from None
