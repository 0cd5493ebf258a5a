"""Threads: the conversations. No operation lists them; whoever loses an id has lost the thread."""

from threadlab.engine import validate
from threadlab.engine.assistants_api import messages, params, tool_resources
from threadlab.engine.call import Call
from threadlab.engine.params import UNSET
from threadlab.wire import assistants as o

MOST_AT_CREATION = 32
"""Messages that a thread can be created with (seen: openai-php/client#269, dimagi/open-chat-studio#688)."""


def make(call: Call, body: params.CreateThread, at: str = "") -> o.Thread:
    """A new thread with the messages it was created with. `at` says where in the request it stands."""
    metadata = validate.metadata(body.metadata)
    validate.items(f"{at}messages", body.messages, MOST_AT_CREATION)
    checked = [messages.checked(one, f"{at}messages[{index}]") for index, one in enumerate(body.messages or [])]
    resources = tool_resources.resources(call, body.tool_resources, helper=True)
    thread = o.Thread(call.new_id("thread"), call.second, metadata, resources)
    call.add(thread)
    for one in checked:
        messages.add(call, thread.id, one)
    return thread


def create(call: Call) -> o.Thread:
    thread = make(call, call.body(params.CreateThread))
    call.note(thread_id=thread.id, metadata=thread.metadata)
    return thread


def retrieve(call: Call) -> o.Thread:
    return call.find(o.Thread, call.ids[0])[1]


def modify(call: Call) -> o.Thread:
    body = call.body(params.UpdateThread)  # before the thread is looked for (seen: openai/openai-node#902)
    row, thread = call.find(o.Thread, call.ids[0])
    metadata = thread.metadata if body.metadata is UNSET else validate.metadata(body.metadata)
    resources = thread.tool_resources
    if body.tool_resources is not UNSET:
        resources = tool_resources.resources(call, body.tool_resources, helper=True)
    call.note(metadata=metadata)
    changed: o.Thread = call.change(row, metadata=metadata, tool_resources=resources)
    return changed


def delete(call: Call) -> o.Deleted:
    thread_id = call.ids[0]
    call.find(o.Thread, thread_id)
    run_id = call.state.active_run(thread_id)
    run = call.store.get(run_id) if run_id else None
    call.store.remove_below(thread_id)
    call.store.remove(thread_id)
    call.state.forget_thread(thread_id)
    if run is not None:
        call.state.notify(run, [], call.now)  # whoever reads its stream sees that it is over
    return o.Deleted(thread_id, "thread.deleted")
