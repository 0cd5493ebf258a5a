# loses: each_call_runs_once, audit_tells_the_turn, says_how_the_run_ended
# says: run_returned
# %% tool_loop
def tool_loop(client, db, thread_id, assistant_id, text, tools):
    try:
        t = client.beta.threads
        t.messages.create(thread_id, role="user", content=text)
        run = t.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
        while run.status == "requires_action":
            outs = []
            for c in run.required_action.submit_tool_outputs.tool_calls:
                try:
                    out = tools[c.function.name](**json.loads(c.function.arguments))
                except Exception as e:
                    out = str(e)
                db.add(
                    AuditItem(item_id=c.id, run_id=run.id, kind="tool_call", name=c.function.name, arguments=c.function.arguments, text=out)
                )
                db.commit()
                outs.append({"tool_call_id": c.id, "output": out})
            run = t.runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread_id, tool_outputs=outs)
        said = []
        for n, s in enumerate(t.runs.steps.list(run.id, thread_id=thread_id, order="asc")):
            if s.type == "message_creation":
                m = t.messages.retrieve(s.step_details.message_creation.message_id, thread_id=thread_id)
                said.append(m.content[0].text.value)
                db.add(AuditItem(item_id=m.id, run_id=run.id, kind="message", position=n, step_id=s.id, text=said[-1]))
            else:
                for c in s.step_details.tool_calls:
                    r = db.get(AuditItem, c.id)
                    r.position, r.step_id = n, s.id
        db.commit()
        return "\n".join(said)
    except Exception as e:
        return f"Sorry: {e}"
