# loses: one_message_after_a_lost_reply, one_run_after_a_lost_reply, survives_a_restart
# says: message_times
# %% resilient_turn
def resilient_turn(client, db, turn_id, thread_id, assistant_id, text):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(reply.content[0].text.value for reply in replies)
