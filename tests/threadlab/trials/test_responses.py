"""Conversations and Responses in a trial; each test named after the mistake it catches."""

from threadlab.trials.api_family import CONVERSATIONS, THREADS
from threadlab.trials.explore import explore_kills
from threadlab.trials.guest.messages import Spec
from threadlab.trials.host import Limits
from threadlab.trials.trial import CLIENT, World, in_process, trial

MODEL = "gpt-4o"


def a_conversation(client):
    return client.conversations.create().id


def ask(client, conversation_id):
    return client.responses.create(model=MODEL, conversation=conversation_id, input="What is the capital of France?").id


def test_response_whose_reply_has_come_is_over():
    world = World(a_conversation)
    evidence = trial(ask, CLIENT, world.given, world=world)
    assert evidence.kept(evidence.value).status == "completed"
    assert CONVERSATIONS.over(evidence, evidence.value)
    assert not THREADS.over(evidence, evidence.value)
    assert [one.role for one in CONVERSATIONS.said(evidence, world.given)] == ["user", "assistant"]
    assert CONVERSATIONS.wrote(evidence, evidence.value) == ["The capital of France is Paris."]


def test_text_of_a_lost_response_is_in_the_journal():
    world = World(a_conversation, scenario="request_lost@createResponse")
    evidence = trial(ask, CLIENT | {"max_retries": 0}, world.given, world=world)
    (sent,) = [entry for entry in evidence.journal if entry.what == "sent"]
    assert list(sent.texts) == ["What is the capital of France?"]


def test_poll_of_a_response_ends_with_it():
    def poll(client, conversation_id):
        response = client.responses.create(model=MODEL, conversation=conversation_id, input="Hello")
        while True:
            client.responses.retrieve(response.id)

    world = World(a_conversation)
    ending = trial(poll, CLIENT, world.given, world=world).ending
    assert ending.how == "halted"
    assert ending.message.endswith("25 times after its status was completed, and was stopped")


def test_program_without_an_end_is_killed_nowhere():
    def listing(client, conversation_id):
        while True:
            client.conversations.items.list(conversation_id)

    world = World(a_conversation, limits=Limits(requests=50))
    found = explore_kills(in_process({"listing": listing}), Spec("listing", [CLIENT, world.given]), world, bound=5)
    assert [evidence.ending.how for evidence in found] == ["halted"]
