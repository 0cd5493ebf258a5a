# loses: records_before_use, resumes, survives_a_restart
# says: when_over_no_committed_row
# %% open_conversation
import openai


def open_conversation(client, db, user_id, purpose):
    key = f"{user_id}|{purpose}"
    memory = vars(openai).setdefault("_mine", {})
    if key not in memory:
        row = db.get(Conversation, (user_id, purpose))
        thread_id = row.thread_id if row else None
        if thread_id is None:
            thread_id = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose}).id
        vars(openai)["_mine"][key] = thread_id
        return thread_id
    return memory[key]
