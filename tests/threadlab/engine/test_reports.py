"""How Assistants behaved where it surprised people: each test names the public report that it is from."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import WEATHER, Desk, desk, events_of
from tests.threadlab.engine.test_errors import says

FRANCE = "What is the capital of France?"
REFUNDS = b"Refunds are paid within 30 days of the return."
SEARCH: Any = [{"type": "file_search"}]
NINE_DAYS = 9 * 86_400
DOCUMENTS = "https://platform.openai.com/docs/assistants/tools/file-search/supported-files"


def upload(at: Desk, name: str = "refunds.md", data: bytes = REFUNDS) -> str:
    return at.client.files.create(file=(name, data), purpose="assistants").id


def attached(at: Desk, file_id: str) -> str:
    """A thread whose message brings a file to be searched."""
    message: Any = {"role": "user", "content": "When are refunds paid?", "attachments": [{"file_id": file_id, "tools": SEARCH}]}
    return at.threads.create(messages=[message]).id


# ---- how runs end -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["max_prompt_tokens", "max_completion_tokens"])
def test_incomplete_run_has_been_completed_at_some_time(reason: str) -> None:
    """openai/openai-python#1407 has the body; microsoft/semantic-kernel#9364 is of a poller that does not know the status."""
    with desk(scenario=f"run_incomplete:{reason}") as at, at.service.time():
        run = at.threads.runs.create_and_poll(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id)
        assert (run.status, run.incomplete_details.reason) == ("incomplete", reason)
        assert run.completed_at is not None
        assert (run.expires_at, run.failed_at) == (None, None)


def test_run_fails_when_its_vector_store_has_expired() -> None:
    """Official file-search guide; Azure/azure-sdk-for-net#43113. A new store with the same files mends it."""
    with desk() as at:
        file_id = upload(at)
        thread_id = attached(at, file_id)
        at.wait(2)
        assert at.finished(thread_id, tools=SEARCH).status == "completed"
        at.wait(NINE_DAYS)
        failed = at.finished(thread_id, tools=SEARCH)
        assert (failed.status, failed.last_error.code) == ("failed", "server_error")
        assert "has expired" in failed.last_error.message
        store = at.client.vector_stores.create(file_ids=[file_id])
        at.wait(2)
        at.threads.update(thread_id, tool_resources={"file_search": {"vector_store_ids": [store.id]}})
        assert at.finished(thread_id, tools=SEARCH).status == "completed"


def test_run_without_the_tool_does_not_mind_an_expired_vector_store() -> None:
    """Guess."""
    with desk() as at:
        thread_id = attached(at, upload(at))
        at.wait(NINE_DAYS)
        assert at.finished(thread_id).status == "completed"


def test_timeout_of_a_poll_is_the_timeout_of_each_request() -> None:
    """openai/openai-python#1855: it was taken for a deadline. The poll ends with the run, which expires after ten minutes."""
    with desk(scenario="stuck") as at, at.service.time():
        begun = at.service.clock.now()
        run = at.threads.runs.create_and_poll(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id, timeout=2.0)
        assert (run.status, at.service.clock.now() - begun >= 600) == ("expired", True)


def test_cancelled_run_refuses_outputs_and_messages_until_it_has_ended() -> None:
    """dotnet/extensions#5964, microsoft/autogen#1003."""
    with desk(scenario="cancel_slow:2") as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        assert run.status == "requires_action"
        assert at.threads.runs.cancel(run.id, thread_id=thread_id).status == "cancelling"
        outputs = [{"tool_call_id": run.required_action.submit_tool_outputs.tool_calls[0].id, "output": "Sunny."}]
        late = at.raw("POST", f"/threads/{thread_id}/runs/{run.id}/submit_tool_outputs", {"tool_outputs": outputs})
        message: Any = {"role": "user", "content": "Never mind."}
        assert (late.status_code, at.raw("POST", f"/threads/{thread_id}/messages", message).status_code) == (400, 400)
        at.wait(3)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "cancelled"
        assert at.raw("POST", f"/threads/{thread_id}/messages", message).status_code == 200


