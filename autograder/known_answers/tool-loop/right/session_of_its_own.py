# %% tool_loop
from sqlalchemy.orm import Session


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    threads = client.beta.threads
    said = {}

    def attempt(call):
        try:
            return tools[call.function.name](**json.loads(call.function.arguments))
        except Exception as error:
            return f"failed: {type(error).__name__}: {error}"

    def output_of(run, call):
        if call.id not in said:
            said[call.id] = attempt(call)
            with Session(db.get_bind()) as other, other.begin():
                other.add(
                    AuditItem(
                        item_id=call.id,
                        run_id=run.id,
                        kind="tool_call",
                        name=call.function.name,
                        arguments=call.function.arguments,
                        text=said[call.id],
                    )
                )
        return {"tool_call_id": call.id, "output": said[call.id]}

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
    position, words_of = 0, []
    for step in threads.runs.steps.list(run.id, thread_id=thread_id, order="asc"):
        if step.type == "message_creation":
            message = threads.messages.retrieve(step.step_details.message_creation.message_id, thread_id=thread_id)
            found = [(message.id, "message", None, None, message.content[0].text.value)]
            words_of.append(message.content[0].text.value)
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
    return "\n".join(words_of)
