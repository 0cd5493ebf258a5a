"""The wire objects: what the API sends, field for field, as msgspec structs.

Source of every field: the OpenAPI description of the Assistants family and the models of openai-python 3.54.0. `object` is the tag of
each struct, so a body read back from a store becomes the right type by itself. All are frozen: a change makes a new object.
"""

import random
import secrets
import string
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")

RunStatus: TypeAlias = Literal[
    "queued", "in_progress", "requires_action", "cancelling", "cancelled", "failed", "completed", "incomplete", "expired"
]
Metadata: TypeAlias = dict[str, str]

ID_LENGTH = 24
_ALPHABET = (string.ascii_letters + string.digits).encode()
_LETTER_OF_BYTE = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


def id_maker(seed: object | None = None) -> Callable[[str], str]:
    """A function that makes ids: `make("thread")` → `thread_` and 24 letters and digits.

    With a seed the ids repeat from run to run (a trial replays exactly); without one they cannot be guessed.
    """
    draw: Callable[[int], bytes] = random.Random(str(seed)).randbytes if seed is not None else secrets.token_bytes

    def make(prefix: str) -> str:
        return prefix + ("-" if prefix == "file" else "_") + draw(ID_LENGTH).translate(_LETTER_OF_BYTE).decode()

    return make


class Inner(msgspec.Struct, frozen=True, gc=False):
    """A part of a wire object."""


# ---- tools ------------------------------------------------------------------------------------------------------------------


class CodeInterpreter(Inner, frozen=True, tag_field="type", tag="code_interpreter"):
    pass


class RankingOptions(Inner, frozen=True, omit_defaults=True):
    score_threshold: float = 0.0
    ranker: str | None = None


class FileSearchOptions(Inner, frozen=True, omit_defaults=True):
    max_num_results: int | None = None
    ranking_options: RankingOptions | None = None


class FileSearch(Inner, frozen=True, tag_field="type", tag="file_search", omit_defaults=True):
    file_search: FileSearchOptions | None = None


class FunctionDefinition(Inner, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Function(Inner, frozen=True, tag_field="type", tag="function"):
    function: FunctionDefinition


Tool: TypeAlias = CodeInterpreter | FileSearch | Function


class CodeInterpreterResources(Inner, frozen=True):
    file_ids: list[str] = []


class FileSearchResources(Inner, frozen=True):
    vector_store_ids: list[str] = []


class ToolResources(Inner, frozen=True, omit_defaults=True):
    code_interpreter: CodeInterpreterResources | None = None
    file_search: FileSearchResources | None = None


class FunctionName(Inner, frozen=True):
    name: str


class ToolChoice(Inner, frozen=True, omit_defaults=True):
    type: Literal["function", "code_interpreter", "file_search"]
    function: FunctionName | None = None


ToolChoiceOption: TypeAlias = Literal["none", "auto", "required"] | ToolChoice
ResponseFormat: TypeAlias = Literal["auto"] | dict[str, Any]


class TruncationStrategy(Inner, frozen=True):
    type: Literal["auto", "last_messages"] = "auto"
    last_messages: int | None = None


# ---- assistants and threads ---------------------------------------------------------------------------------------------------


class Assistant(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="assistant"):
    id: str
    created_at: int
    model: str
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: list[Tool] = []
    tool_resources: ToolResources | None = None
    metadata: Metadata = {}
    temperature: float | None = 1.0
    top_p: float | None = 1.0
    response_format: ResponseFormat | None = "auto"


class Thread(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="thread"):
    id: str
    created_at: int
    metadata: Metadata = {}
    tool_resources: ToolResources | None = None


# ---- messages -------------------------------------------------------------------------------------------------------------------


class FileCitation(Inner, frozen=True):
    file_id: str


class FileCitationAnnotation(Inner, frozen=True, tag_field="type", tag="file_citation"):
    text: str
    file_citation: FileCitation
    start_index: int
    end_index: int


class Text(Inner, frozen=True):
    value: str
    annotations: list[FileCitationAnnotation] = []


class TextBlock(Inner, frozen=True, tag_field="type", tag="text"):
    text: Text


class ImageFile(Inner, frozen=True, omit_defaults=True):
    file_id: str
    detail: Literal["auto", "low", "high"] = "auto"


class ImageFileBlock(Inner, frozen=True, tag_field="type", tag="image_file"):
    image_file: ImageFile


class ImageUrl(Inner, frozen=True, omit_defaults=True):
    url: str
    detail: Literal["auto", "low", "high"] = "auto"


class ImageUrlBlock(Inner, frozen=True, tag_field="type", tag="image_url"):
    image_url: ImageUrl


ContentBlock: TypeAlias = TextBlock | ImageFileBlock | ImageUrlBlock


class AttachmentTool(Inner, frozen=True):
    type: Literal["code_interpreter", "file_search"]


class Attachment(Inner, frozen=True):
    file_id: str
    tools: list[AttachmentTool] = []


class MessageIncomplete(Inner, frozen=True):
    reason: Literal["content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"]


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="thread.message"):
    id: str
    created_at: int
    thread_id: str
    role: Literal["user", "assistant"]
    content: list[ContentBlock]
    status: Literal["in_progress", "incomplete", "completed"] = "completed"
    incomplete_details: MessageIncomplete | None = None
    completed_at: int | None = None
    incomplete_at: int | None = None
    assistant_id: str | None = None
    run_id: str | None = None
    attachments: list[Attachment] = []
    metadata: Metadata = {}

    @property
    def text(self) -> str:
        """All text parts, one after the other."""
        return "".join(block.text.value for block in self.content if isinstance(block, TextBlock))