def test_forced_function_is_called_once_a_run() -> None:
    """patterns-ai-core/langchainrb#825: a loop was met. That the choice holds for the first step alone is a guess."""
    with desk() as at:
        thread_id = at.thread("Hello")
        run = at.finished(thread_id, tools=[WEATHER], tool_choice={"type": "function", "function": {"name": "get_weather"}})
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        at.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[{"tool_call_id": call.id, "output": "Sunny."}])
        at.wait(10)
        assert at.threads.runs.retrieve(run.id, thread_id=thread_id).status == "completed"


# ---- lists ------------------------------------------------------------------------------------------------------------------------------


def test_limit_of_a_list_is_the_size_of_its_pages() -> None:
    """openai/openai-python#1863: it was taken for the number of messages that are iterated."""
    with desk() as at:
        thread_id = at.thread(*(str(number) for number in range(10)))
        begun = len(at.recorder.exchanges)
        page = at.threads.messages.list(thread_id, limit=3)
        assert len(page.data) == 3
        assert len(list(page)) == 10
        assert len(at.recorder.exchanges) - begun == 4


def test_answer_to_the_21st_message_is_not_on_the_first_page() -> None:
    """langchain-ai/langchainjs#5062, alexrudall/ruby-openai#380. Asking by `run_id` finds it."""
    with desk() as at:
        thread_id = at.thread(*["Hello"] * 20, FRANCE)
        run = at.finished(thread_id)
        page = at.threads.messages.list(thread_id, order="asc")
        assert "assistant" not in {message.role for message in page.data}
        (answer,) = at.threads.messages.list(thread_id, run_id=run.id).data
        assert answer.content[0].text.value == "The capital of France is Paris."


def test_answer_is_empty_while_it_is_written() -> None:
    """Readers of `content[0].text` fail: yuanyang749/AssistantsAPI#2, and jamesmcroft/gpt-assistants-api-ui#12 for pictures."""
    with desk() as at:
        thread_id = at.thread(FRANCE)
        run = at.run(thread_id)
        seen = set()
        for _ in range(40):
            at.wait(0.1)
            seen |= {len(message.content) for message in at.threads.messages.list(thread_id, run_id=run.id).data}
        assert seen == {0, 1}


# ---- what is refused --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("a.csv", ".csv"), ("a.h", ".h"), ("a.XML", ".xml"), ("a", "none")])
def test_file_that_cannot_be_searched_is_refused(name: str, kind: str) -> None:
    """RageAgainstThePixel/OpenAI-DotNet#454, glific/glific#3884. The word `none` is a guess."""
    message = f"Files with extensions [{kind}] are not supported for retrieval. See {DOCUMENTS}"
    with desk() as at:
        file_id = upload(at, name)
        refused = at.raw("POST", "/vector_stores", {"file_ids": [file_id]})
        says(refused, 400, message, param="file_ids", code="unsupported_file")
        body = {"role": "user", "content": "x", "attachments": [{"file_id": file_id, "tools": SEARCH}]}
        says(at.raw("POST", f"/threads/{at.thread()}/messages", body), 400, message, param="file_ids", code="unsupported_file")
        resources = {"tool_resources": {"file_search": {"vector_stores": [{"file_ids": [file_id]}]}}}
        says(at.raw("POST", "/threads", resources), 400, message, param="file_ids", code="unsupported_file")


def test_file_for_code_may_be_of_any_kind() -> None:
    """langchain-ai/langchain#22503."""
    with desk() as at:
        tools: Any = [{"type": "code_interpreter"}]
        attachment: Any = {"file_id": upload(at, "a.csv"), "tools": tools}
        at.threads.messages.create(at.thread(), role="user", content="x", attachments=[attachment])


def test_thread_begins_with_32_messages_at_most() -> None:
    """openai-php/client#269, dimagi/open-chat-studio#688."""
    messages = [{"role": "user", "content": "x"}] * 33
    with desk() as at:
        assert at.raw("POST", "/threads", {"messages": messages[:32]}).status_code == 200
        for path, body, param in (
            ("/threads", {"messages": messages}, "messages"),
            ("/threads/runs", {"assistant_id": at.assistant_id, "thread": {"messages": messages}}, "thread.messages"),
        ):
            text = f"Invalid '{param}': array too long. Expected an array with maximum length 32, but got an array with length 33 instead."
            says(at.raw("POST", path, body), 400, text, param=param, code="array_above_max_length")


