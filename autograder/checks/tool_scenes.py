"""How things stand in `tool-loop`: the tools, the threads, and what goes wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openai import OpenAI

from courseware.tables import DB
from threadlab.responders.scripted import Scripted
from threadlab.trials.trial import CLIENT, World
from threadlab.wire.prompts import Answer, Prompt, WantedCall

SUBMIT = "submitToolOuputsToRun"
TEXT = "  please book a table in Lisbon and in Porto.\n"
"""White space at its ends is part of a text."""
NO_TOOL = "What is the capital of Portugal?"
EARLIER = [{"role": "user", "content": "What is the capital of Spain?"}, {"role": "assistant", "content": "Madrid."}]
TABLE_AND_TAXI = "Book a table and a taxi in Lisbon, please."
MISSING = "order_taxi"
THREE_TABLES = "Book a table in Lisbon, in Porto and in Madrid, please."
CLOSED = "the restaurant in {city} is closed on {day}"
_CLOSED_ON = {"Lisbon": "Mondays", "Porto": "Sundays", "Madrid": "Tuesdays"}
BOOK_TABLE = {"says": "A table in {city} is booked at the “São João” for Zoë, reference R{n}."}
NOTIFY = {"says": "Sent: {text}"}


def function(name: str, argument: str) -> Any:
    parameters = {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


FUNCTIONS = [function("book_table", "city"), function(MISSING, "city"), function("notify_guest", "text")]


ROUNDS = 5
TWO_AT_ONCE_AFTER = 3


class Rounds(Scripted):
    """Books first and then, in four more rounds, wants the guest to be told how things stand. In two of them it says so before it asks.

    The second of the four asks for two calls.
    """

    def respond(self, prompt: Prompt) -> Answer:
        had = len(prompt.results)
        if 0 < had < ROUNDS + 2:
            done = f"{had} things are done"
            texts = [f"I will tell the guest that {done}."] if had % 2 else []
            wanted = [done, "the rest will follow"] if had == TWO_AT_ONCE_AFTER else [done]
            return Answer(texts=texts, calls=[WantedCall("notify_guest", json.dumps({"text": one})) for one in wanted])
        return super().respond(prompt)


def thread_with(text: str, earlier: Sequence[Any] = ()) -> Callable[[OpenAI], dict[str, Any]]:
    def setup(client: OpenAI) -> dict[str, Any]:
        thread = client.beta.threads.create(messages=list(earlier))
        assistant = client.beta.assistants.create(model="gpt-4o", name="Travel helper", tools=FUNCTIONS)
        return {"thread_id": thread.id, "assistant_id": assistant.id, "text": text, "earlier": len(earlier)}

    return setup


def args(book_table: Mapping[str, Any] = BOOK_TABLE) -> Callable[[dict[str, Any]], list[Any]]:
    handed = {"$": "tools", "tools": {"book_table": book_table, "notify_guest": NOTIFY}}
    return lambda given: [CLIENT, DB, given["thread_id"], given["assistant_id"], given["text"], handed]


def world(scenario: str = "", text: str = TEXT, earlier: Sequence[Any] = (), **more: Any) -> Callable[[], World]:
    return lambda: World(thread_with(text, earlier), scenario=scenario, **more)


def again(fault: str) -> Callable[[], World]:
    return world(f"{fault}@{SUBMIT}")


LOST = ("reply to the outputs lost", "outputs taken, 500 said", "outputs not taken", "outputs lost on their way", "no reply comes")
FAILING = ("a tool fails", "all tools fail", "no such tool")
SLOW_TABLE = {**BOOK_TABLE, "seconds": 400.0}
SILENT_TABLE = {"says": "{city:.0}"}
"""It books, and has nothing to say about it."""


def closed(**classes: str) -> dict[str, Any]:
    """Tables that cannot be booked in these cities: the exception's class for each."""
    return {**BOOK_TABLE, "raises": classes, "fails": {city: CLOSED.format(city=city, day=_CLOSED_ON[city]) for city in classes}}
