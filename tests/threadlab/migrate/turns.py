"""Turns on Conversations and Responses, beside which the exercises' solutions are laid."""

import asyncio
import time

import openai

from courseware.tables import Turn

MODEL = "gpt-4o"


def resilient_turn(client, db, turn_id, conversation_id, text):
    """One turn, whatever happens: where the conversation stood is recorded before anything is sent, for items bear no key."""
    once = client.with_options(max_retries=0)
    turn = db.get(Turn, turn_id)
    begun = turn is not None  # by an earlier process, which may have sent it
    if turn is None:
        newest = client.conversations.items.list(conversation_id, limit=1).data
        turn = Turn(turn_id=turn_id, thread_id=conversation_id, text=text, message_id=newest[0].id if newest else "")
        db.add(turn)
        db.commit()
    if turn.answer is None:
        turn.answer = _answer(client, once, turn, begun)
        db.commit()
    return turn.answer


def _answer(client, once, turn, unclear):
    """`unclear`: the turn may be at work already."""
    after = {"after": turn.message_id} if turn.message_id else {}
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, None):
        since = list(client.conversations.items.list(turn.thread_id, order="asc", limit=100, **after))
        if since:
            return _texts(since)
        try:
            response = once.responses.create(model=MODEL, conversation=turn.thread_id, input=turn.text)
        except openai.APIError as error:
            locked = unclear and error.code == "conversation_locked"  # by ourselves
            unknown = isinstance(error, openai.APIConnectionError | openai.InternalServerError)
            if pause is None or not (locked or unknown or isinstance(error, openai.RateLimitError)):
                raise
            unclear = unclear or unknown
            stated = error.response.headers.get("retry-after") if isinstance(error, openai.APIStatusError) else None
            time.sleep(float(stated) if stated else pause)
        else:
            if response.status != "completed":
                raise RuntimeError(f"{response.id} ended as {response.status}")
            return _texts(response.output)
    raise TimeoutError(turn.turn_id)


def _texts(items):
    return "\n".join(item.content[0].text for item in items if item.type == "message" and item.role == "assistant")


async def two_requests(client, conversation_id, text):
    """The race: the message is started, and nobody waits for it."""
    sending = asyncio.create_task(client.conversations.items.create(conversation_id, items=[{"role": "user", "content": text}]))
    await asyncio.sleep(0)
    response = await client.responses.create(model=MODEL, conversation=conversation_id, input=[])
    await asyncio.wait([sending])
    return response.output_text


async def one_request(client, conversation_id, text):
    response = await client.responses.create(model=MODEL, conversation=conversation_id, input=text)
    if response.status != "completed":
        raise RuntimeError(response.status)
    return "\n".join(item.content[0].text for item in response.output)


async def hurried(client, thread_id, assistant_id, text):
    sending = asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))
    await asyncio.sleep(0)
    run = await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    await asyncio.wait([sending])
    return (await client.beta.threads.messages.list(thread_id, run_id=run.id)).data[0].content[0].text.value


async def send_and_run(client, conversation_id, text):
    return await client.responses.create(model=MODEL, conversation=conversation_id, input=text)