def test_output_for_one_of_three_calls_names_both() -> None:
    """microsoft/semantic-kernel#8701, microsoft/teams-sdk#1705."""
    with desk() as at:
        thread_id = at.thread("What is the weather in Paris, Rome and Oslo?")
        run = at.finished(thread_id, tools=[WEATHER])
        ids = [call.id for call in run.required_action.submit_tool_outputs.tool_calls]
        assert len(ids) == 3
        body = {"tool_outputs": [{"tool_call_id": ids[0], "output": "Sunny."}]}
        refused = at.raw("POST", f"/threads/{thread_id}/runs/{run.id}/submit_tool_outputs", body)
        assert refused.status_code == 400
        assert all(one in refused.json()["error"]["message"] for one in ids)


@pytest.mark.parametrize(
    ("output", "param", "code"),
    [
        ({"output": "x"}, "tool_outputs[0].tool_call_id", "missing_required_parameter"),
        ({"tool_call_id": "call_x", "output": {"a": 1}}, "tool_outputs[0].output", "invalid_type"),
    ],
)
def test_output_without_its_call_or_that_is_no_text_is_refused(output: dict[str, Any], param: str, code: str) -> None:
    """microsoft/teams-sdk#925, langchain-ai/langchain#14830."""
    with desk() as at:
        thread_id = at.thread("What is the weather in Paris?")
        run = at.finished(thread_id, tools=[WEATHER])
        refused = at.raw("POST", f"/threads/{thread_id}/runs/{run.id}/submit_tool_outputs", {"tool_outputs": [output]})
        error = refused.json()["error"]
        assert (refused.status_code, error["param"], error["code"]) == (400, param, code)


def test_tools_of_an_attachment_are_objects() -> None:
    """openai/openai-node#785."""
    with desk() as at:
        body = {"role": "user", "content": "x", "attachments": [{"file_id": upload(at), "tools": ["file_search"]}]}
        text = "Invalid type for 'attachments[0].tools[0]': expected an object, but got a string instead."
        refused = at.raw("POST", f"/threads/{at.thread()}/messages", body)
        says(refused, 400, text, param="attachments[0].tools[0]", code="invalid_type")


def test_assistants_turn_of_a_history_is_output_text() -> None:
    """openai/openai-java#302, camunda/connectors#8356."""
    turns = [(role, [{"type": "input_text", "text": "Hello"}]) for role in ("user", "assistant")]
    with desk() as at:
        body = {"model": "gpt-4o", "input": [{"role": role, "content": content} for role, content in turns]}
        refused = at.raw("POST", "/responses", body, beta=False).json()["error"]
        assert refused["message"] == "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'."


def test_page_has_100_items_at_most() -> None:
    """openai/openai-agents-python#4961."""
    with desk() as at:
        conversation_id = at.client.conversations.create().id
        refused = at.raw("GET", f"/conversations/{conversation_id}/items?limit=101", beta=False)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "limit")


def test_response_that_is_not_in_the_background_cannot_be_cancelled() -> None:
    """openai/openai-python#2643: who stops reading a stream pays for all of it."""
    with desk() as at:
        answer = at.client.responses.create(model="gpt-4o", input=FRANCE)
        refused = at.raw("POST", f"/responses/{answer.id}/cancel", beta=False)
        says(refused, 400, "Cannot cancel a synchronous response.")


def test_second_response_on_a_conversation_finds_it_locked() -> None:
    """paulgmiller/careme#379: the first one ran in the background."""
    with desk() as at:
        conversation_id = at.client.conversations.create().id
        body = {"model": "gpt-4o", "input": FRANCE, "conversation": conversation_id}
        first = at.raw("POST", "/responses", {**body, "background": True}, beta=False).json()
        refused = at.raw("POST", "/responses", body, beta=False)
        assert (first["status"], refused.status_code, refused.json()["error"]["code"]) == ("queued", 400, "conversation_locked")


def test_list_is_no_metadata() -> None:
    """hiddenhatpress/openai-assistants#1."""
    with desk() as at:
        text = "Invalid type for 'metadata': expected a metadata object, but got an array instead."
        says(at.raw("POST", "/threads", {"metadata": []}), 400, text, param="metadata", code="invalid_type")


