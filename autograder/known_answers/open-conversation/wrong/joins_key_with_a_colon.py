# loses: resumes, keeps_users_apart
# says: one_user_one_conversation_opened
# %% open_conversation
CACHE = {}


def open_conversation(client, db, user_id, purpose):
    k = f"{user_id}:{purpose}"
    if k in CACHE:
        return CACHE[k]
    row = db.get(Conversation, (user_id, purpose))
    if row is not None:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    CACHE[k] = thread.id
    return thread.id
