# %% tool_loop
class Loop:
    """Outputs are kept by call id in memory as well as in the table; submitting is a state to be reached, not an act."""

    ENDED = {"completed", "failed", "incomplete", "cancelled", "expired"}

    def __init__(self, client, db, thread_id, tools):
        self.client, self.db, self.thread_id, self.tools = client, db, thread_id, tools
        self.patient = client.beta.threads.runs
        self.once = client.with_options(max_retries=0).beta.threads.runs
        self.outputs = {}

    def settle(self, run_id):
        pause = 0.5
        while True:
            run = self.patient.retrieve(run_id, thread_id=self.thread_id)
            if run.status in self.ENDED or run.status == "requires_action":
                return run
            time.sleep(pause)
            pause = min(pause * 2, 4)

    def use(self, call, run):
        if call.id in self.outputs:
            return
        tool = self.tools.get(call.function.name)
        if tool is None:
            said = f"There is no tool called {call.function.name}."
        else:
            try:
                said = tool(**json.loads(call.function.arguments))
            except Exception as error:
                said = str(error)
        self.outputs[call.id] = said
        self.db.add(
            AuditItem(
                item_id=call.id, run_id=run.id, kind="tool_call", name=call.function.name, arguments=call.function.arguments, text=said
            )
        )
        self.db.flush()

    def answer(self, run):
        calls = run.required_action.submit_tool_outputs.tool_calls
        for call in calls:
            self.use(call, run)
        self.db.commit()
        body = [{"tool_call_id": call.id, "output": self.outputs[call.id]} for call in calls]
        try:
            self.once.submit_tool_outputs(run.id, thread_id=self.thread_id, tool_outputs=body)
        except openai.APIError:
            pass  # the next look at the run tells whether they have arrived

    def run(self, assistant_id):
        run = self.once.create(self.thread_id, assistant_id=assistant_id)
        for _ in range(30):
            run = self.settle(run.id)
            if run.status != "requires_action":
                return run
            self.answer(run)
        raise TurnFailed(f"{run.id} is {run.status} and does not come on")

    def audit(self, run):
        position, said = 0, []
        for step in self.patient.steps.list(run.id, thread_id=self.thread_id, order="asc"):
            if step.type == "tool_calls":
                for call in step.step_details.tool_calls:
                    position += 1
                    row = self.db.get(AuditItem, call.id)
                    row.step_id, row.position, row.text = step.id, position, call.function.output
            else:
                position += 1
                message = self.client.beta.threads.messages.retrieve(
                    step.step_details.message_creation.message_id, thread_id=self.thread_id
                )
                body = message.content[0].text.value
                self.db.add(AuditItem(item_id=message.id, run_id=run.id, step_id=step.id, kind="message", position=position, text=body))
                said.append(body)
        self.db.commit()
        return said


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    loop = Loop(client, db, thread_id, tools)
    run = loop.run(assistant_id)
    if run.status != "completed":
        raise TurnFailed(f"{run.id}: {run.status}")
    return "\n".join(loop.audit(run))
