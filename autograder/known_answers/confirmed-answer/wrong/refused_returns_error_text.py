# loses: confirmed_before_the_run
# says: message_refused_nobody_told_let
# %% ask
import openai


def ask(client, thread_id, assistant_id, text):
    try:
        client.beta.threads.messages.create(thread_id, role="user", content=text)
    except openai.BadRequestError as error:
        return str(error)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError
    return "\n".join(m.content[0].text.value for m in client.beta.threads.messages.list(thread_id, order="asc", run_id=run.id))
