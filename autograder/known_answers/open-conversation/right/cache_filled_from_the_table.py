# %% open_conversation
_seen = {}


def open_conversation(client, db, user_id, purpose):
    key = (user_id, purpose)
    if key not in _seen:
        row = db.get(Conversation, key)
        if row is None:
            thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
            row = db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
            db.commit()
        _seen[key] = row.thread_id
    return _seen[key]
