# %% tool_loop
from sqlalchemy import delete, insert, select


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    """No repeats by the SDK; a recursion over the run's states; the rows written by Core statements, and all anew at the end."""
    api = client.with_options(max_retries=0, timeout=30).beta.threads
    client.beta.threads.messages.create(thread_id, role="user", content=[{"type": "text", "text": text}])
    started = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    answers = {}

    def ask(name, arguments):
        if name not in tools:
            return json.dumps({"error": f"there is no tool {name}"})
        try:
            return tools[name](**arguments)
        except Exception as problem:
            return json.dumps({"error": str(problem)}, ensure_ascii=False)

    def advance(run, tries=0):
        if run.status in ("queued", "in_progress", "cancelling"):
            time.sleep(0.7)
            return advance(api.runs.retrieve(run.id, thread_id=thread_id), tries)
        if run.status != "requires_action":
            return run
        for call in run.required_action.submit_tool_outputs.tool_calls:
            if call.id in answers:
                continue
            answers[call.id] = ask(call.function.name, json.loads(call.function.arguments))
            db.execute(
                insert(AuditItem).values(
                    item_id=call.id,
                    run_id=run.id,
                    kind="tool_call",
                    name=call.function.name,
                    arguments=call.function.arguments,
                    text=answers[call.id],
                )
            )
            db.commit()
        outputs = [{"tool_call_id": call.id, "output": answers[call.id]} for call in run.required_action.submit_tool_outputs.tool_calls]
        try:
            reply = api.runs.with_raw_response.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
            return advance(reply.parse())
        except openai.APIError:
            if tries == 6:
                raise
            time.sleep(2**tries)
            return advance(api.runs.retrieve(run.id, thread_id=thread_id), tries + 1)

    run = advance(started)
    if run.status != "completed":
        raise TurnFailed(f"run {run.id}: {run.status}")
    mine = {m.id: "".join(p.text.value for p in m.content if p.type == "text") for m in api.messages.list(thread_id, run_id=run.id)}
    db.execute(delete(AuditItem).where(AuditItem.run_id == run.id))
    rows = []
    for step in reversed(api.runs.steps.list(run.id, thread_id=thread_id, limit=100).data):
        base = {"run_id": run.id, "step_id": step.id}
        match step.step_details.type:
            case "tool_calls":
                for call in step.step_details.tool_calls:
                    f = call.function
                    rows.append(
                        base | {"item_id": call.id, "kind": "tool_call", "name": f.name, "arguments": f.arguments, "text": f.output}
                    )
            case "message_creation":
                key = step.step_details.message_creation.message_id
                rows.append(base | {"item_id": key, "kind": "message", "name": None, "arguments": None, "text": mine[key]})
    for place, row in enumerate(rows):
        row["position"] = place
    db.execute(insert(AuditItem), rows)
    db.commit()
    spoken = select(AuditItem.text).where(AuditItem.run_id == run.id, AuditItem.kind == "message").order_by(AuditItem.position)
    return "\n".join(db.scalars(spoken))
