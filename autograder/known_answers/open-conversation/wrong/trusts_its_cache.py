# loses: resumes, survives_a_restart
# says: same_user_opened_same_conversation
# %% open_conversation
_cache = {}


def open_conversation(client, db, user_id, purpose):
    if (user_id, purpose) in _cache:
        return _cache[user_id, purpose]
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    _cache[user_id, purpose] = thread.id
    return thread.id
