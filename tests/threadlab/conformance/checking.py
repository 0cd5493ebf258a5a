"""Is this JSON what the API sends? Asked of the SDK's own models, strictly, and of the OpenAPI description where it is there."""

from __future__ import annotations

import functools
import importlib
import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter

from threadlab.engine.routes import TABLE

FAMILY = ("/assistants", "/threads", "/files", "/vector_stores", "/models")
ROUTES = {name: (method, path) for method, path, name, *_ in TABLE if path.startswith(FAMILY)}
"""Method and path of each operation of the Assistants API and of what it needs."""

OPENAPI = Path(__file__).parents[4] / "shared" / "reference" / "openapi.yaml"
ABSENT = "the OpenAPI description (../shared/reference/openapi.yaml) is not here, so replies are held to the SDK's models alone"

_BETA = {
    "assistant": "beta.assistant.Assistant",
    "assistant.deleted": "beta.assistant_deleted.AssistantDeleted",
    "thread": "beta.thread.Thread",
    "thread.deleted": "beta.thread_deleted.ThreadDeleted",
    "thread.message": "beta.threads.message.Message",
    "thread.message.deleted": "beta.threads.message_deleted.MessageDeleted",
    "thread.run": "beta.threads.run.Run",
    "thread.run.step": "beta.threads.runs.run_step.RunStep",
    "file": "file_object.FileObject",
    "file.deleted": "file_deleted.FileDeleted",
    "model": "model.Model",
    "model.deleted": "model_deleted.ModelDeleted",
    "vector_store": "vector_store.VectorStore",
    "vector_store.deleted": "vector_store_deleted.VectorStoreDeleted",
    "vector_store.file": "vector_stores.vector_store_file.VectorStoreFile",
    "vector_store.file.deleted": "vector_stores.vector_store_file_deleted.VectorStoreFileDeleted",
    "vector_store.files_batch": "vector_stores.vector_store_file_batch.VectorStoreFileBatch",
    "search_result": "vector_store_search_response.VectorStoreSearchResponse",
    "file_content": "vector_stores.file_content_response.FileContentResponse",
    "conversation": "conversations.conversation.Conversation",
    "conversation.deleted": "conversations.conversation_deleted_resource.ConversationDeletedResource",
    "conversation.item": "conversations.conversation_item.ConversationItem",
    "response": "responses.response.Response",
    "response.compaction": "responses.compacted_response.CompactedResponse",
    "response.input_tokens": "responses.input_token_count_response.InputTokenCountResponse",
    "response.item": "responses.response_item.ResponseItem",
    "response.event": "responses.response_stream_event.ResponseStreamEvent",
}


def sdk_type(kind: str) -> Any:
    module, _, name = _BETA[kind].rpartition(".")
    return getattr(importlib.import_module(f"openai.types.{module}"), name)


@functools.cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    if kind == "event":
        from openai.types.beta import AssistantStreamEvent

        return TypeAdapter(AssistantStreamEvent)
    return TypeAdapter(sdk_type(kind))


def check_sdk(kind: str, value: Any) -> None:
    """Raises ValueError (pydantic's, or ours for a field that the model does not know)."""
    parsed = _adapter(kind).validate_json(json.dumps(value), strict=True)
    unknown = list(_unknown(parsed, kind))
    if unknown:
        raise ValueError(f"fields that the SDK's models do not know: {', '.join(unknown)}")


def _unknown(value: Any, at: str) -> Any:
    if isinstance(value, BaseModel):
        yield from (f"{at}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{at}.{name}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _unknown(one, f"{at}[{index}]")


_LISTED = {
    "searchVectorStore": "search_result",
    "retrieveVectorStoreFileContent": "file_content",
    "listConversationItems": "conversation.item",
    "createConversationItems": "conversation.item",
    "listInputItems": "response.item",
}
"""What is in the lists of these operations, which do not say so themselves."""

_SPECIAL = {"deleteFile": "file.deleted", "deleteModel": "model.deleted", "getConversationItem": "conversation.item"}


def check_reply_sdk(operation: str, value: Any) -> None:
    """A whole reply of an operation: an object, or a page of them."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        kind = _LISTED.get(operation)
        for one in value["data"]:
            check_sdk(kind or one["object"], one)
        return
    if operation == "deleteResponse":  # the SDK reads nothing of it
        assert value == {"id": value["id"], "object": "response", "deleted": True}
        return
    check_sdk(_SPECIAL.get(operation) or value["object"], value)


# ---- OpenAPI ------------------------------------------------------------------------------------------------------------


def modernised(schema: Any) -> Any:
    """`nullable` as 3.0 wrote it, in the words of JSON Schema; the rest as it is."""
    if isinstance(schema, list):
        return [modernised(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: modernised(part) for name, part in schema.items() if name not in ("nullable", "discriminator")}
    if "allOf" in plain and any(part == {} for part in plain["allOf"]):
        return {"anyOf": [{"type": "null"}, {"allOf": [part for part in plain["allOf"] if part]}]}
    return {"anyOf": [{"type": "null"}, plain]} if schema.get("nullable") is True and plain else plain


@functools.cache
def document() -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return modernised(yaml.load(OPENAPI.read_text(encoding="utf-8"), loader))


@functools.cache
def reply_schemas() -> dict[str, Any]:
    """Of each operation: the schema of its JSON reply (a pointer into the document)."""
    found: dict[str, Any] = {}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            content = operation.get("responses", {}).get("200", {}).get("content", {})
            if "application/json" in content:
                escaped = path.replace("~", "~0").replace("/", "~1")
                found[operation["operationId"]] = f"#/paths/{escaped}/{method}/responses/200/content/application~1json/schema"
    return found


@functools.cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator({**document(), "$ref": pointer})


def check_openapi(pointer: str, value: Any) -> None:
    """Raises AssertionError with the first few things that are wrong."""
    wrong = [f"{problem.json_path}: {problem.message[:300]}" for problem in _validator(pointer).iter_errors(value)]
    assert not wrong, "; ".join(wrong[:5])


def check_reply_openapi(operation: str, value: Any) -> None:
    """The description wants strings for `first_id` and `last_id` even in an empty list, where the API was seen to send null."""
    if isinstance(value, dict) and value.get("data") == [] and "first_id" in value:
        assert value["first_id"] is value["last_id"] is None
        value = {**value, "first_id": "", "last_id": ""}
    if operation in reply_schemas():
        check_openapi(reply_schemas()[operation], value)
    else:  # described as a reply without a body
        assert operation == "deleteResponse"
