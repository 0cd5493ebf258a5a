"""What each operation accepts, as msgspec structs; unknown fields are refused as the API refused them."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import files as f


class Body(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """The base of every request body."""


# A field that was not sent is UNSET, one sent as null is None: updates must tell them apart.
Unset: TypeAlias = msgspec.UnsetType
UNSET = msgspec.UNSET


class _Format(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag_field="type"):
    pass


class _TextFormat(_Format, frozen=True, tag="text"):
    pass


class _JsonFormat(_Format, frozen=True, tag="json_object"):
    pass


class _Schema(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | Unset = UNSET
    schema: dict[str, Any] | Unset = UNSET
    strict: bool | Unset | None = UNSET


class _SchemaFormat(_Format, frozen=True, tag="json_schema"):
    json_schema: _Schema


_FORMATS: TypeAlias = _TextFormat | _JsonFormat | _SchemaFormat


class Formatted(Body, frozen=True):
    """A body that can say in which format the model is to answer. Kept as it came, once it is known to be one."""

    def __post_init__(self) -> None:
        given = getattr(self, "response_format", None)
        if isinstance(given, dict):
            try:
                msgspec.convert(given, _FORMATS)
            except msgspec.ValidationError as problem:
                raise errors.invalid("response_format", f"Invalid 'response_format': {problem}.") from None


class NewVectorStore(Body, frozen=True):
    """A vector store that comes into being with an assistant or a thread."""

    file_ids: list[str] | None = None
    chunking_strategy: f.Chunking | None = None
    metadata: dict[str, str] | None = None


class FileSearchResources(Body, frozen=True):
    vector_store_ids: list[str] | None = None
    vector_stores: list[NewVectorStore] | None = None


class ToolResources(Body, frozen=True):
    code_interpreter: o.CodeInterpreterResources | None = None
    file_search: FileSearchResources | None = None


class CreateAssistant(Formatted, frozen=True):
    model: str
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: list[o.Tool] = []
    tool_resources: ToolResources | None = None
    metadata: dict[str, str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    response_format: o.ResponseFormat | None = None
    reasoning_effort: str | None = None


class UpdateAssistant(Formatted, frozen=True):
    model: str | Unset = UNSET
    name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    instructions: str | Unset | None = UNSET
    tools: list[o.Tool] | Unset = UNSET
    tool_resources: ToolResources | Unset | None = UNSET
    metadata: dict[str, str] | Unset | None = UNSET
    temperature: float | Unset | None = UNSET
    top_p: float | Unset | None = UNSET
    response_format: o.ResponseFormat | Unset | None = UNSET
    reasoning_effort: str | Unset | None = UNSET


class TextPart(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="text", forbid_unknown_fields=True):
    text: str


class ImageFilePart(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="image_file"):
    image_file: o.ImageFile


class ImageUrlPart(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="image_url"):
    image_url: o.ImageUrl


Content: TypeAlias = str | list[TextPart | ImageFilePart | ImageUrlPart]


class CreateMessage(Body, frozen=True):
    role: Literal["user", "assistant"]
    content: Content
    attachments: list[o.Attachment] | None = None
    metadata: dict[str, str] | None = None


class UpdateMetadata(Body, frozen=True):
    metadata: dict[str, str] | Unset | None = UNSET


class CreateThread(Body, frozen=True):
    messages: list[CreateMessage] | None = None
    metadata: dict[str, str] | None = None
    tool_resources: ToolResources | None = None


class UpdateThread(UpdateMetadata, frozen=True):
    tool_resources: ToolResources | Unset | None = UNSET


class RunOptions(Formatted, frozen=True):
    assistant_id: str
    model: str | None = None
    instructions: str | None = None
    tools: list[o.Tool] | None = None
    metadata: dict[str, str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    stream: bool | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation_strategy: o.TruncationStrategy | None = None
    tool_choice: o.ToolChoiceOption | None = None
    parallel_tool_calls: bool | None = None
    response_format: o.ResponseFormat | None = None


class CreateRun(RunOptions, frozen=True):
    additional_instructions: str | None = None
    additional_messages: list[CreateMessage] | None = None
    reasoning_effort: str | None = None


class CreateThreadAndRun(RunOptions, frozen=True):
    thread: CreateThread | None = None
    tool_resources: ToolResources | None = None


class ToolOutput(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    tool_call_id: str
    output: str = ""


class SubmitToolOutputs(Body, frozen=True):
    tool_outputs: list[ToolOutput]
    stream: bool | None = None


# ---- vector stores --------------------------------------------------------------------------------------------------------------------


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
