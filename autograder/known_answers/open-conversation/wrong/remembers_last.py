# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
last = None


def open_conversation(client, db, user_id, purpose):
    global last
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    if last is None:
        last = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose}).id
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=last))
    db.commit()
    return last
