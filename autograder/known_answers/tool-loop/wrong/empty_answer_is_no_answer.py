# loses: each_call_runs_once
# says: ran_times_two_tables_are
# %% tool_loop
def said_by(tools, call):
    name = call.function.name
    if name not in tools:
        return f"there is no tool named {name}"
    try:
        return tools[name](**json.loads(call.function.arguments))
    except Exception as error:
        return f"the tool failed: {type(error).__name__}: {error}"


def output_of(db, run, call, tools):
    row = db.get(AuditItem, call.id)
    if row is not None and not row.text:
        row.text = said_by(tools, call)
        db.commit()
    if row is None:
        text = said_by(tools, call)
        row = AuditItem(
            item_id=call.id, run_id=run.id, kind="tool_call", name=call.function.name, arguments=call.function.arguments, text=text
        )
        db.add(row)
        db.commit()
    return {"tool_call_id": call.id, "output": row.text}


def write_audit(client, db, run):
    position = 0
    for step in client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc"):
        details = step.step_details
        if details.type == "message_creation":
            message = client.beta.threads.messages.retrieve(details.message_creation.message_id, thread_id=run.thread_id)
            position += 1
            db.merge(
                AuditItem(
                    item_id=message.id,
                    run_id=run.id,
                    kind="message",
                    position=position,
                    step_id=step.id,
                    text=message.content[0].text.value,
                )
            )
        else:
            for call in details.tool_calls:
                position += 1
                db.merge(
                    AuditItem(
                        item_id=call.id,
                        run_id=run.id,
                        kind="tool_call",
                        position=position,
                        step_id=step.id,
                        name=call.function.name,
                        arguments=call.function.arguments,
                        text=call.function.output,
                    )
                )
    db.commit()


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    runs = client.beta.threads.runs
    once = client.with_options(max_retries=0)
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = runs.create(thread_id, assistant_id=assistant_id)
    failures = 0
    while True:
        run = runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        outputs = [output_of(db, run, call, tools) for call in run.required_action.submit_tool_outputs.tool_calls]
        try:
            once.beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        except openai.APIError:
            failures += 1
            if failures > 8:
                raise
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run.id} ended as {run.status}")
    write_audit(client, db, run)
    written = client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(message.content[0].text.value for message in written)
