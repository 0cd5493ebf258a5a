# loses: submits_all_together, each_call_runs_once, a_failing_tool_is_an_answer, records_before_submitting, says_how_the_run_ended
# says: run_asked_tool_did_not
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    run = threads.runs.create(thread_id, assistant_id=assistant_id)

    def row_of(item_id, kind):
        row = db.get(AuditItem, item_id)
        if row is None:
            row = AuditItem(item_id=item_id, run_id=run.id, kind=kind)
            db.add(row)
        return row

    def output_of(call):
        row = row_of(call.id, "tool_call")
        if row.text is None:
            try:
                said = tools[call.function.name](call.function.arguments)
            except Exception as error:
                said = f"failed: {type(error).__name__}: {error}"
            row.name, row.arguments, row.text = call.function.name, call.function.arguments, said
            db.commit()
        return {"tool_call_id": call.id, "output": row.text}

    failures = 0
    while True:
        run = threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        outputs = [output_of(call) for call in run.required_action.submit_tool_outputs.tool_calls]
        try:
            threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        except (openai.APIConnectionError, openai.InternalServerError, openai.BadRequestError):
            failures += 1
            if failures > 8:
                raise
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run.id} ended as {run.status}")

    texts = {reply.id: reply.content[0].text.value for reply in threads.messages.list(thread_id, run_id=run.id)}
    items = []
    for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        details = step.step_details
        if details.type == "message_creation":
            items.append((details.message_creation.message_id, "message", step))
        else:
            items += [(call.id, "tool_call", step) for call in details.tool_calls]
    for position, (item_id, kind, step) in enumerate(items):
        row = row_of(item_id, kind)
        row.position, row.step_id = position, step.id
        if kind == "message":
            row.text = texts[item_id]
    db.commit()
    return "\n".join(texts[item_id] for item_id, kind, _ in items if kind == "message")
