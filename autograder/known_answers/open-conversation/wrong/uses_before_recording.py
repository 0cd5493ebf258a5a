# loses: records_before_use
# says: thread_used_before_recorded_came
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create()
    client.beta.threads.update(thread.id, metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
