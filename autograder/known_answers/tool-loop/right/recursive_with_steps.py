# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_id, assistant_id=assistant_id, additional_messages=[{"role": "user", "content": text}], poll_interval_ms=700
    )

    def attempt(call):
        if call.function.name not in tools:
            return "unknown tool " + call.function.name
        try:
            return tools[call.function.name](**json.loads(call.function.arguments))
        except Exception as problem:
            return repr(problem)

    def written(call):
        row = db.query(AuditItem).filter_by(item_id=call.id).one_or_none()
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

    def ended(run, left=12):
        run = client.beta.threads.runs.poll(run.id, thread_id=thread_id)
        if run.status != "requires_action":
            return run
        if not left:
            raise TurnFailed(f"{run.id} still {run.status}")
        outputs = [written(call) for call in run.required_action.submit_tool_outputs.tool_calls]
        try:
            return ended(
                client.beta.threads.runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread_id, tool_outputs=outputs), left - 1
            )
        except openai.APIStatusError as error:
            if error.status_code < 500 and error.status_code != 400:
                raise
        except openai.APIConnectionError:
            pass
        return ended(run, left - 1)

    run = ended(run)
    if run.status != "completed":
        raise RuntimeError(f"the run {run.id} was {run.status}: {run.last_error}")
    answer = []
    count = 0
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread_id, limit=100))
    for step in reversed(steps):
        for one in getattr(step.step_details, "tool_calls", [None]):
            count += 10
            if one is not None:
                row = db.get(AuditItem, one.id)
            else:
                id = step.step_details.message_creation.message_id
                said = "".join(part.text.value for part in client.beta.threads.messages.retrieve(id, thread_id=thread_id).content)
                answer.append(said)
                row = AuditItem(item_id=id, run_id=run.id, kind="message", text=said)
                db.add(row)
            row.step_id, row.position = step.id, count
    db.commit()
    return "\n".join(answer)
