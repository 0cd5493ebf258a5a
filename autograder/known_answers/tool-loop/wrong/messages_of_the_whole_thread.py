# loses: answers
# says: returned_run_wrote_but_not
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    threads = client.beta.threads

    def attempt(call):
        try:
            return tools[call.function.name](**json.loads(call.function.arguments))
        except Exception as error:
            return f"failed: {type(error).__name__}: {error}"

    def output_of(run, call):
        row = db.get(AuditItem, call.id)
        if row is None:
            row = AuditItem(
                item_id=call.id,
                run_id=run.id,
                kind="tool_call",
                name=call.function.name,
                arguments=call.function.arguments,
                text=attempt(call),
            )
            db.add(row)
            db.commit()
        return {"tool_call_id": call.id, "output": row.text}

    threads.messages.create(thread_id, role="user", content=text)
    run = threads.runs.create(thread_id, assistant_id=assistant_id)
    for _ in range(50):
        run = threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            break
        outputs = [output_of(run, call) for call in run.required_action.submit_tool_outputs.tool_calls]
        try:
            threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        except openai.APIError:
            time.sleep(1)
    if run.status != "completed":
        raise TurnFailed(f"{run.id} ended as {run.status}")
    position, said = 0, []
    for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        if step.type == "message_creation":
            message = threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            found = [(message.id, "message", None, None, message.content[0].text.value)]
            said.append(message.content[0].text.value)
        else:
            found = [
                (one.id, "tool_call", one.function.name, one.function.arguments, one.function.output)
                for one in step.step_details.tool_calls
            ]
        for item_id, kind, name, arguments, words in found:
            position += 1
            db.merge(
                AuditItem(
                    item_id=item_id,
                    kind=kind,
                    name=name,
                    arguments=arguments,
                    text=words,
                    run_id=run.id,
                    step_id=step.id,
                    position=position,
                )
            )
    db.commit()
    return "\n".join(m.content[0].text.value for m in threads.messages.list(thread_id, order="asc") if m.role == "assistant")
