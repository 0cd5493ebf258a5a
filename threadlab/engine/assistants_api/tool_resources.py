"""The files and vector stores that assistants, threads and messages bring with them."""

from __future__ import annotations

import msgspec

from threadlab.engine import validate
from threadlab.engine.assistants_api import params
from threadlab.engine.call import Call
from threadlab.engine.files_api.vector_files import add_files, check_kinds
from threadlab.engine.files_api.vector_stores import make
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f

HELPERS_EXPIRE = f.ExpiresAfter("last_active_at", 7)
"""A vector store that a thread made for itself goes seven days after it was last used (official text)."""


MAX_CODE_FILES = 20


def resources(call: Call, given: params.ToolResources | None, *, helper: bool) -> o.ToolResources | None:
    """What an assistant or a thread may use, vector stores asked for with it made. Raises ApiError 400 or 404."""
    if given is None:
        return None
    code = None
    if given.code_interpreter is not None:
        file_ids = given.code_interpreter.file_ids
        validate.items("tool_resources.code_interpreter.file_ids", file_ids, MAX_CODE_FILES)
        for file_id in file_ids:
            call.find(f.File, file_id)
        code = o.CodeInterpreterResources(file_ids)
    return o.ToolResources(code, _searchable(call, given.file_search, helper=helper))


def _searchable(call: Call, given: params.FileSearchResources | None, *, helper: bool) -> o.FileSearchResources | None:
    if given is None:
        return None
    if given.vector_store_ids and given.vector_stores:
        raise errors.invalid("tool_resources.file_search", "Give either 'vector_store_ids' or 'vector_stores', not both.")
    ids = list(given.vector_store_ids or [])
    validate.items("tool_resources.file_search.vector_store_ids", ids, 1)
    validate.items("tool_resources.file_search.vector_stores", given.vector_stores, 1)
    for store_id in ids:
        call.find(f.VectorStore, store_id)
    expires = HELPERS_EXPIRE if helper else msgspec.UNSET
    for spec in given.vector_stores or []:
        metadata = validate.metadata(spec.metadata, "tool_resources.file_search.vector_stores[0].metadata")
        ids.append(make(call, spec.file_ids or [], spec.chunking_strategy, metadata, "", expires).id)
    return o.FileSearchResources(ids)


def attach(call: Call, thread_id: str, attachments: list[o.Attachment]) -> None:
    """What a message brings goes to its thread: files to search into the thread's vector store (made if there is none), files for
    code among the thread's files. Raises ApiError 404 for a file that is not there."""
    to_search = [one.file_id for one in attachments if any(tool.type == "file_search" for tool in one.tools)]
    for_code = [one.file_id for one in attachments if any(tool.type == "code_interpreter" for tool in one.tools)]
    for one in attachments:
        call.find(f.File, one.file_id)
    if not to_search and not for_code:
        return
    row, thread = call.find(o.Thread, thread_id)
    has = thread.tool_resources or o.ToolResources()
    stores, code = has.file_search, has.code_interpreter
    check_kinds(call, to_search)
    if to_search and stores and stores.vector_store_ids:
        add_files(call, stores.vector_store_ids[0], [(file_id, f.ChunkingUsed(), {}) for file_id in to_search])
    elif to_search:
        stores = o.FileSearchResources([make(call, to_search, expires_after=HELPERS_EXPIRE).id])
    if for_code:
        code = o.CodeInterpreterResources(list(dict.fromkeys([*(code.file_ids if code else []), *for_code])))
    call.change(row, tool_resources=o.ToolResources(code, stores))
