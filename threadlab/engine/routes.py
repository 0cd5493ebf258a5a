"""Which operation a method and a path mean: one table."""

from collections.abc import Callable
from typing import Any

import msgspec

from threadlab.engine import models as model_names
from threadlab.engine.assistants_api import assistants, messages, runs, threads
from threadlab.engine.assistants_api import run_steps as steps
from threadlab.engine.call import Call
from threadlab.engine.faults import RUN_OPERATIONS
from threadlab.engine.files_api import files, vector_files, vector_stores
from threadlab.engine.responses_api import compaction, conversations, responses
from threadlab.wire import errors


class Operation(msgspec.Struct, frozen=True):
    """One operation of the API, under its OpenAPI name."""

    name: str
    handler: Callable[[Call], Any]
    params: tuple[str, ...]
    beta: bool = True
    """Whether the OpenAI-Beta header is required."""
    runs: bool = False
    """Whether it is a request to a model, and so counts against the limits of that."""


TABLE: tuple[tuple[str, str, str, Callable[[Call], Any]], ...] = (
    ("GET", "/assistants", "listAssistants", assistants.list_all),
    ("POST", "/assistants", "createAssistant", assistants.create),
    ("GET", "/assistants/{assistant_id}", "getAssistant", assistants.retrieve),
    ("POST", "/assistants/{assistant_id}", "modifyAssistant", assistants.modify),
    ("DELETE", "/assistants/{assistant_id}", "deleteAssistant", assistants.delete),
    ("POST", "/threads", "createThread", threads.create),
    ("GET", "/threads/{thread_id}", "getThread", threads.retrieve),
    ("POST", "/threads/{thread_id}", "modifyThread", threads.modify),
    ("DELETE", "/threads/{thread_id}", "deleteThread", threads.delete),
    ("POST", "/threads/runs", "createThreadAndRun", runs.create_with_thread),
    ("GET", "/threads/{thread_id}/messages", "listMessages", messages.list_all),
    ("POST", "/threads/{thread_id}/messages", "createMessage", messages.create),
    ("GET", "/threads/{thread_id}/messages/{message_id}", "getMessage", messages.retrieve),
    ("POST", "/threads/{thread_id}/messages/{message_id}", "modifyMessage", messages.modify),
    ("DELETE", "/threads/{thread_id}/messages/{message_id}", "deleteMessage", messages.delete),
    ("GET", "/threads/{thread_id}/runs", "listRuns", runs.list_all),
    ("POST", "/threads/{thread_id}/runs", "createRun", runs.create),
    ("GET", "/threads/{thread_id}/runs/{run_id}", "getRun", runs.retrieve),
    ("POST", "/threads/{thread_id}/runs/{run_id}", "modifyRun", runs.modify),
    ("POST", "/threads/{thread_id}/runs/{run_id}/cancel", "cancelRun", runs.cancel),
    ("POST", "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs", "submitToolOuputsToRun", runs.submit_tool_outputs),
    ("GET", "/threads/{thread_id}/runs/{run_id}/steps", "listRunSteps", steps.list_all),
    ("GET", "/threads/{thread_id}/runs/{run_id}/steps/{step_id}", "getRunStep", steps.retrieve),
    ("GET", "/files", "listFiles", files.list_all),
    ("POST", "/files", "createFile", files.create),
    ("GET", "/files/{file_id}", "retrieveFile", files.retrieve),
    ("DELETE", "/files/{file_id}", "deleteFile", files.delete),
    ("GET", "/files/{file_id}/content", "downloadFile", files.content),
    ("GET", "/vector_stores", "listVectorStores", vector_stores.list_all),
    ("POST", "/vector_stores", "createVectorStore", vector_stores.create),
    ("GET", "/vector_stores/{vector_store_id}", "getVectorStore", vector_stores.retrieve),
    ("POST", "/vector_stores/{vector_store_id}", "modifyVectorStore", vector_stores.modify),
    ("DELETE", "/vector_stores/{vector_store_id}", "deleteVectorStore", vector_stores.delete),
    ("POST", "/vector_stores/{vector_store_id}/search", "searchVectorStore", vector_stores.search),
    ("GET", "/vector_stores/{vector_store_id}/files", "listVectorStoreFiles", vector_files.list_all),
    ("POST", "/vector_stores/{vector_store_id}/files", "createVectorStoreFile", vector_files.create),
    ("GET", "/vector_stores/{vector_store_id}/files/{file_id}", "getVectorStoreFile", vector_files.retrieve),
    ("POST", "/vector_stores/{vector_store_id}/files/{file_id}", "updateVectorStoreFileAttributes", vector_files.modify),
    ("DELETE", "/vector_stores/{vector_store_id}/files/{file_id}", "deleteVectorStoreFile", vector_files.delete),
    ("GET", "/vector_stores/{vector_store_id}/files/{file_id}/content", "retrieveVectorStoreFileContent", vector_files.content),
    ("POST", "/vector_stores/{vector_store_id}/file_batches", "createVectorStoreFileBatch", vector_files.create_batch),
    ("GET", "/vector_stores/{vector_store_id}/file_batches/{batch_id}", "getVectorStoreFileBatch", vector_files.retrieve_batch),
    (
        "POST",
        "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
        "cancelVectorStoreFileBatch",
        vector_files.cancel_batch,
    ),
    ("GET", "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files", "listFilesInVectorStoreBatch", vector_files.list_batch),
    ("POST", "/conversations", "createConversation", conversations.create),
    ("GET", "/conversations/{conversation_id}", "getConversation", conversations.retrieve),
    ("POST", "/conversations/{conversation_id}", "updateConversation", conversations.modify),
    ("DELETE", "/conversations/{conversation_id}", "deleteConversation", conversations.delete),
    ("GET", "/conversations/{conversation_id}/items", "listConversationItems", conversations.list_items),
    ("POST", "/conversations/{conversation_id}/items", "createConversationItems", conversations.create_items),
    ("GET", "/conversations/{conversation_id}/items/{item_id}", "getConversationItem", conversations.retrieve_item),
    ("DELETE", "/conversations/{conversation_id}/items/{item_id}", "deleteConversationItem", conversations.delete_item),
    ("POST", "/responses", "createResponse", responses.create),
    ("POST", "/responses/compact", "Compactconversation", compaction.compact),
    ("POST", "/responses/input_tokens", "Getinputtokencounts", compaction.count),
    ("GET", "/responses/{response_id}", "getResponse", responses.retrieve),
    ("DELETE", "/responses/{response_id}", "deleteResponse", responses.delete),
    ("POST", "/responses/{response_id}/cancel", "cancelResponse", responses.cancel),
    ("GET", "/responses/{response_id}/input_items", "listInputItems", responses.list_input),
    ("GET", "/models", "listModels", model_names.list_all),
    ("GET", "/models/{model}", "retrieveModel", model_names.retrieve),
    ("DELETE", "/models/{model}", "deleteModel", model_names.delete),
)
"""Method, path, operation, handler. Every even part of a path is a word, every odd one an id."""


