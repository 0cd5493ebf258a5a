"""Small programs as learners write them, and the thread that they work on."""

import asyncio
import time

from threadlab.trials.trial import World


def five_messages(client):
    thread = client.beta.threads.create()
    assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
    for country in ("France", "Italy", "Spain", "Poland", "Greece"):
        client.beta.threads.messages.create(thread.id, role="user", content=f"What is the capital of {country}?")
    return thread.id, assistant.id


def world(scenario=None):
    return World(five_messages, scenario=scenario)


async def racing(client, thread_id, assistant_id, text):
    asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content=text))  # noqa: RUF006
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)


async def awaited(client, thread_id, assistant_id, text):
    await client.beta.threads.messages.create(thread_id, role="user", content=text)
    return await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)


def synchronous(client, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    return run


def windows(evidence):
    """How many messages each run read."""
    return [len(entry.window) for entry in evidence.requests("createRun", ok=True)]