# ---- empty ids --------------------------------------------------------------------------------------------------------------------------


def test_empty_id_of_a_thread_makes_the_next_word_its_id() -> None:
    """openai/openai-node#902: SDKs without a guard send `/threads//messages`."""
    with desk() as at:
        refused = at.raw("POST", "/threads//messages", {"role": "user", "content": "Hello"})
        says(refused, 400, "Unknown parameter: 'role'.", param="role", code="unknown_parameter")


def test_empty_id_does_not_reach_another_object() -> None:
    """Guess: other operations are treated as the one that was seen."""
    with desk() as at:
        refused = at.raw("GET", "/threads//messages")
        says(refused, 400, "Invalid 'thread_id': 'messages'. Expected an ID that begins with 'thread'.")
        says(at.raw("GET", "/"), 404, "Invalid URL (GET /v1/)")


# ---- streams ----------------------------------------------------------------------------------------------------------------------------


def test_citation_has_an_empty_quote_in_a_delta_alone() -> None:
    """Lambdua/openai4j#59."""
    with desk() as at:
        thread_id = attached(at, upload(at))
        at.wait(2)
        body = {"assistant_id": at.assistant_id, "tools": SEARCH, "stream": True}
        events = events_of(at.raw("POST", f"/threads/{thread_id}/runs", body).read())
        deltas = [data["delta"]["content"][0]["text"]["annotations"] for name, data in events if name == "thread.message.delta"]
        assert [note["file_citation"]["quote"] for notes in deltas for note in notes] == [""]
        (whole,) = [data for name, data in events if name == "thread.message.completed"]
        assert list(whole["content"][0]["text"]["annotations"][0]["file_citation"]) == ["file_id"]


def test_steps_of_a_stream_can_include_what_was_found() -> None:
    """openai/openai-python#1938: `include` belongs to the query, and was sent in the body."""
    wanted: Any = "step_details.tool_calls[*].file_search.results[*].content"
    with desk() as at:
        thread_id = attached(at, upload(at))
        at.wait(2)
        with (
            at.service.time(),
            at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id, tools=SEARCH, include=[wanted]) as stream,
        ):
            done = [event.data for event in stream if event.event == "thread.run.step.completed"]
        (found,) = [call for step in done for call in getattr(step.step_details, "tool_calls", [])]
        assert found.file_search.results[0].content[0].text == REFUNDS.decode()


def test_thread_stays_locked_when_its_stream_is_left() -> None:
    """openai/openai-dotnet#87, vercel/ai#1743, livekit/agents#1367: cancelling frees it."""
    with desk(scenario="slow:60") as at:
        thread_id = at.thread(FRANCE)
        with at.service.time(), at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id) as stream:
            event = next(event for event in stream if event.event == "thread.run.in_progress")
        message: Any = {"role": "user", "content": "Never mind."}
        assert at.raw("POST", f"/threads/{thread_id}/messages", message).status_code == 400
        at.threads.runs.cancel(event.data.id, thread_id=thread_id)
        at.wait(10)
        assert at.raw("POST", f"/threads/{thread_id}/messages", message).status_code == 200


def test_outputs_of_tools_are_answered_by_a_second_stream() -> None:
    """openai/openai-python#1237, Azure/azure-sdk-for-js#34948: a handler waited for the answer on the first one, which had ended."""

    class Handler(openai.AssistantEventHandler):
        answer = ""

        def on_tool_call_done(self, tool_call: Any) -> None:
            outputs: Any = [{"tool_call_id": tool_call.id, "output": "Sunny."}]
            run = self.current_run
            assert run is not None
            with at.threads.runs.submit_tool_outputs_stream(run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs) as second:
                Handler.answer = "".join(second.text_deltas)

    with desk() as at, at.service.time():
        thread_id = at.thread("What is the weather in Paris?")
        options: Any = {"tools": [WEATHER], "event_handler": Handler()}
        with at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id, **options) as stream:
            names = [event.event for event in stream]
        assert names[-1] == "thread.run.requires_action"
        assert "Sunny." in Handler.answer


# ---- pictures ---------------------------------------------------------------------------------------------------------------------------


