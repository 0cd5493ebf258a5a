"""What the API's description says of a value, as the SDK's models have it: they are generated from the description.

A schema is an annotation of one of those models, or one of the small ones below for what the SDK has no model of.
"""

from __future__ import annotations

import functools
import importlib
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Schema: TypeAlias = Any
"""An annotation; None where nothing is known."""

_MODELS = {
    "assistant": "beta.assistant.Assistant",
    "assistant.deleted": "beta.assistant_deleted.AssistantDeleted",
    "thread": "beta.thread.Thread",
    "thread.deleted": "beta.thread_deleted.ThreadDeleted",
    "thread.message": "beta.threads.message.Message",
    "thread.message.delta": "beta.threads.message_delta_event.MessageDeltaEvent",
    "thread.message.deleted": "beta.threads.message_deleted.MessageDeleted",
    "thread.run": "beta.threads.run.Run",
    "thread.run.step": "beta.threads.runs.run_step.RunStep",
    "thread.run.step.delta": "beta.threads.runs.run_step_delta_event.RunStepDeltaEvent",
    "file": "file_object.FileObject",
    "model": "model.Model",
    "vector_store": "vector_store.VectorStore",
    "vector_store.deleted": "vector_store_deleted.VectorStoreDeleted",
    "vector_store.file": "vector_stores.vector_store_file.VectorStoreFile",
    "vector_store.file.deleted": "vector_stores.vector_store_file_deleted.VectorStoreFileDeleted",
    "vector_store.files_batch": "vector_stores.vector_store_file_batch.VectorStoreFileBatch",
    "conversation": "conversations.conversation.Conversation",
    "conversation.deleted": "conversations.conversation_deleted_resource.ConversationDeletedResource",
    "response": "responses.response.Response",
    "response.compaction": "responses.compacted_response.CompactedResponse",
    "response.input_tokens": "responses.input_token_count_response.InputTokenCountResponse",
}
"""The SDK's model of each `object`."""

_LISTED = {
    "listAssistants": "beta.assistant.Assistant",
    "listMessages": "beta.threads.message.Message",
    "listRuns": "beta.threads.run.Run",
    "listRunSteps": "beta.threads.runs.run_step.RunStep",
    "listFiles": "file_object.FileObject",
    "listVectorStores": "vector_store.VectorStore",
    "listVectorStoreFiles": "vector_stores.vector_store_file.VectorStoreFile",
    "listFilesInVectorStoreBatch": "vector_stores.vector_store_file.VectorStoreFile",
    "listModels": "model.Model",
    "searchVectorStore": "vector_store_search_response.VectorStoreSearchResponse",
    "retrieveVectorStoreFileContent": "vector_stores.file_content_response.FileContentResponse",
    "listConversationItems": "conversations.conversation_item.ConversationItem",
    "createConversationItems": "conversations.conversation_item.ConversationItem",
    "listInputItems": "responses.response_item.ResponseItem",
}
"""What is in the lists of these operations."""
_ALONE = {
    "getConversationItem": "conversations.conversation_item.ConversationItem",
    "deleteFile": "file_deleted.FileDeleted",
    "deleteModel": "model_deleted.ModelDeleted",
}


class Fields:
    """A schema of our own: an object with these fields."""

    def __init__(self, **fields: Schema) -> None:
        self.fields: Mapping[str, Schema] = fields


class Same:
    """A schema of our own: a value that is to be the same on both sides, because programs branch on it."""


ERROR = Fields(error=Fields(message=str, type=Same, param=typing.Optional[str], code=Same))  # noqa: UP045 - an annotation, as the SDK writes them


@functools.cache
def _model(name: str) -> Schema:
    module, _, model = name.rpartition(".")
    return getattr(importlib.import_module(f"openai.types.{module}"), model)


def of_object(value: Any) -> Schema:
    """The model of an object that says what it is; None for one that does not."""
    name = _MODELS.get(str(value.get("object"))) if isinstance(value, dict) else None
    return _model(name) if name else None


