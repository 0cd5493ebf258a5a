"""Conversations: items in order, kept by the server. No operation lists them; whoever loses an id has lost the conversation.

What of this is known: the description says that a response's items are added after it completes, and clients were told
`conversation_locked` (seen) when two responses worked on one conversation. That adding or deleting items meanwhile is refused in the same
words is a guess.
"""

import msgspec

from threadlab.engine import validate
from threadlab.engine.call import Call
from threadlab.engine.responses_api import items
from threadlab.engine.responses_api import params as p
from threadlab.store.records import Row
from threadlab.wire import assistants as o
from threadlab.wire import errors
from threadlab.wire import responses as r

MOST_AT_ONCE = 20
"""Items that one request can add (OpenAPI description)."""


def create(call: Call) -> r.Conversation:
    body = validate.body(p.normalised(call.request.body), p.CreateConversation)
    metadata = validate.metadata(body.metadata)
    validate.items("items", body.items, MOST_AT_ONCE)
    new_items = items.kept(call, body.items or [], "items")
    conversation = r.Conversation(call.new_id("conv"), call.second, metadata)
    call.add(conversation)
    items.add(call, conversation.id, own_ids(call, new_items))
    call.note(conversation_id=conversation.id, metadata=metadata)
    return conversation


def find(call: Call) -> tuple[Row, r.Conversation]:
    return call.find(r.Conversation, call.ids[0])


def retrieve(call: Call) -> r.Conversation:
    return find(call)[1]


def modify(call: Call) -> r.Conversation:
    row, _ = find(call)
    body = validate.body(p.normalised(call.request.body), p.UpdateConversation)
    changed: r.Conversation = call.change(row, metadata=validate.metadata(body.metadata))
    call.note(metadata=changed.metadata)
    return changed


def delete(call: Call) -> o.Deleted:
    """The items are not deleted (official text), but nothing leads to them any more."""
    _, conversation = find(call)
    call.store.remove(conversation.id)
    return o.Deleted(conversation.id, "conversation.deleted")


# ---- items --------------------------------------------------------------------------------------------------------------------------


def own_ids(call: Call, given: list[r.Item]) -> list[r.Item]:
    """Items under ids that are free: one that was handed back from elsewhere gets a new one."""
    result: list[r.Item] = []
    taken: set[str] = set()
    for item in given:
        if item.id in taken or call.store.get(item.id) is not None or not item.id:
            item = msgspec.structs.replace(item, id=call.new_id(item.id.partition("_")[0][:8] or "item"))
        taken.add(item.id)
        result.append(item)
    return result


def refuse_while_locked(call: Call, conversation_id: str) -> None:
    """Raises ApiError 400 while a response works on the conversation."""
    if call.state.active_run(conversation_id):
        raise errors.conversation_locked()


def create_items(call: Call) -> o.Page:
    _, conversation = find(call)
    body = validate.body(p.normalised(call.request.body), p.CreateItems)
    validate.items("items", body.items, MOST_AT_ONCE)
    new_items = items.kept(call, body.items, "items")
    refuse_while_locked(call, conversation.id)
    stored = items.add(call, conversation.id, own_ids(call, new_items))
    texts = [one.text[:500] for one in stored if isinstance(one, r.Message)]
    call.note(object_id=stored[0].id if stored else "", added=[one.id for one in stored], text=" ".join(texts))
    first, last = (stored[0].id, stored[-1].id) if stored else (None, None)
    return o.Page([items.shown(one, call.include) for one in stored], first, last, has_more=False)


def list_items(call: Call) -> o.Page:
    _, conversation = find(call)
    page = call.page(r.ConversationItem, conversation.id, shown=lambda row: items.shown(_item(row), call.include))
    call.note(listed=[item.id for item in page.data])
    return page


def retrieve_item(call: Call) -> r.Item:
    find(call)
    return items.shown(call.find(r.ConversationItem, call.ids[1], call.ids[0])[1].item, call.include)


def delete_item(call: Call) -> r.Conversation:
    """Returns the conversation that the item is gone from."""
    _, conversation = find(call)
    call.find(r.ConversationItem, call.ids[1], call.ids[0])
    refuse_while_locked(call, conversation.id)
    call.store.remove(call.ids[1])
    return conversation


def _item(row: Row) -> r.Item:
    assert isinstance(row.body, r.ConversationItem | r.InputItem)
    return row.body.item
