# %% open_conversation
def open_conversation(client, db, user_id, purpose):
    tags = {"user_id": user_id, "purpose": purpose}
    row = db.get(Conversation, (user_id, purpose))
    if row is None:
        row = Conversation(**tags, thread_id=client.beta.threads.create().id)
        db.add(row)
        db.commit()
    thread = client.beta.threads.retrieve(row.thread_id)
    if not tags.items() <= (thread.metadata or {}).items():
        client.beta.threads.update(thread.id, metadata=tags)
    return row.thread_id
