"""Assistants: what answers. They hold no conversation."""

from typing import Any

import msgspec

from threadlab.engine import models, validate
from threadlab.engine.assistants_api import params, tool_resources
from threadlab.engine.call import Call
from threadlab.engine.params import UNSET
from threadlab.wire import assistants as o


def check_sampling(temperature: float | None, top_p: float | None) -> None:
    validate.between("temperature", temperature, 0, 2)
    validate.between("top_p", top_p, 0, 1)


def check_tools(tools: list[o.Tool] | None) -> None:
    validate.items("tools", tools, validate.MAX_TOOLS)


def _check(call: Call, fields: dict[str, Any]) -> None:
    if fields.get("model") is not None:
        models.check(call, fields["model"])
    validate.length("name", fields.get("name"), validate.MAX_NAME)
    validate.length("description", fields.get("description"), validate.MAX_DESCRIPTION)
    validate.length("instructions", fields.get("instructions"), validate.MAX_INSTRUCTIONS)
    check_tools(fields.get("tools"))
    check_sampling(fields.get("temperature"), fields.get("top_p"))
    if "metadata" in fields:
        fields["metadata"] = validate.metadata(fields["metadata"])
    fields.pop("reasoning_effort", None)


def _given(body: msgspec.Struct, *, drop_null: bool) -> dict[str, Any]:
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not UNSET and not (drop_null and value is None)}


def create(call: Call) -> o.Assistant:
    fields = _given(call.body(params.CreateAssistant), drop_null=True)
    _check(call, fields)
    _use_resources(call, fields)
    assistant = o.Assistant(id=call.new_id("asst"), created_at=call.second, **fields)
    call.add(assistant)
    call.note(object_id=assistant.id)
    return assistant


def _use_resources(call: Call, fields: dict[str, Any]) -> None:
    if "tool_resources" in fields:
        fields["tool_resources"] = tool_resources.resources(call, fields["tool_resources"], helper=False)


def retrieve(call: Call) -> o.Assistant:
    return call.find(o.Assistant, call.ids[0])[1]


def modify(call: Call) -> o.Assistant:
    row, _ = call.find(o.Assistant, call.ids[0])
    fields = _given(call.body(params.UpdateAssistant), drop_null=False)
    for never_null, default in (("model", None), ("temperature", 1.0), ("top_p", 1.0), ("response_format", "auto")):
        if fields.get(never_null, "") is None:
            fields[never_null] = default
            if default is None:
                del fields[never_null]
    _check(call, fields)
    _use_resources(call, fields)
    changed: o.Assistant = call.change(row, **fields)
    return changed


def delete(call: Call) -> o.Deleted:
    call.find(o.Assistant, call.ids[0])
    call.store.remove(call.ids[0])
    return o.Deleted(call.ids[0], "assistant.deleted")


def list_all(call: Call) -> o.Page:
    return call.page(o.Assistant)
