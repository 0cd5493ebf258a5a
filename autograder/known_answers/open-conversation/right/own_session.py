# %% open_conversation
from sqlalchemy.orm import Session


def open_conversation(client, db, user_id, purpose):
    with Session(db.get_bind()) as own, own.begin():
        row = own.get(Conversation, (user_id, purpose))
        if row is None:
            thread = client.with_options(max_retries=0).beta.threads.create(metadata=dict(user_id=user_id, purpose=purpose))
            own.add(Conversation(user_id=user_id, purpose=purpose, thread_id=thread.id))
            return_id = thread.id
        else:
            return_id = row.thread_id
    return return_id
