"""Whatever the API's description allows to be asked, and ids that exist or do not: never a 5xx, never a reply of another shape.

Requests are made up from the description by schemathesis, with the ids of objects that are there put in more often than not. Every reply
that is a success is held to the description, every other one to the one shape that errors have.
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.threadlab.conformance import checking
from tests.threadlab.conformance.checking import ROUTES
from tests.threadlab.engine.desk import WEATHER, Desk, desk

pytestmark = pytest.mark.skipif(not checking.OPENAPI.exists(), reason=checking.ABSENT)

REFUSALS = {400, 404}
CURSORS = {"after", "before"}
ENDING = {"cancelRun", "submitToolOuputsToRun"}
"""After one that succeeds, the run does not take another."""
LOCKED = ("/messages", "/runs")
"""What a thread refuses to take in while a run is active."""
FEW, MANY = 8, 120


@pytest.fixture(scope="module")
def schema() -> Any:
    ours = {path for _, path in ROUTES.values()}
    document = checking.document()
    described = {**document, "paths": {path: item for path, item in document["paths"].items() if path in ours}}
    return schemathesis.openapi.from_dict(described)


class World:
    """Objects to ask about, made anew when they run out."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        self.chance = random.Random(0)
        self.refresh()

    def refresh(self) -> None:
        at = self.at
        file = at.client.files.create(file=("a.txt", b"Refunds are paid."), purpose="assistants").id
        store = at.client.vector_stores.create(file_ids=[file]).id
        batch = at.client.vector_stores.file_batches.create(store, file_ids=[file]).id
        self.idle = at.thread("Hello")
        thread = at.thread("What is the weather in Paris?")
        run = at.run(thread, tools=[WEATHER]).id
        at.wait(5)
        (call,) = at.threads.runs.retrieve(run, thread_id=thread).required_action.submit_tool_outputs.tool_calls
        self.outputs = [{"tool_call_id": call.id, "output": "Sunny."}]
        step = at.threads.runs.steps.list(run, thread_id=thread).data[0].id
        message = at.threads.messages.list(thread).data[0].id
        self.ids = {
            "assistant_id": at.client.beta.assistants.create(model="gpt-4o", tools=[WEATHER]).id,
            "thread_id": thread,
            "run_id": run,
            "step_id": step,
            "message_id": message,
            "file_id": file,
            "vector_store_id": store,
            "batch_id": batch,
            "model": "gpt-4o" if self.chance.random() < 0.5 else f"ft:gpt-4o-mini:acemeco:suffix:{self.chance.randrange(10**6)}",
        }

    def fill(self, value: Any, name: str = "") -> Any:
        """A body with ids that exist in the places of ids, now and then left as it came."""
        if isinstance(value, dict):
            return {key: self.fill(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.fill(one, name.removesuffix("s")) for one in value]
        return self.ids[name] if name in self.ids and isinstance(value, str) and self.chance.random() < 0.8 else value


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with desk() as at:
        yield World(at)


def send(world: World, operation: str, case: Any) -> Any:
    method, path = ROUTES[operation]
    known = {**world.ids, "thread_id": world.idle} if path.endswith(LOCKED) and world.chance.random() < 0.7 else world.ids
    for name, value in (case.path_parameters or {}).items():
        plain = "".join(letter for letter in str(value) if letter in string.ascii_letters + string.digits) or "x"
        path = path.replace("{" + name + "}", known[name] if world.chance.random() < 0.8 else plain)
    query = {name: value for name, value in (case.query or {}).items() if value is not None}
    if world.chance.random() < 0.5:  # made-up cursors are refused, and nothing behind them would be looked at
        query = {name: value for name, value in query.items() if name not in CURSORS}
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool) or case.body is None else None
    if operation == "createFile":
        fields = {name: str(value) for name, value in (body or {}).items() if name != "file"} if isinstance(body, dict) else {}
        return world.at.raw(method, path, data=fields, files={"file": ("a.txt", b"Refunds")})
    if body is None or method == "GET":
        return world.at.raw(method, path, params=query)
    body = world.fill(body)
    if operation == "submitToolOuputsToRun" and world.chance.random() < 0.5:
        body = {**body, "tool_outputs": world.outputs}
    return world.at.raw(method, path, body, params=query)


def check(operation: str, response: Any) -> None:
    kind = response.headers["content-type"]
    if response.status_code != 200:
        assert response.status_code in REFUSALS, response.text
        error = response.json()["error"]
        assert list(error) == ["message", "type", "param", "code"]
        assert error["message"]
    elif kind.startswith("text/event-stream"):
        assert response.read().endswith(b"event: done\ndata: [DONE]\n\n")
    elif operation != "downloadFile":
        checking.check_reply_openapi(operation, response.json())
        checking.check_reply_sdk(operation, response.json())


def many(world: World, schema: Any, operation: str, examples: int) -> Counter[int]:
    method, path = ROUTES[operation]
    world.chance.seed(operation)  # the same requests whatever this process has tested before
    world.refresh()
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=schema[path][method].as_strategy(), advance=st.sampled_from([0.0, 0.0, 0.5, 5.0]))
    def ask(case: Any, advance: float) -> None:
        world.at.wait(advance)
        response = send(world, operation, case)
        statuses[response.status_code] += 1
        check(operation, response)
        used_up = operation in ENDING and response.status_code == 200
        if operation.startswith("delete") or used_up or sum(statuses.values()) % 20 == 0:
            world.refresh()

    ask()
    return statuses


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_some_random_requests_are_answered_as_described(world: World, schema: Any, operation: str) -> None:
    many(world, schema, operation, FEW)


@pytest.mark.slow
def test_5000_random_requests_are_answered_as_described(world: World, schema: Any) -> None:
    total: Counter[int] = Counter()
    unlucky = []
    for operation in sorted(ROUTES):
        statuses = many(world, schema, operation, MANY)
        total += statuses
        unlucky += [] if statuses[200] else [operation]
        print(operation, dict(statuses))
    assert total.total() >= 5000
    assert unlucky == [], "these never succeeded, so that their replies were not looked at"
