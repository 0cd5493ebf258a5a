"""Run steps: the record of what a run did."""

from urllib.parse import parse_qsl

from threadlab.engine.assistants_api.life import bare
from threadlab.engine.call import Call
from threadlab.store.records import Row
from threadlab.wire import assistants as o

CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
"""What `include` has to name for the passages that a search found to be shown."""


def _shown(call: Call, step: o.RunStep) -> o.RunStep:
    details = step.step_details
    if not isinstance(details, o.ToolCalls) or not any(isinstance(one, o.FileSearchStepCall) for one in details.tool_calls):
        return step
    if CONTENT in [value for name, value in parse_qsl(call.request.query) if name in ("include[]", "include")]:
        return step
    return bare(step)


def list_all(call: Call) -> o.Page:
    thread_id, run_id = call.ids
    call.find(o.Thread, thread_id)
    call.find(o.Run, run_id, thread_id)

    def show(row: Row) -> object:
        return _shown(call, row.body) if isinstance(row.body, o.RunStep) else row.body

    return call.page(o.RunStep, run_id, shown=show)


def retrieve(call: Call) -> o.RunStep:
    thread_id, run_id, step_id = call.ids
    call.find(o.Thread, thread_id)
    call.find(o.Run, run_id, thread_id)
    return _shown(call, call.find(o.RunStep, step_id, run_id)[1])
