# loses: keeps_users_apart
# says: ada_bob_share_thread_each
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    user_id, purpose = user_id.strip(), purpose.strip()
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
