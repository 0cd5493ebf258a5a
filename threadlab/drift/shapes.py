"""Two replies compared by shape: which fields there are, of which JSON types, and words that must be among those that the API has.

Values are not compared. Where one side has no counterpart (an empty list, a null that may be one), the other is held to the schema alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from threadlab.drift import schema as s

_ID = re.compile(r"[a-z]+(?:_[a-z]+)*[_-][A-Za-z0-9]{6,}")


class Difference(NamedTuple):
    at: str
    """Where, as a JSON path."""
    kind: str
    """`field`, `type` or `enum`."""
    sentence: str


class _Nothing:
    """No counterpart."""


NOTHING = _Nothing()


class Ids:
    """Which id of the recording is which one here."""

    def __init__(self) -> None:
        self.ours: dict[str, str] = {}
        self.recorded: set[str] = set()
        """All that the recorded replies had."""

    def pair(self, recorded: str, ours: Any) -> None:
        if _ID.fullmatch(recorded) is None:
            return
        self.recorded.add(recorded)
        if isinstance(ours, str) and _ID.fullmatch(ours):
            self.ours.setdefault(recorded, ours)


def compare(recorded: Any, ours: Any, schema: s.Schema, ids: Ids, at: str = "$") -> Iterator[Difference]:
    """How what was recorded differs from what this service said."""
    if schema is s.Same:
        if recorded != ours:
            yield Difference(at, "enum", f"{_shown(recorded)} was recorded, and here it is {_shown(ours)}")
        return
    theirs, own = s.json_type(recorded), None if ours is NOTHING else s.json_type(ours)
    if theirs != own and not _may_differ(theirs, own, schema):
        yield Difference(at, "type", _of_types(theirs, own, schema))
        return
    counterpart = ours if theirs == own else NOTHING
    if isinstance(recorded, str):
        yield from _of_words(recorded, counterpart, schema, ids, at)
    elif isinstance(recorded, list):
        yield from _of_lists(recorded, counterpart, schema, ids, at)
    elif isinstance(recorded, dict):
        yield from _of_objects(recorded, counterpart, schema, ids, at)


def _may_differ(theirs: str, own: str | None, schema: s.Schema) -> bool:
    types = s.json_types(schema)
    if types is None:
        return own is None
    return theirs in types and (own is None or own in types)


def _of_types(theirs: str, own: str | None, schema: s.Schema) -> str:
    here = own or " or ".join(sorted(s.json_types(schema) or {"something else"}))
    return f"{theirs} was recorded, and here it is {here}"


def _of_words(recorded: str, ours: Any, schema: s.Schema, ids: Ids, at: str) -> Iterator[Difference]:
    ids.pair(recorded, ours)
    words = s.allowed(schema)
    if words is not None and recorded not in words:
        yield Difference(at, "enum", f"{_shown(recorded)} was recorded, and the API has {', '.join(map(_shown, words))}")


def _of_lists(recorded: list[Any], ours: Any, schema: s.Schema, ids: Ids, at: str) -> Iterator[Difference]:
    own = [] if ours is NOTHING else ours
    item = s.element(schema)
    several = s.is_union(item)
    for index, one in enumerate(recorded):
        kind = _kind(one, several)
        if index < len(own) and _kind(own[index], several) == kind:
            yield from compare(one, own[index], item, ids, f"{at}[{index}]")
        else:  # a shape to compare with, and no object to take the id of
            counterpart = next((other for other in own if _kind(other, several) == kind), NOTHING)
            yield from compare(one, counterpart, item, _Unpaired(ids), f"{at}[{index}]")


class _Unpaired(Ids):
    """Notes the ids of the recording as ones that have no counterpart."""

    def __init__(self, ids: Ids) -> None:
        self.ours, self.recorded = {}, ids.recorded


def _kind(value: Any, several: bool) -> tuple[Any, ...]:
    if not several or not isinstance(value, dict):
        return (s.json_type(value),)
    return ("object", value.get("type"), value.get("object"))


def _of_objects(recorded: dict[str, Any], ours: Any, schema: s.Schema, ids: Ids, at: str) -> Iterator[Difference]:
    if s.is_free(schema):
        return
    model = s.of_union_member(schema, recorded) if schema is not None else None
    if schema is not None and model is None:
        description = ", ".join(f"{name} {_shown(recorded[name])}" for name in ("type", "object", "role") if name in recorded)
        yield Difference(at, "enum", f"an object with {description or 'no type'} was recorded, and the API has none such here")
        return
    counterpart: Any = ours if ours is not NOTHING and (model is None or s.of_union_member(schema, ours) is model) else NOTHING
    yield from _of_names(recorded, counterpart, model, at)
    fields = s.fields(model) or {}
    for name, value in recorded.items():
        if counterpart is NOTHING:
            if name in fields:
                yield from compare(value, NOTHING, fields[name], ids, f"{at}.{name}")
        elif name in counterpart:
            yield from compare(value, counterpart[name], fields.get(name), ids, f"{at}.{name}")


def _of_names(recorded: dict[str, Any], ours: Any, model: s.Schema, at: str) -> Iterator[Difference]:
    if ours is NOTHING:
        fields = s.fields(model)
        missing = s.required(model) - recorded.keys()
        more = set() if fields is None or isinstance(model, s.Fields) else recorded.keys() - fields.keys()
    else:
        missing, more = ours.keys() - recorded.keys(), recorded.keys() - ours.keys()
    for name in sorted(missing):
        yield Difference(f"{at}.{name}", "field", "the field is not in the recording, and it is there here")
    for name in sorted(more):
        yield Difference(f"{at}.{name}", "field", "the field was recorded, and it is not there here")


def _shown(value: Any) -> str:
    return repr(value[:60] if isinstance(value, str) else value)