# ---- runs and steps ---------------------------------------------------------------------------------------------------------------


class CalledFunction(Inner, frozen=True):
    name: str
    arguments: str


class FunctionCall(Inner, frozen=True, tag_field="type", tag="function"):
    """A tool call that the application has to answer."""

    id: str
    function: CalledFunction


class SubmitToolOutputs(Inner, frozen=True):
    tool_calls: list[FunctionCall]


class RequiredAction(Inner, frozen=True, tag_field="type", tag="submit_tool_outputs"):
    submit_tool_outputs: SubmitToolOutputs


ErrorCode: TypeAlias = Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]


class LastError(Inner, frozen=True):
    code: ErrorCode
    message: str


class RunIncomplete(Inner, frozen=True):
    reason: Literal["max_completion_tokens", "max_prompt_tokens"]


class Usage(Inner, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Run(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="thread.run"):
    id: str
    created_at: int
    thread_id: str
    assistant_id: str
    status: RunStatus
    model: str
    instructions: str
    expires_at: int | None
    required_action: RequiredAction | None = None
    last_error: LastError | None = None
    started_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    incomplete_details: RunIncomplete | None = None
    tools: list[Tool] = []
    metadata: Metadata = {}
    usage: Usage | None = None
    temperature: float | None = 1.0
    top_p: float | None = 1.0
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation_strategy: TruncationStrategy = TruncationStrategy()
    response_format: ResponseFormat = "auto"
    tool_choice: ToolChoiceOption = "auto"
    parallel_tool_calls: bool = True


class MessageRef(Inner, frozen=True):
    message_id: str


class MessageCreation(Inner, frozen=True, tag_field="type", tag="message_creation"):
    message_creation: MessageRef


class FunctionResult(Inner, frozen=True):
    name: str
    arguments: str
    output: str | None = None


class FunctionStepCall(Inner, frozen=True, tag_field="type", tag="function"):
    id: str
    function: FunctionResult


class SearchResultContent(Inner, frozen=True):
    text: str
    type: Literal["text"] = "text"


class SearchResult(Inner, frozen=True, omit_defaults=True):
    """`content` is on the wire only when `include` asks for it."""

    file_id: str
    file_name: str
    score: float
    content: list[SearchResultContent] = []


class SearchOptionsUsed(Inner, frozen=True):
    ranker: str
    score_threshold: float


class SearchDetails(Inner, frozen=True):
    ranking_options: SearchOptionsUsed
    results: list[SearchResult]


class FileSearchStepCall(Inner, frozen=True, tag_field="type", tag="file_search"):
    id: str
    file_search: SearchDetails


StepCall: TypeAlias = FunctionStepCall | FileSearchStepCall


class ToolCalls(Inner, frozen=True, tag_field="type", tag="tool_calls"):
    tool_calls: list[StepCall]


class RunStep(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="thread.run.step"):
    id: str
    created_at: int
    thread_id: str
    assistant_id: str
    run_id: str
    type: Literal["message_creation", "tool_calls"]
    status: Literal["in_progress", "cancelled", "failed", "completed", "expired"]
    step_details: MessageCreation | ToolCalls
    last_error: LastError | None = None
    expired_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    metadata: Metadata = {}
    usage: Usage | None = None


# ---- lists and deletions -----------------------------------------------------------------------------------------------------------


class Page(msgspec.Struct, frozen=True, gc=False):
    data: list[Any]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class Deleted(msgspec.Struct, frozen=True, gc=False):
    id: str
    object: str
    deleted: bool = True
