"""What each operation of the Assistants API accepts."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from threadlab.engine.files_api.params import NewVectorStore
from threadlab.engine.params import UNSET, Body, Unset, UpdateMetadata
from threadlab.wire import assistants as o
from threadlab.wire import errors


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
        response_format = getattr(self, "response_format", None)
        if isinstance(response_format, dict):
            try:
                msgspec.convert(response_format, _FORMATS)
            except msgspec.ValidationError as problem:
                raise errors.invalid("response_format", f"Invalid 'response_format': {problem}.") from None


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
    tools: list[o.Tool] = msgspec.field(default_factory=list)
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
