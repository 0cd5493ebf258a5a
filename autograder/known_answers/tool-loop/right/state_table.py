# %% tool_loop
class Loop:
    """A table of what to do in each state. Every call's row is there before its tool runs, and filled in afterwards."""

    def __init__(self, client, db, thread_id, tools):
        self.runs = client.beta.threads.runs
        self.messages = client.beta.threads.messages
        self.db, self.thread_id, self.tools = db, thread_id, tools
        self.left = 100

    def wait(self, run):
        time.sleep(1)
        return self.runs.retrieve(run.id, thread_id=self.thread_id)

    def act(self, run):
        self.left -= 1
        if not self.left:
            raise TurnFailed(f"{run.id} is still {run.status} after a hundred submissions")
        calls = run.required_action.submit_tool_outputs.tool_calls
        for call in calls:
            row = self.db.get(AuditItem, call.id)
            if row is None:
                row = AuditItem(
                    item_id=call.id, run_id=run.id, kind="tool_call", name=call.function.name, arguments=call.function.arguments
                )
                self.db.add(row)
                self.db.commit()
            if row.text is None:
                row.text = self.result(call.function)
                self.db.commit()
        outputs = [{"tool_call_id": call.id, "output": self.db.get(AuditItem, call.id).text} for call in calls]
        try:
            self.runs.submit_tool_outputs(run.id, thread_id=self.thread_id, tool_outputs=outputs)
        except openai.BadRequestError as error:
            if "do not accept tool outputs" not in str(error):
                raise
        except (openai.InternalServerError, openai.APIConnectionError, openai.RateLimitError):
            time.sleep(2)
        return self.runs.retrieve(run.id, thread_id=self.thread_id)

    def result(self, function):
        try:
            tool = self.tools[function.name]
        except KeyError:
            return f"There is no tool named {function.name}."
        try:
            return tool(**json.loads(function.arguments))
        except Exception as error:
            return f"{function.name} failed: {error}"

    def end(self, run):
        raise TurnFailed(f"{run.id} {run.status}")

    def go(self, run):
        todo = {"queued": self.wait, "in_progress": self.wait, "cancelling": self.wait, "requires_action": self.act}
        while run.status != "completed":
            run = todo.get(run.status, self.end)(run)
        return run

    def audit(self, run):
        n = 0
        for step in self.runs.steps.list(run.id, thread_id=self.thread_id, order="asc").data:
            ids = (
                [step.step_details.message_creation.message_id]
                if step.type == "message_creation"
                else [call.id for call in step.step_details.tool_calls]
            )
            for item_id in ids:
                row = self.db.get(AuditItem, item_id)
                if row is None:
                    words = self.messages.retrieve(item_id, thread_id=self.thread_id).content[0].text.value
                    row = AuditItem(item_id=item_id, run_id=run.id, kind="message", text=words)
                    self.db.add(row)
                    yield words
                row.position, row.step_id = n, step.id
                n += 1
        self.db.commit()


def tool_loop(client, db, thread_id, assistant_id, text, tools):
    loop = Loop(client, db, thread_id, tools)
    loop.messages.create(thread_id, role="user", content=text)
    run = loop.go(loop.runs.create(thread_id, assistant_id=assistant_id))
    return "\n".join(loop.audit(run))
