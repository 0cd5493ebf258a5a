"""The wire objects of Conversations and Responses, field for field, as msgspec structs.

Source of every field: the OpenAPI description of both families and the models of openai-python 3.54.0. Items have no `object` on the
wire, so a row keeps each in a small envelope (`ConversationItem`, `InputItem`) that says what it is.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from threadlab.wire.assistants import Metadata

UNSET = msgspec.UNSET
ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]
ResponseStatus: TypeAlias = Literal["queued", "in_progress", "completed", "failed", "cancelled", "incomplete"]
Role: TypeAlias = Literal["user", "assistant", "system", "developer"]
Detail: TypeAlias = Literal["low", "high", "auto", "original"]


class Inner(msgspec.Struct, frozen=True, gc=False):
    """A part of a wire object."""


# ---- what a message holds -----------------------------------------------------------------------------------------------------------


class InputText(Inner, frozen=True, tag_field="type", tag="input_text"):
    text: str


class InputImage(Inner, frozen=True, tag_field="type", tag="input_image"):
    detail: Detail = "auto"
    image_url: str | None = None
    file_id: str | None = None


class InputFile(Inner, frozen=True, tag_field="type", tag="input_file", omit_defaults=True):
    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None
    file_url: str | None = None


class FileCitation(Inner, frozen=True, tag_field="type", tag="file_citation"):
    file_id: str
    index: int
    filename: str


class OutputText(Inner, frozen=True, tag_field="type", tag="output_text"):
    text: str
    annotations: list[FileCitation] = []
    logprobs: list[Any] = []


class Refusal(Inner, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


Part: TypeAlias = InputText | InputImage | InputFile | OutputText | Refusal
InputPart: TypeAlias = InputText | InputImage | InputFile


def text_of(content: str | list[Any]) -> str:
    """All text parts, one after the other."""
    if isinstance(content, str):
        return content
    return "".join(part.text for part in content if isinstance(part, InputText | OutputText))


# ---- items --------------------------------------------------------------------------------------------------------------------------


class Message(Inner, frozen=True, tag_field="type", tag="message"):
    id: str
    role: Role
    content: list[Part]
    status: ItemStatus = "completed"

    @property
    def text(self) -> str:
        return text_of(self.content)


class FunctionCall(Inner, frozen=True, tag_field="type", tag="function_call"):
    id: str
    call_id: str
    name: str
    arguments: str
    status: ItemStatus = "completed"


class FunctionCallOutput(Inner, frozen=True, tag_field="type", tag="function_call_output"):
    id: str
    call_id: str
    output: str | list[InputPart]
    status: ItemStatus = "completed"


class SearchResult(Inner, frozen=True):
    file_id: str
    filename: str
    score: float
    text: str
    attributes: dict[str, Any] | None = None


class FileSearchCall(Inner, frozen=True, tag_field="type", tag="file_search_call"):
    id: str
    queries: list[str]
    status: Literal["in_progress", "searching", "completed", "incomplete", "failed"] = "completed"
    results: list[SearchResult] | None = None


class SummaryText(Inner, frozen=True, tag_field="type", tag="summary_text"):
    text: str


class Reasoning(Inner, frozen=True, tag_field="type", tag="reasoning", omit_defaults=True):
    """Never written here, since nothing here reasons; kept when a client hands one back."""

    id: str
    summary: list[SummaryText]
    encrypted_content: str | None = None


class Compaction(Inner, frozen=True, tag_field="type", tag="compaction"):
    """What stands for items that were compacted: nobody but the service can read it."""

    id: str
    encrypted_content: str


Item: TypeAlias = Message | FunctionCall | FunctionCallOutput | FileSearchCall | Reasoning | Compaction
OutputItem: TypeAlias = Message | FunctionCall | FileSearchCall


class ConversationItem(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="conversation.item"):
    """An item as a conversation keeps it."""

    id: str
    item: Item


class InputItem(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="response.input_item"):
    """An item that a response was given."""

    id: str
    item: Item


class WrittenItem(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="response.output_item"):
    """Where an item is that a response wrote outside of any conversation, for those who refer to it."""

    id: str
    response_id: str


class Conversation(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="conversation"):
    id: str
    created_at: int
    metadata: Metadata = {}


# ---- what a response may be asked to do ---------------------------------------------------------------------------------------------


class FunctionTool(Inner, frozen=True, tag_field="type", tag="function"):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = True


class RankingOptions(Inner, frozen=True, omit_defaults=True):
    ranker: Literal["auto", "default-2024-11-15"] | None = None
    score_threshold: float | None = None


class FileSearchTool(Inner, frozen=True, tag_field="type", tag="file_search", omit_defaults=True):
    vector_store_ids: list[str]
    max_num_results: int | None = None
    ranking_options: RankingOptions | None = None


class CodeContainer(Inner, frozen=True, tag_field="type", tag="auto", omit_defaults=True):
    file_ids: list[str] = []


class CodeInterpreterTool(Inner, frozen=True, tag_field="type", tag="code_interpreter"):
    container: str | CodeContainer


Tool: TypeAlias = FunctionTool | FileSearchTool | CodeInterpreterTool
TOOLS = ("function", "file_search", "code_interpreter")
"""The types of tools that this service takes; it has nothing to do the others with."""


class ChosenFunction(Inner, frozen=True, tag_field="type", tag="function"):
    name: str


class ChosenFileSearch(Inner, frozen=True, tag_field="type", tag="file_search"):
    pass


class ChosenCodeInterpreter(Inner, frozen=True, tag_field="type", tag="code_interpreter"):
    pass


class AllowedTools(Inner, frozen=True, tag_field="type", tag="allowed_tools"):
    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]


ToolChoice: TypeAlias = Literal["none", "auto", "required"] | ChosenFunction | ChosenFileSearch | ChosenCodeInterpreter | AllowedTools


class PlainText(Inner, frozen=True, tag_field="type", tag="text"):
    pass


class JsonObject(Inner, frozen=True, tag_field="type", tag="json_object"):
    pass


class JsonSchema(Inner, frozen=True, tag_field="type", tag="json_schema"):
    name: str
    schema: dict[str, Any]
    description: str | msgspec.UnsetType = UNSET
    strict: bool | None = False


class TextConfig(Inner, frozen=True):
    format: PlainText | JsonObject | JsonSchema = PlainText()
    verbosity: Literal["low", "medium", "high"] | None = "medium"


class ReasoningOptions(Inner, frozen=True):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


# ---- responses ----------------------------------------------------------------------------------------------------------------------


class ResponseError(Inner, frozen=True):
    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class IncompleteDetails(Inner, frozen=True):
    reason: Literal["max_output_tokens", "content_filter"]


class InputDetails(Inner, frozen=True):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputDetails(Inner, frozen=True):
    reasoning_tokens: int = 0


class Usage(Inner, frozen=True):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputDetails = InputDetails()
    output_tokens_details: OutputDetails = OutputDetails()


class ConversationRef(Inner, frozen=True):
    id: str


class CompactedResponse(Inner, frozen=True, tag_field="object", tag="response.compaction"):
    id: str
    created_at: int
    output: list[Message | Compaction]
    usage: Usage


class InputTokens(Inner, frozen=True, tag_field="object", tag="response.input_tokens"):
    input_tokens: int


class Response(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="response"):
    id: str
    created_at: int
    model: str
    status: ResponseStatus
    background: bool = False
    completed_at: int | None = None
    conversation: ConversationRef | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    output: list[OutputItem] = []
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    reasoning: ReasoningOptions = ReasoningOptions()
    service_tier: str = "default"
    temperature: float | None = 1.0
    text: TextConfig = TextConfig()
    tool_choice: ToolChoice = "auto"
    tools: list[Tool] = []
    top_logprobs: int = 0
    top_p: float | None = 1.0
    truncation: Literal["auto", "disabled"] = "disabled"
    usage: Usage | msgspec.UnsetType | None = UNSET
    metadata: Metadata = {}
    prompt_cache_key: str | msgspec.UnsetType = UNSET
    safety_identifier: str | msgspec.UnsetType = UNSET
    user: str | msgspec.UnsetType = UNSET
