# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    row = db.get(Conversation, (user_id, purpose))
    if row is None:
        thread = client.beta.threads.create()
        row = Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id)
        db.add(row)
        db.commit()
    client.beta.threads.update(row.thread_id, metadata={"user_id": user_id, "purpose": purpose})
    return row.thread_id
