"""What the other programs search: a vector store with one file in it."""

import openai

QUESTION = "Within how many days are refunds paid?"


def vector_store() -> str:
    client = openai.OpenAI()
    file = client.files.create(file=("refunds.txt", b"Refunds are paid within 14 days."), purpose="assistants")
    store = client.vector_stores.create(name="refunds")
    client.vector_stores.files.create_and_poll(file_id=file.id, vector_store_id=store.id, poll_interval_ms=20)
    return store.id
