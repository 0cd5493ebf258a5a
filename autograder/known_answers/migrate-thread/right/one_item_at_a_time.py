# %% migrate_thread
def _pages(page):
    yield from page.data
    if page.has_next_page():
        yield from _pages(page.get_next_page())


def migrate_thread(client, db, thread_id):
    """One item a request; which one is next is asked of the conversation whenever something went wrong."""
    found = db.query(Migration).filter_by(thread_id=thread_id).first()
    thread = client.beta.threads.retrieve(thread_id=thread_id)
    if found is None:
        found = Migration(thread_id=thread_id, conversation_id=None)
        db.add(found)
    if found.conversation_id is None:
        found.conversation_id = client.conversations.create(metadata=thread.metadata).id
        db.commit()
    target = found.conversation_id

    def items_of(message):
        if message.run_id is not None:
            calls = [
                call
                for step in _pages(client.beta.threads.runs.steps.list(run_id=message.run_id, thread_id=thread_id, order="asc"))
                if step.type == "tool_calls"
                for call in step.step_details.tool_calls
            ]
            for call in calls:
                yield dict(type="function_call", call_id=call.id, name=call.function.name, arguments=call.function.arguments)
                yield dict(type="function_call_output", call_id=call.id, output=call.function.output)
        yield dict(
            type="message",
            role=message.role,
            content=[dict(type="input_text" if message.role == "user" else "output_text", text=message.content[0].text.value)],
        )

    items = [item for message in _pages(client.beta.threads.messages.list(thread_id, order="asc")) for item in items_of(message)]

    def count():
        return len(list(_pages(client.conversations.items.list(target, limit=100))))

    def send(n, tries=5):
        try:
            for n in range(n, len(items)):
                client.with_options(max_retries=0).conversations.items.create(target, items=[items[n]])
        except openai.APIError as error:
            if tries == 0 or getattr(error, "status_code", 500) < 500:
                raise
            time.sleep(2)
            send(count(), tries - 1)

    send(count())
    return target


# %% ask
class NoAnswer(Exception):
    pass


class Asker:
    """Adds the message by a request of its own, then asks."""

    RETRY = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)

    def __init__(self, client, conversation_id):
        self.client = client
        self.careful = client.with_options(max_retries=0)
        self.conversation_id = conversation_id
        page = client.conversations.items.list(conversation_id, order="desc", limit=1)
        self.before = page.data[0].id if page.data else None

    def new(self, after):
        found = []
        for item in self.client.conversations.items.list(self.conversation_id, order="desc"):
            if item.id == after:
                break
            found.insert(0, item)
        return found

    def trying(self, act, done):
        for attempt in range(6):
            if attempt and (found := done()) is not None:
                return found
            try:
                return act()
            except self.RETRY as error:
                if attempt == 5:
                    raise
                response = getattr(error, "response", None)
                after = response.headers.get("retry-after") if response is not None else None
                time.sleep(float(after) + 0.1 if after else 0.5 * 2**attempt + random.random())

    def post(self, text):
        def act():
            items = [{"type": "message", "role": "user", "content": text}]
            return self.careful.conversations.items.create(self.conversation_id, items=items).data[0].id

        def done():
            return next((item.id for item in self.new(self.before)), None)

        return self.trying(act, done)

    def answer(self, message_id):
        def texts(items):
            return "\n".join(part.text for one in items if one.type == "message" for part in one.content)

        def act():
            response = self.careful.responses.create(model=MODEL, instructions=INSTRUCTIONS, conversation=self.conversation_id, input=[])
            if response.status != "completed":
                raise NoAnswer(response.status, response.error)
            return texts(response.output)

        def done():
            return texts(self.new(message_id)) or None

        return self.trying(act, done)


def ask(client, conversation_id, text):
    asker = Asker(client, conversation_id)
    return asker.answer(asker.post(text))


# %% wait_for_response
def wait_for_response(client, response_id, *, max_wait=60.0, _pause=1.0, _since=None):
    since = time.perf_counter() if _since is None else _since
    try:
        raw = client.responses.with_raw_response.retrieve(response_id)
        response = raw.parse()
        if response.status != "queued" and response.status != "in_progress":
            return response
    except openai.APIStatusError as error:
        if error.status_code < 429:
            raise
    left = max_wait - (time.perf_counter() - since)
    if left <= 1e-6:
        client.responses.cancel(response_id)
        raise ResponseTimeout("no end of " + response_id)
    time.sleep(min(random.triangular(0.6, 1.4) * _pause, left))
    return wait_for_response(client, response_id, max_wait=max_wait, _pause=min(2 * _pause, 7), _since=since)
