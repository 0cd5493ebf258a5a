# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    runs = client.beta.threads.runs
    client.beta.threads.messages.create(thread_id, role="user", content=text)

    def record(call, run_id):
        row = db.get(AuditItem, call.id)
        if row:
            return row.text
        try:
            said = str(tools[call.function.name](**json.loads(call.function.arguments)))
        except Exception as error:
            said = f"{type(error).__name__} {error}"
        db.add(
            AuditItem(
                item_id=call.id, run_id=run_id, kind="tool_call", name=call.function.name, arguments=call.function.arguments, text=said
            )
        )
        db.commit()
        return said

    with runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        stream.until_done()
        run_id = stream.current_run.id
    for _ in range(20):
        run = runs.poll(run_id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        outputs = [{"tool_call_id": c.id, "output": record(c, run_id)} for c in run.required_action.submit_tool_outputs.tool_calls]
        try:
            with runs.submit_tool_outputs_stream(run_id=run_id, thread_id=thread_id, tool_outputs=outputs) as stream:
                stream.until_done()
        except openai.APIError:
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run_id} is {run.status}")

    place = 0
    said = []
    for step in runs.steps.list(run_id, thread_id=thread_id, order="asc", limit=100).data:
        if step.type == "tool_calls":
            for call in step.step_details.tool_calls:
                row = db.get(AuditItem, call.id)
                row.position, row.step_id = place, step.id
                place += 1
        else:
            message = client.beta.threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            said.append(message.content[0].text.value)
            db.add(AuditItem(item_id=message.id, run_id=run_id, kind="message", position=place, step_id=step.id, text=said[-1]))
            place += 1
    db.commit()
    return "\n".join(said)
