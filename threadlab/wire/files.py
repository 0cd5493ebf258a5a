"""The wire objects of files, vector stores and models, and what searching them gives. See `objects` for the rest."""

from typing import Any, Literal, TypeAlias

import msgspec

from threadlab.wire.assistants import Inner, Metadata

Attributes: TypeAlias = dict[str, str | float | bool]
FileStatus: TypeAlias = Literal["in_progress", "completed", "cancelled", "failed"]


class File(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="file"):
    id: str
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["uploaded", "processed", "error"] = "processed"
    expires_at: int | msgspec.UnsetType = msgspec.UNSET


class FileBytes(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="file.bytes"):
    """What a file holds. Never on the wire as an object."""

    id: str
    data: bytes


class StaticChunking(Inner, frozen=True, forbid_unknown_fields=True):
    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class ChunkingUsed(Inner, frozen=True, tag_field="type", tag="static"):
    static: StaticChunking = StaticChunking(800, 400)


class FileCounts(Inner, frozen=True):
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    total: int = 0


class ExpiresAfter(Inner, frozen=True, forbid_unknown_fields=True):
    anchor: Literal["last_active_at"]
    days: int


class VectorStore(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="vector_store"):
    """`status`, `usage_bytes` and `file_counts` are worked out from its files whenever it is shown."""

    id: str
    created_at: int
    name: str
    last_active_at: int
    status: Literal["expired", "in_progress", "completed"] = "completed"
    usage_bytes: int = 0
    file_counts: FileCounts = FileCounts()
    expires_after: ExpiresAfter | msgspec.UnsetType = msgspec.UNSET
    expires_at: int | None = None
    metadata: Metadata = {}


class FileError(Inner, frozen=True):
    code: Literal["server_error", "unsupported_file", "invalid_file"]
    message: str


class StoreFile(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="vector_store.file"):
    """A file in a vector store; it has the id of the file. `status` is `in_progress` on the wire for as long as processing takes."""

    id: str
    created_at: int
    vector_store_id: str
    status: FileStatus
    usage_bytes: int = 0
    last_error: FileError | None = None
    chunking_strategy: ChunkingUsed = ChunkingUsed()
    attributes: Attributes = {}


class FileBatch(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="vector_store.files_batch"):
    id: str
    created_at: int
    vector_store_id: str
    status: FileStatus = "completed"
    file_counts: FileCounts = FileCounts()


class TextPart(Inner, frozen=True):
    text: str
    type: Literal["text"] = "text"


class ContentPage(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="vector_store.file_content.page"):
    data: list[TextPart]
    has_more: bool = False
    next_page: str | None = None


class FoundItem(Inner, frozen=True):
    file_id: str
    filename: str
    score: float
    attributes: Attributes
    content: list[TextPart]


class FoundPage(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="vector_store.search_results.page"):
    search_query: list[str]
    data: list[FoundItem]
    has_more: bool = False
    next_page: str | None = None


class Model(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="model"):
    id: str
    created: int
    owned_by: str


class DeletedModel(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="model.deleted"):
    """What is kept of a fine-tuned model that its project has deleted: that it is gone."""

    id: str


class ModelList(msgspec.Struct, frozen=True, gc=False):
    data: list[Model]
    object: Literal["list"] = "list"


# ---- what requests may hold -----------------------------------------------------------------------------------------------------------


class AutoChunking(Inner, frozen=True, tag_field="type", tag="auto", forbid_unknown_fields=True):
    pass


class AskedChunking(Inner, frozen=True, tag_field="type", tag="static", forbid_unknown_fields=True):
    static: StaticChunking


Chunking: TypeAlias = AutoChunking | AskedChunking


class Comparison(Inner, frozen=True, forbid_unknown_fields=True):
    key: str
    value: Any
    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]


class Compound(Inner, frozen=True, forbid_unknown_fields=True):
    filters: list[dict[str, Any]]
    type: Literal["and", "or"]


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A piece of a file that a search found."""

    file_id: str
    filename: str
    text: str
    score: float
    attributes: Attributes = {}
