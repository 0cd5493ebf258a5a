# loses: a_failing_tool_is_an_answer
# says: run_waits_outputs_one_request
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    threads = client.beta.threads
    threads.messages.create(thread_id, role="user", content=text)
    run = threads.runs.create(thread_id, assistant_id=assistant_id)
    said = {}

    def run_tool(call):
        name = call.function.name
        if name not in tools:
            return f"there is no tool called {name}"
        try:
            return tools[name](**json.loads(call.function.arguments))
        except Exception as error:
            return f"failed: {error}"

    def tool_row(run, call):
        return AuditItem(
            item_id=call.id,
            run_id=run.id,
            kind="tool_call",
            name=call.function.name,
            arguments=call.function.arguments,
            text=said[call.id],
        )

    while True:
        run = threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        calls = run.required_action.submit_tool_outputs.tool_calls
        for call in calls:
            if call.id in said:
                continue
            said[call.id] = run_tool(call)
            db.add(tool_row(run, call))
            db.commit()
        outputs = [{"tool_call_id": call.id, "output": said[call.id]} for call in calls if call.function.name in tools]
        try:
            threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        except openai.APIError:
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"run {run.id} ended as {run.status}")

    texts = []
    position = 0
    for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        if step.step_details.type == "tool_calls":
            for call in step.step_details.tool_calls:
                row = db.get(AuditItem, call.id)
                row.position = position
                row.step_id = step.id
                position += 1
        else:
            message = threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            words = message.content[0].text.value
            texts.append(words)
            db.add(AuditItem(item_id=message.id, run_id=run.id, kind="message", position=position, step_id=step.id, text=words))
            position += 1
    db.commit()
    return "\n".join(texts)
