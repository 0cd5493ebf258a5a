# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    with db.begin():
        row = db.get(Conversation, (user_id, purpose))
        known = row.thread_id if row else None
    if known is not None:
        return known
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    with db.begin():
        db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    return thread.id
