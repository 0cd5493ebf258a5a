"""Run steps: the record of what a run did."""

from threadlab.engine.assistants_api.lifecycle import CONTENT, bare
from threadlab.engine.call import Call
from threadlab.store.records import Row
from threadlab.wire import assistants as o


def _shown(call: Call, step: o.RunStep) -> o.RunStep:
    return step if CONTENT in call.include else bare(step)


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
