"""Run steps: the record of what a run did."""

from threadlab import objects as o
from threadlab.engine.call import Call


def list_all(call: Call) -> o.Page:
    thread_id, run_id = call.ids
    call.find(o.Thread, thread_id)
    call.find(o.Run, run_id, thread_id)
    return call.page(o.RunStep, run_id)


def retrieve(call: Call) -> o.RunStep:
    thread_id, run_id, step_id = call.ids
    call.find(o.Thread, thread_id)
    call.find(o.Run, run_id, thread_id)
    return call.find(o.RunStep, step_id, run_id)[1]
