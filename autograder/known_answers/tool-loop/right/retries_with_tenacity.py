# %% tool_loop
import tenacity


def taken_or_again(error):
    return isinstance(error, (openai.APIConnectionError, openai.InternalServerError))


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    api = client.with_options(max_retries=0, timeout=30).beta.threads
    api.messages.create(thread_id, role="user", content=text)
    run = api.runs.create(thread_id, assistant_id=assistant_id)
    outputs, wanted = {}, {}

    @tenacity.retry(
        retry=tenacity.retry_if_exception(taken_or_again), wait=tenacity.wait_fixed(1), stop=tenacity.stop_after_attempt(6), reraise=True
    )
    def hand_in(run_id, ids):
        now = api.runs.retrieve(run_id, thread_id=thread_id)
        if now.status != "requires_action" or {call.id for call in now.required_action.submit_tool_outputs.tool_calls} != set(ids):
            return  # they have them
        api.runs.submit_tool_outputs(run_id, thread_id=thread_id, tool_outputs=[{"tool_call_id": id, "output": outputs[id]} for id in ids])

    while run.status in ("queued", "in_progress", "requires_action", "cancelling"):
        if run.status != "requires_action":
            time.sleep(1)
        else:
            calls = run.required_action.submit_tool_outputs.tool_calls
            for call in calls:
                if call.id in outputs:
                    continue
                try:
                    if call.function.name not in tools:
                        raise LookupError(f"no tool {call.function.name}")
                    outputs[call.id] = tools[call.function.name](**json.loads(call.function.arguments))
                except Exception as error:
                    outputs[call.id] = json.dumps({"error": str(error)})
                wanted[call.id] = call.function
                db.merge(
                    AuditItem(
                        item_id=call.id,
                        run_id=run.id,
                        kind="tool_call",
                        name=call.function.name,
                        arguments=call.function.arguments,
                        text=outputs[call.id],
                    )
                )
                db.commit()
            hand_in(run.id, [call.id for call in calls])
        run = api.runs.retrieve(run.id, thread_id=thread_id)

    if run.status != "completed":
        raise TurnFailed(f"{run.id} {run.status}")
    bodies = {m.id: m.content[0].text.value for m in api.messages.list(thread_id, run_id=run.id, order="asc")}
    place = 0
    for step in api.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        if step.type == "message_creation":
            ids = [step.step_details.message_creation.message_id]
        else:
            ids = [call.id for call in step.step_details.tool_calls]
        for id in ids:
            place += 1
            if id in bodies:
                db.merge(AuditItem(item_id=id, run_id=run.id, kind="message", position=place, step_id=step.id, text=bodies[id]))
            else:
                row = db.get(AuditItem, id)
                row.position, row.step_id = place, step.id
    db.commit()
    return "\n".join(bodies.values())
