# loses: audit_tells_the_turn
# says: position_rows_come_steps_oldest
# %% tool_loop
import itertools


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    beta = client.beta.threads
    counter = itertools.count(1)
    beta.messages.create(thread_id, role="user", content=text)
    run = beta.runs.create(thread_id, assistant_id=assistant_id)
    cache = {}
    bad = 0
    while True:
        time.sleep(1)
        run = beta.runs.retrieve(run.id, thread_id=thread_id)
        if run.status in ("queued", "in_progress", "cancelling"):
            continue
        if run.status != "requires_action":
            break
        step = next(s for s in beta.runs.steps.list(run.id, thread_id=thread_id) if s.type == "tool_calls" and s.status == "in_progress")
        for call in step.step_details.tool_calls:
            if call.id in cache:
                continue
            try:
                cache[call.id] = tools[call.function.name](**json.loads(call.function.arguments))
            except Exception as problem:
                cache[call.id] = f"{type(problem).__name__}({problem})"
            db.add(
                AuditItem(
                    item_id=call.id,
                    run_id=run.id,
                    kind="tool_call",
                    position=next(counter),
                    step_id=step.id,
                    name=call.function.name,
                    arguments=call.function.arguments,
                    text=cache[call.id],
                )
            )
        db.commit()
        outputs = [{"tool_call_id": c.id, "output": cache[c.id]} for c in run.required_action.submit_tool_outputs.tool_calls]
        try:
            client.with_options(max_retries=0, timeout=20).beta.threads.runs.submit_tool_outputs(
                run.id, thread_id=thread_id, tool_outputs=outputs
            )
        except openai.OpenAIError as problem:
            bad += 1
            if bad == 6:
                raise
    if run.status != "completed":
        raise TurnFailed(f"{run.id}/{run.status}")
    texts = []
    for step in beta.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        if step.type == "message_creation":
            msg = beta.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            texts.append("".join(b.text.value for b in msg.content))
            db.add(AuditItem(item_id=msg.id, run_id=run.id, kind="message", position=next(counter), step_id=step.id, text=texts[-1]))
    db.commit()
    return "\n".join(texts)
