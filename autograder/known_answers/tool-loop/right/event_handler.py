# %% tool_loop
from openai import AssistantEventHandler


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    beta = client.beta.threads
    beta.messages.create(thread_id=thread_id, role="user", content=text)
    done = {}

    def run_tool(call, run_id):
        if call.id not in done:
            f = tools.get(call.function.name)
            try:
                done[call.id] = f(**json.loads(call.function.arguments)) if f else f"no tool {call.function.name}"
            except Exception as e:
                done[call.id] = f"ERROR {e}"
            db.add(
                AuditItem(
                    item_id=call.id,
                    run_id=run_id,
                    kind="tool_call",
                    name=call.function.name,
                    arguments=call.function.arguments,
                    text=done[call.id],
                )
            )
            db.commit()
        return {"tool_call_id": call.id, "output": done[call.id]}

    class Handler(AssistantEventHandler):
        def on_event(self, event):
            if event.event == "thread.run.requires_action":
                self.handle(event.data)

        def handle(self, run):
            outs = [run_tool(c, run.id) for c in run.required_action.submit_tool_outputs.tool_calls]
            with beta.runs.submit_tool_outputs_stream(thread_id=thread_id, run_id=run.id, tool_outputs=outs, event_handler=Handler()) as s:
                s.until_done()

    try:
        with beta.runs.stream(thread_id=thread_id, assistant_id=assistant_id, event_handler=Handler()) as s:
            s.until_done()
    except openai.APIError:
        pass
    run = beta.runs.list(thread_id, limit=1).data[0]
    tries = 0
    while run.status not in ("completed", "failed", "cancelled", "expired", "incomplete"):
        if run.status == "requires_action":
            tries += 1
            if tries > 10:
                raise TurnFailed(f"{run.id} {run.status}")
            outs = [run_tool(c, run.id) for c in run.required_action.submit_tool_outputs.tool_calls]
            try:
                beta.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outs)
            except openai.APIError:
                pass
        time.sleep(1)
        run = beta.runs.retrieve(run.id, thread_id=thread_id)
    if run.status != "completed":
        raise TurnFailed(f"run {run.id} is {run.status}")
    answer, n = [], 0
    for step in beta.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        d = step.step_details
        if d.type == "tool_calls":
            for c in d.tool_calls:
                n += 1
                row = db.get(AuditItem, c.id)
                row.position, row.step_id = n, step.id
        else:
            n += 1
            msg = beta.messages.retrieve(d.message_creation.message_id, thread_id=thread_id)
            t = msg.content[0].text.value
            answer.append(t)
            db.add(AuditItem(item_id=msg.id, run_id=run.id, kind="message", position=n, step_id=step.id, text=t))
    db.commit()
    return "\n".join(answer)