def of_reply(operation: str, ours: Any) -> Schema:
    """The schema of an operation's reply, of which `ours` is one."""
    if operation in _LISTED:
        item = _model(_LISTED[operation])
        maybe = typing.Optional[str]  # noqa: UP045
        return Fields(object=Same, data=list[item], first_id=maybe, last_id=maybe, next_page=maybe, has_more=bool, search_query=list[str])  # type: ignore[valid-type]
    return _model(_ALONE[operation]) if operation in _ALONE else of_object(ours)


def of_event(name: str | None, ours: Any) -> Schema:
    """The schema of an event's data."""
    if name is not None and name.startswith("response."):
        return of_union_member(_model("responses.response_stream_event.ResponseStreamEvent"), ours)
    return ERROR if name == "error" else of_object(ours)


# ---- reading a schema ------------------------------------------------------------------------------------------------------------------


def _origin(schema: Schema) -> Any:
    return typing.get_origin(schema)


def plain(schema: Schema) -> Schema:
    """Without what `Annotated` and type aliases add."""
    while True:
        if _origin(schema) is typing.Annotated:
            schema = typing.get_args(schema)[0]
        elif hasattr(schema, "__value__"):
            schema = schema.__value__
        else:
            return schema


def members(schema: Schema) -> list[Schema]:
    """The parts of a union; of anything else, itself."""
    schema = plain(schema)
    if _origin(schema) in (typing.Union, types.UnionType):
        return [part for one in typing.get_args(schema) for part in members(one)]
    return [schema]


def fields(schema: Schema) -> Mapping[str, Schema] | None:
    """The fields of an object by their names on the wire; None if it is not an object with fields of its own."""
    if isinstance(schema, Fields):
        return schema.fields
    own = getattr(schema, "model_fields", None)
    return {field.alias or name: field.annotation for name, field in own.items()} if own else None


def required(schema: Schema) -> set[str]:
    own = getattr(schema, "model_fields", None)
    return {field.alias or name for name, field in own.items() if field.is_required()} if own else set()


_PLAIN: dict[Any, set[str]] = {
    str: {"string"},
    int: {"number"},
    float: {"number"},
    bool: {"boolean"},
    type(None): {"null"},
}


def json_types(schema: Schema) -> set[str] | None:
    """The JSON types that a value may have; None if any."""
    result: set[str] = set()
    for one in members(schema):
        if one in (None, Any, object, Same):
            return None
        if one in _PLAIN:
            result |= _PLAIN[one]
        elif _origin(one) is Literal:
            result |= {json_type(value) for value in typing.get_args(one)}
        elif _origin(one) is list:
            result.add("array")
        else:
            result.add("object")
    return result


def json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def allowed(schema: Schema) -> list[str] | None:
    """The strings that a value may be; None if it is not an enum, or an open one."""
    values: list[str] = []
    for one in members(schema):
        if _origin(one) is Literal:
            values += [value for value in typing.get_args(one) if isinstance(value, str)]
        elif one is str or one in (None, Any, object, Same):
            return None
    return values or None


def element(schema: Schema) -> Schema:
    """What is in a list."""
    for one in members(schema):
        if _origin(one) is list:
            return (typing.get_args(one) or (None,))[0]
    return None


def is_free(schema: Schema) -> bool:
    """Whether an object's names are the user's and no fields: metadata, say, or a JSON schema."""
    return any(one in (Any, object) or _origin(one) is dict for one in members(schema))


def is_union(schema: Schema) -> bool:
    """Whether an object can be one of several kinds."""
    return schema is None or sum(fields(one) is not None for one in members(schema)) != 1


_KINDS = ("type", "object", "role")


def of_union_member(schema: Schema, value: Any) -> Schema:
    """The member of a union that an object belongs to, by what it says of itself; None if it is not one of them."""
    candidates = [one for one in members(schema) if fields(one) is not None]
    if len(candidates) == 1:
        return candidates[0]
    fitting = [one for one in candidates if all(_may_be(one, kind, value) for kind in _KINDS)]
    return next((one for one in fitting if required(one) <= value.keys() <= (fields(one) or {}).keys()), fitting[0] if fitting else None)


def _may_be(model: Schema, kind: str, value: dict[str, Any]) -> bool:
    names = allowed((fields(model) or {}).get(kind))
    return names is None or value.get(kind) in names or (kind not in value and kind not in required(model))
