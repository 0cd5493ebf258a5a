# %% open_conversation
from sqlalchemy import text as sql


def open_conversation(client, db, user_id, purpose):
    key = {"u": user_id, "p": purpose}
    known = db.execute(sql("SELECT thread_id FROM conversations WHERE user_id = :u AND purpose = :p"), key).scalar()
    if known:
        return known
    thread_id = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose, "app": "desk"}).id
    db.execute(
        sql("INSERT INTO conversations (user_id, purpose, thread_id) VALUES (:u, :p, :t) ON CONFLICT DO UPDATE SET thread_id = :t"),
        {**key, "t": thread_id},
    )
    db.commit()
    return thread_id
