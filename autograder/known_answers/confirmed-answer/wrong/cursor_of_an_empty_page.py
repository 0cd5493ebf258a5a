# loses: answer_of_this_run, all_replies_in_order
# says: raised IndexError
# %% ask
def ask(client, thread_id, assistant_id, text):
    message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies, after = [], {}
    while True:
        page = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=20, **after).data
        after = {"after": page[-1].id}
        replies += page
        if len(page) < 20:
            break
    return "\n".join(reply.content[0].text.value for reply in replies)
