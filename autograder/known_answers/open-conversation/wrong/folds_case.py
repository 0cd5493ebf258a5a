# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    key = (user_id.lower(), purpose.lower())
    known = db.get(Conversation, key)
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=key[0], purpose=key[1], thread_id=thread.id))
    db.commit()
    return thread.id
