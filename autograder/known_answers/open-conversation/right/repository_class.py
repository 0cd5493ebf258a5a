# %% open_conversation
class Conversations:
    def __init__(self, db):
        self.db = db

    def find(self, key):
        row = self.db.get(Conversation, key)
        return row and row.thread_id

    def record(self, key, thread_id):
        user_id, purpose = key
        self.db.merge(Conversation(user_id=user_id, purpose=purpose, thread_id=thread_id))
        self.db.commit()


def open_conversation(client, db, user_id, purpose):
    table, key = Conversations(db), (user_id, purpose)
    if not table.find(key):
        table.record(key, client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose}).id)
    return table.find(key)
