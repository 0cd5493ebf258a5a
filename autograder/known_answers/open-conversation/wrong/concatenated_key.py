# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
cache = {}


def open_conversation(client, db, user_id, purpose):
    key = user_id + purpose
    if key in cache:
        return cache[key]
    known = db.get(Conversation, (user_id, purpose))
    if known is None:
        thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
        known = Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id)
        db.add(known)
        db.commit()
    cache[key] = known.thread_id
    return cache[key]
