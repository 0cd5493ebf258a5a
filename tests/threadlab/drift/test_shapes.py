"""A reply that was changed in its shape is told from one that was not, wherever the change is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.threadlab.drift.recorded import everything
from threadlab.drift import schema as s
from threadlab.drift import shapes
from threadlab.engine.routes import find_operation
from threadlab.wire.errors import ApiError

USERS_OWN = {"metadata", "parameters", "schema", "attributes"}
"""What is in these is the user's, and has no shape that the API gave it."""
WORDS = {"status", "role", "object", "type"}
OPEN = {("retrieveVectorStoreFileContent", "$.data[0].type"), ("deleteModel", "$.object")}
"""Words that the description leaves open: any other one has the same shape."""


def replies() -> Iterator[tuple[str, Any, s.Schema]]:
    """Each reply once by its fields: a name for the test, the JSON, and its schema."""
    seen: set[str] = set()
    for one in everything():
        found: list[tuple[str | None, Any]] = [(event.name, event.data) for event in one.events or ()]
        if one.reply is not None:
            found.append((None, one.reply.json))
        for name, value in found:
            if not isinstance(value, dict):
                continue
            try:
                operation = find_operation(one.method, f"/v1{one.path}")[0].name
            except ApiError:
                operation = ""
            label = f"{operation} {one.status} {name or ''} {sorted(leaf for leaf, _ in leaves(value))}"
            if label not in seen:
                seen.add(label)
                schema = s.of_event(name, value) if name else s.ERROR if one.status >= 400 else s.of_reply(operation, value)
                yield f"{operation} {name or one.status}", value, schema


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every place in a value that has a shape, and what is there."""
    yield path, value
    if isinstance(value, dict) and not (path and (path[-1] in USERS_OWN or path[:-1] == ("tool_choice", "tools"))):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))


def changed(value: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy in which `change` was done to what is at `path`: it gets what holds it, and its name."""
    whole = {"$": copy.deepcopy(value)}
    holder: Any = whole
    *way, last = ("$", *path)
    for name in way:
        holder = holder[name]
    change(holder, last)
    return whole["$"]


OF_ANOTHER_TYPE = {"string": 7, "number": "seven", "boolean": "yes", "array": 7, "object": 7}


def changes(value: Any) -> Iterator[tuple[str, Any, str]]:
    """What was done, the result, and where it is to be found."""
    for path, one in leaves(value):
        if not path:
            continue
        at = "$" + "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in path)
        if isinstance(path[-1], str):
            yield f"without {at}", changed(value, path, lambda holder, name: holder.pop(name)), at
        if one is not None:
            other = OF_ANOTHER_TYPE[s.json_type(one)]
            yield f"another type at {at}", changed(value, path, lambda holder, name, other=other: holder.update({name: other})
                                                   if isinstance(holder, dict) else holder.__setitem__(name, other)), at  # fmt: skip
        if isinstance(one, dict) and path[-1] not in USERS_OWN and path[:-1] != ("tool_choice", "tools"):
            yield f"more in {at}", changed(value, path, lambda holder, name: holder[name].update(odd=1)), f"{at}.odd"
        if path[-1] in WORDS and isinstance(one, str):
            yield f"an odd word at {at}", changed(value, path, lambda holder, name: holder.update({name: "odd"})), at


def test_reply_has_no_drift_to_itself() -> None:
    found = [(name, list(shapes.compare(value, value, schema, shapes.Ids()))) for name, value, schema in replies()]
    assert len(found) > 100
    assert [one for one in found if one[1]] == []


@pytest.mark.slow
def test_every_change_is_found_where_it_is() -> None:
    missed, count = [], 0
    for name, value, schema in replies():
        for what, other, at in changes(value):
            count += 1
            found = [one.at for one in shapes.compare(other, value, schema, shapes.Ids())]
            if (name.split()[0], at) in OPEN and "odd word" in what:
                assert found == []
            elif not any(at.startswith(one) or one.startswith(at) for one in found):
                missed.append(f"{name}: {what}: {found}")
    assert count > 3000
    assert missed == []


@pytest.mark.parametrize("value", ["why", 7, [], {"code": "server_error"}, {"code": "odd", "message": "Oh."}])
def test_what_was_null_here_is_held_to_the_description(value: Any) -> None:
    run = next(one.reply.json for one in everything() if one.reply and isinstance(one.reply.json, dict) and "last_error" in one.reply.json)
    assert run["last_error"] is None
    ok = list(shapes.compare({**run, "last_error": {"code": "server_error", "message": "Oh."}}, run, s.of_object(run), shapes.Ids()))
    assert ok == []
    assert [one.at[:12] for one in shapes.compare({**run, "last_error": value}, run, s.of_object(run), shapes.Ids())] == ["$.last_error"]


def test_other_status_of_a_run_is_no_drift() -> None:
    run = next(one.reply.json for one in everything() if one.reply and isinstance(one.reply.json, dict) and "last_error" in one.reply.json)
    other = {**run, "status": "failed", "failed_at": 1, "expires_at": None}
    assert list(shapes.compare(other, run, s.of_object(run), shapes.Ids())) == []
