# loses: says_how_the_run_ended
# says: run
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    runs = client.beta.threads.runs
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = runs.create(thread_id, assistant_id=assistant_id)
    said = {}
    while run.status not in ("completed", "failed", "cancelled", "expired"):
        if run.status == "requires_action":
            outputs = []
            calls = run.required_action.submit_tool_outputs.tool_calls
            for call in calls:
                name, arguments = call.function.name, call.function.arguments
                if call.id not in said:
                    if name not in tools:
                        output = f"There is no tool {name}."
                    else:
                        try:
                            output = tools[name](**json.loads(arguments))
                        except Exception as error:
                            output = f"It failed: {error}"
                    said[call.id] = output
                    db.add(AuditItem(item_id=call.id, run_id=run.id, kind="tool_call", name=name, arguments=arguments, text=output))
                    db.commit()
                outputs.append({"tool_call_id": call.id, "output": said[call.id]})
            try:
                runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
            except openai.APIError:
                pass
        time.sleep(1)
        run = runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise TurnFailed(f"run {run.id} ended as {run.status}")
    position = 0
    texts = []
    for step in runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        details = step.step_details
        if details.type == "tool_calls":
            for call in details.tool_calls:
                row = db.get(AuditItem, call.id)
                row.position, row.step_id = position, step.id
                position += 1
        else:
            message = client.beta.threads.messages.retrieve(details.message_creation.message_id, thread_id=thread_id)
            words = "".join(part.text.value for part in message.content)
            db.add(AuditItem(item_id=message.id, run_id=run.id, kind="message", position=position, step_id=step.id, text=words))
            position += 1
            texts.append(words)
    db.commit()
    return "\n".join(texts)
