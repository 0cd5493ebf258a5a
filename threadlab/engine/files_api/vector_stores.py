"""Vector stores: sets of files that can be searched."""

from __future__ import annotations

from typing import Any

import msgspec

from threadlab.engine import validate
from threadlab.engine.call import Call
from threadlab.engine.files_api import params, searching
from threadlab.engine.files_api.vector_files import add_files, check_kinds, checked_chunking
from threadlab.engine.params import UNSET
from threadlab.store.records import Row
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f

MAX_FILES_AT_ONCE = 500
DAY = 86_400


def make(
    call: Call,
    file_ids: list[str],
    chunking: f.Chunking | None = None,
    metadata: o.Metadata | None = None,
    name: str = "",
    expires_after: f.ExpiresAfter | msgspec.UnsetType = msgspec.UNSET,
) -> f.VectorStore:
    """A new vector store with these files in it."""
    used = checked_chunking(chunking)
    check_kinds(call, file_ids)
    store = f.VectorStore(call.new_id("vs"), call.second, name, call.second, expires_after=expires_after, metadata=metadata or {})
    call.add(store)
    add_files(call, store.id, [(file_id, used, {}) for file_id in file_ids])
    return store


def create(call: Call) -> f.VectorStore:
    body = call.body(params.CreateVectorStore)
    metadata = validate.metadata(body.metadata)
    _check_expiry(body.expires_after)
    validate.items("file_ids", body.file_ids, MAX_FILES_AT_ONCE)
    store = make(call, body.file_ids or [], body.chunking_strategy, metadata, body.name or "", body.expires_after or msgspec.UNSET)
    call.note(object_id=store.id)
    return shown(call, store)


def _check_expiry(given: f.ExpiresAfter | msgspec.UnsetType | None) -> None:
    if isinstance(given, f.ExpiresAfter):
        validate.between("expires_after.days", given.days, 1, 365)


def shown(call: Call, store: f.VectorStore) -> f.VectorStore:
    """A vector store as it now is."""
    store_files = [file for _, file in searching.files_in(call, store.id)]
    expires = store.last_active_at + store.expires_after.days * DAY if isinstance(store.expires_after, f.ExpiresAfter) else None
    counts = searching.counts(store_files)
    status = "expired" if expires is not None and call.now >= expires else "in_progress" if counts.in_progress else "completed"
    used = sum(file.usage_bytes for file in store_files)
    return msgspec.structs.replace(store, status=status, usage_bytes=used, file_counts=counts, expires_at=expires)


def retrieve(call: Call) -> f.VectorStore:
    return shown(call, call.find(f.VectorStore, call.ids[0])[1])


def modify(call: Call) -> f.VectorStore:
    row = call.find(f.VectorStore, call.ids[0])[0]
    body = call.body(params.UpdateVectorStore)
    _check_expiry(body.expires_after)
    fields: dict[str, Any] = {}
    if body.name is not UNSET:
        fields["name"] = body.name or ""
    if body.expires_after is not UNSET:
        fields["expires_after"] = body.expires_after or msgspec.UNSET
    if body.metadata is not UNSET:
        fields["metadata"] = validate.metadata(body.metadata)
    return shown(call, call.change(row, **fields))


def delete(call: Call) -> o.Deleted:
    store_id = call.ids[0]
    call.find(f.VectorStore, store_id)
    call.store.remove_below(store_id)
    call.store.remove(store_id)
    return o.Deleted(store_id, "vector_store.deleted")


def list_all(call: Call) -> o.Page:
    def show(row: Row) -> Any:
        return shown(call, row.body) if isinstance(row.body, f.VectorStore) else row.body

    return call.page(f.VectorStore, shown=show)


def is_expired(call: Call, store_id: str) -> bool:
    row = call.store.get(store_id)
    return row is not None and isinstance(row.body, f.VectorStore) and shown(call, row.body).status == "expired"


def use(call: Call, store_id: str) -> bool:
    """Note that a vector store is used now, which puts off its expiry. False when it is not there or has expired."""
    row = call.store.get(store_id)
    if row is None or row.project != call.project or not isinstance(row.body, f.VectorStore) or shown(call, row.body).status == "expired":
        return False
    call.change(row, last_active_at=call.second)
    return True


def search(call: Call) -> f.FoundPage:
    call.find(f.VectorStore, call.ids[0])
    body = call.body(params.SearchVectorStore)
    validate.between("max_num_results", body.max_num_results, 1, 50)
    options = body.ranking_options or params.SearchRanking()
    validate.between("ranking_options.score_threshold", options.score_threshold, 0, 1)
    queries = [body.query] if isinstance(body.query, str) else body.query
    if not queries or not all(queries):
        raise errors.invalid("query", "Invalid 'query': empty string. Expected a string with minimum length 1.", "empty_string")
    searching.matches(body.filters, {})
    if not use(call, call.ids[0]):
        raise errors.invalid(None, f"Vector store {call.ids[0]} has expired.", "vector_store_expired")  # guess
    hits = searching.search(call, [call.ids[0]], " ".join(queries), body.max_num_results, options.score_threshold, body.filters)
    call.note(text=" ".join(queries)[:500])
    items = [f.FoundItem(one.file_id, one.filename, one.score, one.attributes, [f.TextPart(one.text)]) for one in hits]
    return f.FoundPage(queries, items)
