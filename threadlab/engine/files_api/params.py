"""What each operation on files and vector stores accepts."""

from typing import Any, Literal

from threadlab.engine.params import UNSET, Body, Unset, UpdateMetadata
from threadlab.wire import files as f


class NewVectorStore(Body, frozen=True):
    """A vector store that comes into being with an assistant or a thread."""

    file_ids: list[str] | None = None
    chunking_strategy: f.Chunking | None = None
    metadata: dict[str, str] | None = None


class CreateVectorStore(Body, frozen=True):
    file_ids: list[str] | None = None
    name: str | None = None
    description: str | None = None
    expires_after: f.ExpiresAfter | None = None
    chunking_strategy: f.Chunking | None = None
    metadata: dict[str, str] | None = None


class UpdateVectorStore(UpdateMetadata, frozen=True):
    name: str | Unset | None = UNSET
    expires_after: f.ExpiresAfter | Unset | None = UNSET


class SearchRanking(Body, frozen=True):
    ranker: Literal["none", "auto", "default-2024-11-15"] = "auto"
    score_threshold: float = 0.0


class SearchVectorStore(Body, frozen=True):
    query: str | list[str]
    rewrite_query: bool = False
    max_num_results: int = 10
    filters: dict[str, Any] | None = None
    ranking_options: SearchRanking | None = None


class CreateStoreFile(Body, frozen=True):
    file_id: str
    chunking_strategy: f.Chunking | None = None
    attributes: f.Attributes | None = None


class UpdateStoreFile(Body, frozen=True):
    attributes: f.Attributes | None


class CreateFileBatch(Body, frozen=True):
    file_ids: list[str] | None = None
    files: list[CreateStoreFile] | None = None
    chunking_strategy: f.Chunking | None = None
    attributes: f.Attributes | None = None
