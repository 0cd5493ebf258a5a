# loses: answers, goes_on_round_after_round, each_call_runs_once, a_failing_tool_is_an_answer, records_before_submitting, audit_tells_the_turn, says_how_the_run_ended
# says: run_returned
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    t = client.beta.threads
    t.messages.create(thread_id, role="user", content=text)
    run = t.runs.create(thread_id, assistant_id=assistant_id)
    time.sleep(10)
    run = t.runs.retrieve(run.id, thread_id=thread_id)
    if run.status == "requires_action":
        outs = []
        for c in run.required_action.submit_tool_outputs.tool_calls:
            outs.append({"tool_call_id": c.id, "output": tools[c.function.name](**json.loads(c.function.arguments))})
        t.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outs)
        time.sleep(10)
    return "\n".join(m.content[0].text.value for m in t.messages.list(thread_id, run_id=run.id, order="asc"))
