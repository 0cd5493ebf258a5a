"""What the scripted expert was asked to remember, and where it may look for it."""

from threadlab import Service


def recalled(messages, instructions=None):
    with Service() as service, service.time():
        client = service.client()
        assistant = client.beta.assistants.create(model="gpt-4o", instructions="Answer in one sentence.")
        thread = client.beta.threads.create(messages=[{"role": "user", "content": text} for text in messages])
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, additional_instructions=instructions)
        return client.beta.threads.messages.list(thread.id, run_id=run.id).data[0].content[0].text.value


def test_fact_in_the_instructions_is_known():
    said = recalled(["Remember: I travel with a dog.", "What do you remember?"], "Be brief.\n- Remember: no flights at night.")
    assert said == "You asked me to remember: no flights at night; I travel with a dog."


def test_instructions_are_no_part_of_the_conversation():
    assert recalled(["What do you remember?"]) == "You have said nothing before, in what I was given."
