# loses: goes_on_round_after_round
# says: run_waits_outputs_one_request
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    once = client.with_options(max_retries=0)
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    said = {}
    while True:
        run = client.beta.threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        calls = run.required_action.submit_tool_outputs.tool_calls
        for call in calls:
            if call.id not in said:
                said[call.id] = use(tools, call)
                db.add(
                    AuditItem(
                        item_id=call.id,
                        run_id=run.id,
                        kind="tool_call",
                        name=call.function.name,
                        arguments=call.function.arguments,
                        text=said[call.id],
                    )
                )
                db.commit()
        outputs = [{"tool_call_id": call.id, "output": said[call.id]} for call in calls]
        try:
            for one in outputs if len(said) > len(calls) else [outputs]:
                run = once.beta.threads.runs.submit_tool_outputs(
                    run.id, thread_id=thread_id, tool_outputs=one if isinstance(one, list) else [one]
                )
        except (openai.BadRequestError, openai.APIConnectionError, openai.InternalServerError):
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run.id} is {run.status}")
    return audit(client, db, run)


def use(tools, call):
    name = call.function.name
    if name not in tools:
        return f"There is no tool {name}."
    try:
        return tools[name](**json.loads(call.function.arguments))
    except Exception as error:
        return f"{name} failed: {error}"


def audit(client, db, run):
    messages = {m.id: m.content[0].text.value for m in client.beta.threads.messages.list(run.thread_id, run_id=run.id, order="asc")}
    position = 0
    for step in client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc"):
        details = step.step_details
        if details.type == "tool_calls":
            for call in details.tool_calls:
                row = db.get(AuditItem, call.id)
                row.position, row.step_id = position, step.id
                position += 1
        else:
            message_id = details.message_creation.message_id
            db.add(
                AuditItem(item_id=message_id, run_id=run.id, kind="message", position=position, step_id=step.id, text=messages[message_id])
            )
            position += 1
    db.commit()
    return "\n".join(messages.values())
