"""The files in a vector store, and batches of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import msgspec

from threadlab.engine import validate
from threadlab.engine.call import Call, row_id
from threadlab.engine.files_api import files, params, searching
from threadlab.store.records import Row
from threadlab.text.extract import Unreadable, text_of, unsupported
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f

MAX_BATCH = 2000
STATUSES = ["in_progress", "completed", "failed", "cancelled"]
KEY, VALUE = 64, 512


def checked_chunking(given: f.Chunking | None) -> f.ChunkingUsed:
    """What `auto` stands for, or what was asked for. Raises ApiError 400."""
    if not isinstance(given, f.AskedChunking):
        return f.ChunkingUsed()
    validate.between("chunking_strategy.static.max_chunk_size_tokens", given.static.max_chunk_size_tokens, 100, 4096)
    most = given.static.max_chunk_size_tokens // 2
    validate.between("chunking_strategy.static.chunk_overlap_tokens", given.static.chunk_overlap_tokens, 0, most)
    return f.ChunkingUsed(given.static)


def checked_attributes(given: f.Attributes | None) -> f.Attributes:
    """16 pairs, keys of 64 characters, texts of 512. Raises ApiError 400."""
    result = given or {}
    if len(result) > validate.METADATA_PAIRS:
        raise errors.too_many_properties("attributes", validate.METADATA_PAIRS, len(result))
    for key, value in result.items():
        validate.length(f"attributes.{key[:KEY]}", key, KEY)
        validate.length(f"attributes.{key}", value if isinstance(value, str) else None, VALUE)
    return result


SUPPORTED = frozenset(
    f".{suffix}"
    for suffix in (
        *("c", "cpp", "cs", "css", "doc", "docx", "go", "html", "java", "js", "json", "md", "pdf", "php", "pptx", "py", "rb", "sh"),
        *("tex", "ts", "txt"),
    )
)
"""Kinds of files that file_search takes (official list)."""


def check_kinds(call: Call, file_ids: Iterable[str]) -> None:
    """Raises ApiError 400 if one of these files is of a kind that cannot be searched, 404 if one is not there."""
    kinds = [PurePath(files.find(call, file_id)[1].filename).suffix.lower() for file_id in file_ids]
    wrong = [kind or "none" for kind in dict.fromkeys(kinds) if kind not in SUPPORTED]
    if wrong:
        raise errors.unsupported_files(wrong)


def add_files(call: Call, store_id: str, wanted: list[tuple[str, f.ChunkingUsed, f.Attributes]], batch_id: str = "") -> list[f.StoreFile]:
    """Put files into a vector store; one that is in it already is put in anew. Raises ApiError 400 or 404."""
    uploads = [(files.find(call, file_id)[1], used, attributes) for file_id, used, attributes in wanted]
    return [_add(call, store_id, file, used, attributes, batch_id) for file, used, attributes in uploads]


def _add(call: Call, store_id: str, file: f.File, used: f.ChunkingUsed, attributes: f.Attributes, batch_id: str) -> f.StoreFile:
    stuck = call.state.faults.triggered(call.operation, ("file",))
    try:
        if PurePath(file.filename).suffix.lower() not in SUPPORTED:
            raise unsupported(file.filename)
        text = text_of(file.filename, files.read(call, file.id) or b"")
        body = f.StoreFile(file.id, call.second, store_id, "completed", len(text.encode()), None, used, attributes)
    except Unreadable as problem:
        body = f.StoreFile(file.id, call.second, store_id, "failed", 0, problem.error, used, attributes)
    if stuck:
        body = msgspec.structs.replace(body, status="in_progress", usage_bytes=0, last_error=None)
    call.store.remove(row_id(f.StoreFile, file.id, store_id))
    call.add(body, store_id, batch_id)
    return body


def create(call: Call) -> f.StoreFile:
    store_id = call.ids[0]
    call.find(f.VectorStore, store_id)
    body = call.body(params.CreateStoreFile)
    entry = (body.file_id, checked_chunking(body.chunking_strategy), checked_attributes(body.attributes))
    (file,) = add_files(call, store_id, [entry])
    return searching.shown_file(call, file)


def _find(call: Call) -> tuple[Row, f.StoreFile]:
    store_id, file_id = call.ids
    call.find(f.VectorStore, store_id)
    row, file = call.find(f.StoreFile, file_id, store_id)
    if not searching.file_exists(call, row):
        raise errors.not_found("file", file_id)
    return row, file


def retrieve(call: Call) -> f.StoreFile:
    return searching.shown_file(call, _find(call)[1])


def modify(call: Call) -> f.StoreFile:
    row, _ = _find(call)
    attributes = checked_attributes(call.body(params.UpdateStoreFile).attributes)
    return searching.shown_file(call, call.change(row, attributes=attributes))


def delete(call: Call) -> o.Deleted:
    """Out of the vector store; the file itself stays."""
    row, file = _find(call)
    call.store.remove(row.id)
    return o.Deleted(file.id, "vector_store.file.deleted")


def content(call: Call) -> f.ContentPage:
    _, file = _find(call)
    data = files.read(call, file.id) or b""
    try:
        return f.ContentPage([f.TextPart(text_of(files.find(call, file.id)[1].filename, data))])
    except Unreadable:
        return f.ContentPage([])


def list_all(call: Call) -> o.Page:
    store_id = call.ids[0]
    call.find(f.VectorStore, store_id)
    return _page(call, store_id)


def _page(call: Call, store_id: str, batch_id: str = "") -> o.Page:
    status_filter = call.query().get("filter")
    if status_filter and status_filter not in STATUSES:
        raise errors.wrong_value("filter", status_filter, STATUSES)

    def show(row: Row) -> Any:
        return searching.shown_file(call, row.body) if isinstance(row.body, f.StoreFile) else row.body

    return call.page(
        f.StoreFile,
        store_id,
        batch_id,
        shown=show,
        keep=lambda row: searching.file_exists(call, row) and status_filter in (None, "", show(row).status),
    )


# ---- batches ---------------------------------------------------------------------------------------------------------------------------


def create_batch(call: Call) -> f.FileBatch:
    store_id = call.ids[0]
    call.find(f.VectorStore, store_id)
    body = call.body(params.CreateFileBatch)
    if (body.file_ids is None) == (body.files is None):
        raise errors.invalid("file_ids", "Give either 'file_ids' or 'files'.")
    used, attributes = checked_chunking(body.chunking_strategy), checked_attributes(body.attributes)
    entries = [(file_id, used, attributes) for file_id in body.file_ids or []]
    entries += [(one.file_id, checked_chunking(one.chunking_strategy), checked_attributes(one.attributes)) for one in body.files or []]
    if not entries:
        raise errors.invalid("file_ids", "Invalid 'file_ids': empty array. Expected an array with minimum length 1.", "empty_array")
    validate.items("file_ids", entries, MAX_BATCH)
    batch = f.FileBatch(call.new_id("vsfb"), call.second, store_id)
    call.add(batch, store_id)
    add_files(call, store_id, list({one[0]: one for one in entries}.values()), batch.id)
    return _shown_batch(call, batch)


def _shown_batch(call: Call, batch: f.FileBatch) -> f.FileBatch:
    counts = searching.counts([file for _, file in searching.files_in(call, batch.vector_store_id, batch.id)])
    status = "in_progress" if counts.in_progress else "cancelled" if batch.status == "cancelled" else "completed"
    return msgspec.structs.replace(batch, status=status, file_counts=counts)


def _find_batch(call: Call) -> tuple[Row, f.FileBatch]:
    store_id, batch_id = call.ids[:2]
    call.find(f.VectorStore, store_id)
    return call.find(f.FileBatch, batch_id, store_id)


def retrieve_batch(call: Call) -> f.FileBatch:
    return _shown_batch(call, _find_batch(call)[1])


def cancel_batch(call: Call) -> f.FileBatch:
    """Files that are still being processed are given up."""
    row, batch = _find_batch(call)
    for file_row, file in searching.files_in(call, batch.vector_store_id, batch.id):
        if file.status == "in_progress":
            call.change(file_row, status="cancelled", usage_bytes=0)
            batch = call.change(row, status="cancelled")
    return _shown_batch(call, batch)


def list_batch(call: Call) -> o.Page:
    _, batch = _find_batch(call)
    return _page(call, batch.vector_store_id, batch.id)
