"""What the service keeps: rows around the wire objects, and the plan of a run that is under way."""

from typing import Literal, TypeAlias

import msgspec

from threadlab.wire import assistants as o
from threadlab.wire import files as f
from threadlab.wire import responses as r
from threadlab.wire.prompts import Prompt
from threadlab.wire.statuses import RunEnd


class Question(msgspec.Struct, frozen=True, gc=False, tag_field="object", tag="outside.asked"):
    """A question that somebody outside of the engine is to answer. It is kept until then, so that it can be asked again."""

    id: str
    run_id: str
    """The run, or the response, whose answer this will be."""
    prompt: Prompt
    until: float
    """When nobody will want the answer any more, in seconds of the engine's clock."""


Stored: TypeAlias = (
    o.Assistant
    | o.Thread
    | o.Message
    | o.Run
    | o.RunStep
    | f.File
    | f.FileBytes
    | f.VectorStore
    | f.StoreFile
    | f.FileBatch
    | f.DeletedModel
    | r.Conversation
    | r.ConversationItem
    | r.Response
    | r.InputItem
    | r.WrittenItem
    | Question
)


class Begin(msgspec.Struct, frozen=True, gc=False, tag="begin"):
    """queued → in_progress."""


class StartMessage(msgspec.Struct, frozen=True, gc=False, tag="start_message"):
    message_id: str
    step_id: str


class EndMessage(msgspec.Struct, frozen=True, gc=False, tag="end_message"):
    message_id: str
    step_id: str
    text: str
    started: float
    """When the message was begun: what has been written by any time in between follows from it."""
    annotations: list[o.FileCitationAnnotation] = []
    tokens: int = 0
    images: list[str] = []
    """Files with pictures, which stand before the text."""


class StartCalls(msgspec.Struct, frozen=True, gc=False, tag="start_calls"):
    """The model asks for tools: a step is opened, and closed at once when the service answered all of them itself."""

    step_id: str
    calls: list[o.StepCall]
    done: bool = False
    tokens: int = 0


class AskForOutputs(msgspec.Struct, frozen=True, gc=False, tag="ask_for_outputs"):
    """in_progress → requires_action."""

    step_id: str
    calls: list[o.FunctionCall]


class Finish(msgspec.Struct, frozen=True, gc=False, tag="finish"):
    """To a terminal status."""

    status: RunEnd
    error: o.LastError | None = None
    incomplete: Literal["max_completion_tokens", "max_prompt_tokens"] | None = None


class StartItem(msgspec.Struct, frozen=True, gc=False, tag="start_item"):
    """A response begins to write the item at this place of its output."""

    index: int


class EndItem(msgspec.Struct, frozen=True, gc=False, tag="end_item"):
    """The item is written, and stands in the response's output from now on."""

    index: int
    item: r.OutputItem
    started: float
    tokens: int = 0


Action: TypeAlias = Begin | StartMessage | EndMessage | StartCalls | AskForOutputs | Finish | StartItem | EndItem


class Moment(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Something that will happen to a run, and when (seconds of the engine's clock)."""

    at: float
    action: Action


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A round whose answer comes from outside of the engine."""

    asked: str
    """The id of what was `Question`."""
    reads: int
    """Its tokens by our own count; they are among the plan's prompt tokens already."""
    message_id: str = ""
    step_id: str = ""
    """Of a run: the message that was begun with the first words of the answer, and its step."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What lies ahead of a run, and what it has cost so far. Fixed when the run starts; cancelling or tool outputs replace it, and so
    does an answer from outside."""

    moments: tuple[Moment, ...]
    window: tuple[str, ...] = ()
    """Ids of the messages that were put before the responder, oldest first."""
    extra_instructions: str = ""
    open_step: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    rounds: int = 0
    """How many times tool outputs have been submitted."""
    forget: bool = False
    """Of a response: it is not to be stored once it is over."""
    waiting: Waiting | None = None
    detached: bool = False
    """Of a response: whoever read its stream left before anything was written, so nothing of it joins its conversation."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One stored object with what the wire does not show."""

    id: str
    kind: str
    project: str
    parent: str
    """The thread of a message or a run, the run of a step, the vector store of its files and batches, the conversation of an item or a
    response, the response of its input; else empty."""
    seq: int
    """Order of creation within the store: unlike `created_at`, never equal for two objects."""
    body: Stored
    run_id: str = ""
    """The run that wrote a message; the batch that brought a file into a vector store."""
    tokens: int = 0
    """Of a message: how many tokens its text costs in a run's window, in our own formatting."""
    plan: Plan | None = None
    """Of a run that is not over: what lies ahead."""