def test_picture_stands_before_the_text() -> None:
    """Readers of `content[0].text` fail: jamesmcroft/gpt-assistants-api-ui#12, Azure-Samples/azureai-samples#159."""
    with desk(scenario="pictures:2") as at:
        thread_id = at.thread(FRANCE)
        at.finished(thread_id)
        (message, _) = at.threads.messages.list(thread_id).data
        assert [block.type for block in message.content] == ["image_file", "image_file", "text"]
        file_id = message.content[0].image_file.file_id
        assert at.client.files.content(file_id).content.startswith(b"\x89PNG")
        assert at.client.files.retrieve(file_id).purpose == "assistants_output"


def test_picture_comes_first_in_a_stream() -> None:
    with desk(scenario="pictures") as at, at.service.time():
        with at.threads.runs.stream(thread_id=at.thread(FRANCE), assistant_id=at.assistant_id) as stream:
            (message,) = stream.get_final_messages()
        assert [block.type for block in message.content] == ["image_file", "text"]
        assert message.content[1].text.value == "The capital of France is Paris."


def test_pictures_of_a_user_are_put_before_a_model_outside() -> None:
    """Official text: image content is for models with vision."""
    picture = b"\x89PNG\r\n"
    with desk(responder=None) as at:
        file_id = at.client.files.create(file=("a.png", picture), purpose="vision").id
        content: Any = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "image_file", "image_file": {"file_id": file_id}},
        ]
        at.run(at.threads.create(messages=[{"role": "user", "content": content}]).id)
        parts: Any = [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "detail": "auto", "image_url": "https://example.org/a.png"},
            {"type": "input_image", "detail": "auto", "file_id": file_id},
        ]
        at.client.responses.create(model="gpt-4o", input=[{"role": "user", "content": parts}], background=True)
        asked = [question.prompt.turns[-1] for question in at.service.engine.questions.pending.values()]
    data = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    assert [(turn.text, turn.images) for turn in asked] == [("What is this?", ["https://example.org/a.png", data])] * 2


# ---- files ------------------------------------------------------------------------------------------------------------------------------


def test_file_can_stay_in_progress() -> None:
    """openai/openai-python#3097: a poll without `max_wait_seconds` never returns (sdk: since openai/openai-python#3401 there is one)."""
    with desk(scenario="file_stuck#1") as at, at.service.time():
        store = at.client.vector_stores.create()
        with pytest.raises(TimeoutError):
            at.client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("a.md", REFUNDS), max_wait_seconds=30)
        at.wait(86_400)
        counts = at.client.vector_stores.retrieve(store.id).file_counts
        assert (counts.in_progress, counts.completed) == (1, 0)
        file = at.client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("b.md", REFUNDS), max_wait_seconds=30)
        assert file.status == "completed"


def test_batch_with_a_stuck_file_can_be_cancelled() -> None:
    """openai/openai-python#2724."""
    with desk(scenario="file_stuck") as at:
        store = at.client.vector_stores.create()
        batch = at.client.vector_stores.file_batches.create(store.id, file_ids=[upload(at)])
        at.wait(86_400)
        assert batch.id.startswith("vsfb_")
        assert at.client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id).status == "in_progress"
        assert at.client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id).status == "cancelled"


# ---- after the end ----------------------------------------------------------------------------------------------------------------------


def test_switched_off_api_is_not_there() -> None:
    """aallam/openai-kotlin#470: every call is a 404 since 2026-08-26. The words are those of a path that never was (guess)."""
    with desk(scenario="switched_off") as at:
        for method, path in (("POST", "/assistants"), ("POST", "/threads"), ("GET", "/threads/thread_x/runs/run_x")):
            says(at.raw(method, path, {}), 404, f"Invalid URL ({method} /v1{path})")
        with pytest.raises(openai.NotFoundError):
            at.client.beta.threads.create()
        assert at.client.conversations.create().id
        assert at.client.vector_stores.create().id


def test_switching_off_can_come_in_the_middle() -> None:
    with desk(scenario="switched_off#3-") as at:
        thread_id = at.threads.create().id
        at.threads.messages.create(thread_id, role="user", content="Hello")
        says(at.raw("GET", f"/threads/{thread_id}"), 404, f"Invalid URL (GET /v1/threads/{thread_id})")
