# loses: confirmed_before_the_run
# says: message_refused_started_same
# %% ask
import openai


def ask(client, thread_id, assistant_id, text):
    try:
        client.beta.threads.messages.create(thread_id, role="user", content=text)
    except openai.APIError as error:
        print("could not post:", error)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(one.content[0].text.value for one in replies)
