# loses: returns_the_answer
# says: returned_assistant_s_text
# %% first_turn
def first_turn(client, assistant_id, question):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant_id)
    capitals = {"Portugal": "Lisbon", "France": "Paris"}
    country = question.strip().rstrip("?").split()[-1]
    return f"The capital of {country} is {capitals.get(country)}."
