# loses: tags_the_thread
# says: metadata_should_say_nobody_who
# %% open_conversation
def open_conversation(client, db, user_id, purpose, metadata={}):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    metadata.setdefault("user_id", user_id)
    metadata.setdefault("purpose", purpose)
    thread = client.beta.threads.create(metadata=metadata)
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
