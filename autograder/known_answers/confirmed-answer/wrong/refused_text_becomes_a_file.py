# loses: confirmed_before_the_run
# says: text_given_longer_message_may
# %% ask
import openai


def ask(client, thread_id, assistant_id, text):
    try:
        message = client.beta.threads.messages.create(thread_id, role="user", content=text)
    except openai.BadRequestError:
        file = client.files.create(file=("question.txt", text.encode()), purpose="assistants")
        message = client.beta.threads.messages.create(
            thread_id,
            role="user",
            content="My question is attached.",
            attachments=[{"file_id": file.id, "tools": [{"type": "file_search"}]}],
        )
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    if run.status != "completed":
        raise RuntimeError(run.status)
    replies = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc", limit=100)
    return "\n".join(reply.content[0].text.value for reply in replies)
