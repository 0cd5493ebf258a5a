# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    user_id = user_id.lstrip()
    row = db.get(Conversation, (user_id, purpose))
    if row is not None and row.thread_id is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
