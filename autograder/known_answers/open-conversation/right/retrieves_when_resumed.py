# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is not None and row.thread_id:
        return client.beta.threads.retrieve(row.thread_id).id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    assert client.beta.threads.retrieve(thread.id).metadata["user_id"] == user_id
    return thread.id
