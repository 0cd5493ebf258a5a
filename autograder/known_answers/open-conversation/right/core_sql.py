# %% open_conversation
from sqlalchemy import insert, select


def open_conversation(client, db, user_id, purpose):
    table = Conversation.__table__
    wanted = select(table.c.thread_id).where(table.c.user_id == user_id, table.c.purpose == purpose)
    with db.get_bind().connect() as connection:
        thread_id = connection.scalar(wanted)
        if thread_id:
            return thread_id
        thread_id = client.beta.threads.create(metadata=dict(user_id=user_id, purpose=purpose)).id
        connection.execute(insert(table).values(user_id=user_id, purpose=purpose, thread_id=thread_id))
        connection.commit()
    return thread_id
