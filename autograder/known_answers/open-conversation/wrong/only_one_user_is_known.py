# loses: resumes, survives_a_restart
# says: same_user_opened_same_conversation
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None and known.user_id == "ada":
        return known.thread_id
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
