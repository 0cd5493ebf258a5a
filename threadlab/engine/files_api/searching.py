"""Searching vector stores: which files they hold, the index over their passages, and what a filter lets through."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from threadlab.engine.call import Call
from threadlab.engine.files_api import files
from threadlab.store.protocol import Query
from threadlab.store.records import Row
from threadlab.text.extract import Unreadable, passages, text_of
from threadlab.wire import errors
from threadlab.wire import files as f

TAKES = 1
"""Seconds that a file is `in_progress` for after it was added (guess)."""
MANY = 100_000


def shown_file(call: Call, file: f.StoreFile) -> f.StoreFile:
    """A file of a vector store as it now is: in progress for as long as processing takes."""
    if file.status in ("completed", "failed") and call.now < file.created_at + TAKES:
        return msgspec.structs.replace(file, status="in_progress", last_error=None, usage_bytes=0)
    return file


def files_in(call: Call, store_id: str, batch_id: str = "") -> list[tuple[Row, f.StoreFile]]:
    """The files of a vector store (or of one batch) that have not been deleted, oldest first, as they now are."""
    rows = call.store.page(Query("vector_store.file", call.project, store_id, batch_id, limit=MANY))
    return [(row, shown_file(call, row.body)) for row in rows if isinstance(row.body, f.StoreFile) and file_exists(call, row)]


def file_exists(call: Call, row: Row) -> bool:
    """Whether the file behind a vector store's file still exists."""
    file_row = call.store.get(row.body.id)
    return file_row is not None and files.alive(call, file_row)


def counts(found: Sequence[f.StoreFile]) -> f.FileCounts:
    of = [one.status for one in found]
    return f.FileCounts(of.count("in_progress"), of.count("completed"), of.count("failed"), of.count("cancelled"), len(of))


def pieces_of(call: Call, file: f.StoreFile) -> tuple[str, list[str]]:
    """The name of a file and its passages; none for one that cannot be read."""
    kept, data = call.store.get(file.id), files.read(call, file.id)
    if data is None or kept is None or not isinstance(kept.body, f.File):
        return "", []
    try:
        return kept.body.filename, list(passages(text_of(kept.body.filename, data), file.chunking_strategy.static))
    except Unreadable:
        return kept.body.filename, []


def search(call: Call, store_ids: Sequence[str], question: str, limit: int, threshold: float = 0.0, filters: Any = None) -> list[f.Passage]:
    """The passages of these vector stores that answer a question best, best first. Scores are shares (0 to 1) of the best one's BM25."""
    found = [file for store_id in store_ids for _, file in files_in(call, store_id) if file.status == "completed"]
    key = (call.project, *sorted(f"{file.vector_store_id}/{file.id}/{file.created_at}" for file in found))
    index = call.state.indexes.get(key) or call.state.indexes.over(key, _passages(call, found))
    attributes = {file.id: file.attributes for file in found}
    ranked = [
        msgspec.structs.replace(passage, score=round(score, 6), attributes=attributes[passage.file_id])
        for score, passage in index.search(question)
        if score >= threshold and matches(filters, attributes[passage.file_id])
    ]
    return ranked[:limit]


def _passages(call: Call, found: Sequence[f.StoreFile]) -> list[f.Passage]:
    out: list[f.Passage] = []
    for file in found:
        name, texts = pieces_of(call, file)
        out += [f.Passage(file.id, name, text, 0.0) for text in texts]
    return out


# ---- filters ----------------------------------------------------------------------------------------------------------------------------


def matches(given: Any, attributes: f.Attributes, depth: int = 0) -> bool:
    """Whether a file's attributes pass a filter. Raises ApiError 400 for an invalid filter."""
    if given is None:
        return True
    if depth > 8:
        raise errors.invalid("filters", "Invalid 'filters': nested too deeply.")
    try:
        if isinstance(given, dict) and given.get("type") in ("and", "or"):
            compound = msgspec.convert(given, f.Compound)
            each = [matches(one, attributes, depth + 1) for one in compound.filters]
            return all(each) if compound.type == "and" else any(each)
        return _compares(msgspec.convert(given, f.Comparison), attributes)
    except msgspec.ValidationError as problem:
        raise errors.invalid("filters", f"Invalid 'filters': {problem}.") from None


_ORDER: dict[str, Callable[[Any, Any], Any]] = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def _compares(one: f.Comparison, attributes: f.Attributes) -> bool:
    if one.type in ("in", "nin"):
        among = one.value if isinstance(one.value, list) else [one.value]
        return (attributes.get(one.key) in among) is (one.type == "in")
    if one.type in ("eq", "ne"):
        return (attributes.get(one.key) == one.value) is (one.type == "eq")
    try:
        return bool(_ORDER[one.type](attributes.get(one.key), one.value))
    except TypeError:
        return False  # not there, or of another kind
