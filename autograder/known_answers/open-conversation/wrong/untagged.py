# loses: tags_the_thread, survives_a_restart
# says: metadata_should_say_nobody_who
# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    known = db.get(Conversation, (user_id, purpose))
    if known is not None:
        return known.thread_id
    thread = client.beta.threads.create()
    db.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
    db.commit()
    return thread.id