_EXACT: dict[tuple[str, str], Operation] = {}
"""Operations whose path has no id, by method and path."""
_BY_WORDS: dict[tuple[str, int, str], Operation] = {}
"""The others, by method, number of parts and the words among these."""
for _method, _path, _name, _handler in TABLE:
    _parts = _path.split("/")[1:]
    _operation = Operation(
        _name, _handler, tuple(part[1:-1] for part in _parts[1::2]), _path.startswith(("/assistants", "/threads")), _name in RUN_OPERATIONS
    )
    if "{" in _path:
        _BY_WORDS[_method, len(_parts), "/".join(_parts[::2])] = _operation
    else:
        _EXACT[_method, f"/v1{_path}"] = msgspec.structs.replace(_operation, params=())
_PATHS = {path for _, path in _EXACT}
_WORDS = {key[1:] for key in _BY_WORDS}

OPERATIONS = frozenset(name for _, _, name, _ in TABLE)


def find_operation(method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """The operation, and the ids in its path. Raises ApiError 404 for a path that does not exist, 405 for another method."""
    exact = _EXACT.get((method, path))
    if exact is not None:
        return exact, ()
    _, version, *parts = path.split("/") if path.count("/") > 1 else ("", "", "")
    if version != "v1":
        raise errors.unknown_route(method, path)
    if "" in parts:  # an empty id: `/threads//messages` was `/threads/messages` to the API (seen: openai/openai-node#902)
        rest = "/".join(part for part in parts if part)
        if not rest:
            raise errors.unknown_route(method, path)
        return find_operation(method, f"/v1/{rest}")
    words = "/".join(parts[::2])
    operation = _BY_WORDS.get((method, len(parts), words))
    if operation is not None:
        return operation, tuple(parts[1::2])
    if path in _PATHS or (len(parts), words) in _WORDS:
        raise errors.method_not_allowed(method, path)
    raise errors.unknown_route(method, path)
