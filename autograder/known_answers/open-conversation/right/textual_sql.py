# %% open_conversation
from sqlalchemy import text


def open_conversation(client, db, user_id, purpose):
    key = {"u": user_id, "p": purpose}
    row = db.execute(text("SELECT thread_id FROM conversations WHERE user_id = :u AND purpose = :p"), key).first()
    if row and row.thread_id:
        return row.thread_id
    thread = client.beta.threads.create(metadata={"purpose": purpose, "user_id": user_id})
    db.execute(text("INSERT INTO conversations (user_id, purpose, thread_id) VALUES (:u, :p, :t)"), key | {"t": thread.id})
    db.commit()
    return thread.id
