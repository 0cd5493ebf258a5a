# loses: audit_tells_the_turn
# says: run_s_steps_have_items
# %% tool_loop
from sqlalchemy import select


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    run = threads.runs.create(thread_id, assistant_id=assistant_id)
    said = {}
    while True:
        run = threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        calls = run.required_action.submit_tool_outputs.tool_calls
        for call in calls:
            if call.id not in said:
                said[call.id] = answer(tools, call)
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
        try:
            threads.runs.submit_tool_outputs(
                run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": call.id, "output": said[call.id]} for call in calls]
            )
        except openai.APIError:
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run.id} ended as {run.status}")
    position, texts = 0, []
    for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc", limit=100):
        if step.step_details.type == "message_creation":
            message = threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            words = "".join(part.text.value for part in message.content if part.type == "text")
            texts.append(words)
            db.merge(AuditItem(item_id=message.id, run_id=run.id, kind="message", position=position, step_id=step.id, text=words))
            position += 1
        else:
            for call in step.step_details.tool_calls:
                row = db.get(AuditItem, call.id)
                row.position, row.step_id = position, step.id
                position += 1
    if said:
        db.commit()
    return "\n".join(texts)


def answer(tools, call):
    function = tools.get(call.function.name)
    if function is None:
        return f"There is no tool called {call.function.name}."
    try:
        return function(**json.loads(call.function.arguments))
    except Exception as error:
        return f"The tool failed: {error}"
