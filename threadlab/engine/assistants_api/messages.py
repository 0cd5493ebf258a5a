"""Messages: what was said. Text never changes once a message exists; only its metadata can."""

import msgspec

from threadlab.engine import validate
from threadlab.engine.assistants_api import params, tool_resources
from threadlab.engine.call import Call
from threadlab.engine.params import UNSET, UpdateMetadata
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire import errors

MAX_CONTENT = 256_000
MAX_MESSAGES = 100_000


class Checked(msgspec.Struct, frozen=True):
    """A message that may be added: all its rules have been looked at."""

    role: str
    content: list[o.ContentBlock]
    metadata: o.Metadata
    attachments: list[o.Attachment]


def checked(body: params.CreateMessage, at: str = "") -> Checked:
    """Raises ApiError 400 for a message that the API would not take. `at` says where in the request it stands."""
    prefix = f"{at}." if at else ""
    content = blocks(body.content, f"{prefix}content")
    return Checked(body.role, content, validate.metadata(body.metadata, f"{prefix}metadata"), body.attachments or [])


def blocks(content: params.Content, param: str) -> list[o.ContentBlock]:
    if isinstance(content, str):
        if not content:
            raise errors.invalid(
                param,
                f"Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead.",
                "empty_string",
            )
        validate.length(param, content, MAX_CONTENT)
        return [o.TextBlock(o.Text(content))]
    if not content:
        raise errors.invalid(
            param,
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "empty_array",
        )
    out: list[o.ContentBlock] = []
    for index, part in enumerate(content):
        match part:
            case params.TextPart():
                validate.length(f"{param}[{index}].text", part.text, MAX_CONTENT)
                out.append(o.TextBlock(o.Text(part.text)))
            case params.ImageFilePart():
                out.append(o.ImageFileBlock(part.image_file))
            case params.ImageUrlPart():
                out.append(o.ImageUrlBlock(part.image_url))
    return out


def add(call: Call, thread_id: str, given: Checked) -> o.Message:
    """Keep a checked message at the end of a thread."""
    if call.store.count("thread.message", call.project, thread_id) >= MAX_MESSAGES:
        raise errors.invalid(None, f"Thread {thread_id} already has the maximum of {MAX_MESSAGES} messages.", None)  # guess
    message = o.Message(
        call.new_id("msg"),
        call.second,
        thread_id,
        given.role,  # type: ignore[arg-type]
        given.content,
        completed_at=None,
        attachments=given.attachments,
        metadata=given.metadata,
    )
    tool_resources.attach(call, thread_id, given.attachments)
    call.add(message, thread_id, tokens=tokens.of_message(message.text))
    return message


def create(call: Call) -> o.Message:
    thread_id = call.ids[0]
    call.find(o.Thread, thread_id)
    body = checked(call.body(params.CreateMessage))
    if active := call.state.active_run(thread_id):
        raise errors.message_while_active(thread_id, active)
    message = add(call, thread_id, body)
    call.note(object_id=message.id, text=message.text[:500], role=message.role, metadata=message.metadata)
    return message


def retrieve(call: Call) -> o.Message:
    thread_id, message_id = call.ids
    call.find(o.Thread, thread_id)
    return call.find(o.Message, message_id, thread_id)[1]


def modify(call: Call) -> o.Message:
    thread_id, message_id = call.ids
    call.find(o.Thread, thread_id)
    row, message = call.find(o.Message, message_id, thread_id)
    body = call.body(UpdateMetadata)
    if body.metadata is UNSET:
        return message
    changed: o.Message = call.change(row, metadata=validate.metadata(body.metadata))
    return changed


def delete(call: Call) -> o.Deleted:
    thread_id, message_id = call.ids
    call.find(o.Thread, thread_id)
    call.find(o.Message, message_id, thread_id)
    call.store.remove(message_id)
    return o.Deleted(message_id, "thread.message.deleted")


def list_all(call: Call) -> o.Page:
    thread_id = call.ids[0]
    call.find(o.Thread, thread_id)
    run_id = call.query().get("run_id", "")
    page = call.page(o.Message, thread_id, run_id)
    call.note(listed=[message.id for message in page.data])
    return page
