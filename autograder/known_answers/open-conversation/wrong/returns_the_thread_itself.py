# loses: returns_the_thread, resumes, survives_a_restart
# says: returned_id_user_s_thread
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return client.beta.threads.retrieve(known.thread_id)
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread
