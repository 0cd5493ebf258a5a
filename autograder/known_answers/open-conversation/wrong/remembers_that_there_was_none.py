# loses: resumes
# says: same_user_opened_same_conversation
# %% open_conversation
missing = set()


def open_conversation(client, db, user_id, purpose):
    if (user_id, purpose) not in missing:
        known = db.get(Conversation, (user_id, purpose))
        if known is not None:
            return known.thread_id
        missing.add((user_id, purpose))
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
