"""Files, vector stores and what file_search makes of them."""

from __future__ import annotations

import itertools
from io import BytesIO
from typing import Any

import openai
import pytest

from tests.threadlab.engine.desk import Desk, desk

HANDBOOK = """Refunds are paid within 30 days of the return.

The library opens at nine and closes at six.

Parking is free for visitors on weekends.
"""
SEARCH: Any = [{"type": "file_search"}]


def upload(at: Desk, name: str = "handbook.md", data: bytes = HANDBOOK.encode()) -> str:
    return at.client.files.create(file=(name, data), purpose="assistants").id


def store_of(at: Desk, *file_ids: str, **options: Any) -> str:
    store = at.client.vector_stores.create(file_ids=list(file_ids), **options)
    at.wait(2)
    return store.id


def found(at: Desk, store_id: str, query: Any, **options: Any) -> list[Any]:
    return at.client.vector_stores.search(store_id, query=query, **options).data


@pytest.mark.parametrize("data", [b"", b"\r\n--x--\r\n", bytes(range(256)) * 10, b"a\r\nb\nc\r", b"x" * 300_000])
def test_bytes_come_back_unchanged(data: bytes) -> None:
    with desk() as at:
        file = at.client.files.create(file=("a b\u00e9.bin", data), purpose="user_data")
        assert file.bytes == len(data)
        assert at.client.files.content(file.id).content == data
        assert at.client.files.retrieve(file.id) == file


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\temp\\a.txt", "dir/a.txt"])
def test_file_name_loses_its_folders(name: str) -> None:
    with desk() as at:
        shown = at.client.files.create(file=(name, b"x"), purpose="assistants").filename
        assert "/" not in shown
        assert "\\" not in shown


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=purpose\r\n\r\nassistants\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\na\r\n--x--\r\n"),
    ],
)
def test_wrong_upload_is_refused_and_kept_nowhere(kind: str, body: bytes) -> None:
    with desk() as at:
        assert at.raw("POST", "/files", content=body, headers={"content-type": kind}).status_code == 400
        assert at.client.files.list().data == []


def test_form_of_more_parts_than_a_file_needs_is_refused() -> None:
    purpose = b"--x\r\nContent-Disposition: form-data; name=purpose\r\n\r\nassistants\r\n"
    file = b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\na\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with desk() as at:
        assert at.raw("POST", "/files", content=purpose + file, headers=headers).status_code == 200
        assert at.raw("POST", "/files", content=purpose * 100 + file, headers=headers).status_code == 400


def test_unknown_purpose_is_refused() -> None:
    with desk() as at, pytest.raises(openai.BadRequestError, match="Supported values are"):
        at.client.files.create(file=("a", b"x"), purpose="fun")  # type: ignore[arg-type]


def test_expired_file_is_gone() -> None:
    with desk() as at:
        file = at.client.files.create(file=("a.txt", b"x"), purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600})
        at.wait(3599)
        assert at.client.files.retrieve(file.id).expires_at == file.created_at + 3600
        at.wait(2)
        with pytest.raises(openai.NotFoundError):
            at.client.files.retrieve(file.id)
        assert at.client.files.list().data == []


def test_file_of_another_project_is_a_404() -> None:
    with desk(keys={"sk-one-0123456789abc": "one", "sk-two-0123456789abc": "two"}) as at:
        file_id = upload(at)
        assert at.raw("GET", f"/files/{file_id}", key="sk-two-0123456789abc").status_code == 404
        assert at.raw("GET", f"/files/{file_id}/content", key="sk-two-0123456789abc").status_code == 404
        assert at.raw("POST", "/vector_stores", {"file_ids": [file_id]}, key="sk-two-0123456789abc").status_code == 404
        assert at.raw("GET", "/files", key="sk-two-0123456789abc").json()["data"] == []


# ---- searching -------------------------------------------------------------------------------------------------------------------------


def test_best_passage_comes_first() -> None:
    with desk() as at:
        names = {upload(at, f"{name}.txt", text.encode()): name for name, text in TOPICS.items()}
        store_id = store_of(at, *names)
        for question, name in [("How are otters fed?", "otters"), ("volcano eruptions", "volcanoes"), ("Who bakes bread?", "bread")]:
            best = found(at, store_id, question)[0]
            assert names[best.file_id] == name
            assert best.score == 1.0
        scores = [one.score for one in found(at, store_id, "otters fish bread")]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


TOPICS = {
    "otters": "Otters eat fish. Feeding otters means feeding them fish twice a day.",
    "volcanoes": "A volcano erupts when magma rises. Eruptions can last for years.",
    "bread": "Bakers bake bread at night. Fish is not bread.",
    "weather": "Rain falls on hills. The wind blows from the west.",
}


def test_other_forms_of_a_word_are_found() -> None:
    with desk() as at:
        store_id = store_of(at, upload(at, "a.txt", b"She was baking cakes for the caf\xc3\xa9."))
        assert found(at, store_id, "bakes a cake")
        assert found(at, store_id, "CAFE")
        assert found(at, store_id, "submarine") == []


@pytest.mark.parametrize("query", ['"', "a OR", "NEAR(", "*", "col:x", "'; DROP TABLE passages; --", "?!", "日本"])
def test_query_is_never_taken_for_syntax(query: str) -> None:
    with desk() as at:
        assert isinstance(found(at, store_of(at, upload(at)), query), list)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"type": "eq", "key": "year", "value": 2024}, 1),
        ({"type": "gte", "key": "year", "value": 2023}, 2),
        ({"type": "lt", "key": "year", "value": "x"}, 0),
        ({"type": "in", "key": "year", "value": [2023]}, 1),
        ({"type": "nin", "key": "year", "value": [2023]}, 1),
        ({"type": "and", "filters": [{"type": "gt", "key": "year", "value": 1}, {"type": "ne", "key": "year", "value": 2024}]}, 1),
        ({"type": "or", "filters": []}, 0),
    ],
)
def test_filter_keeps_what_fits(given: Any, count: int) -> None:
    with desk() as at:
        store_id = store_of(at)
        for year in (2023, 2024):
            at.client.vector_stores.files.create(store_id, file_id=upload(at), attributes={"year": year})
        at.wait(2)
        assert len(found(at, store_id, "refunds", filters=given)) == count


@pytest.mark.parametrize("given", [{}, {"type": "eq"}, {"type": "like", "key": "a", "value": 1}, {"type": "and", "filters": [{"x": 1}]}])
def test_wrong_filter_is_refused(given: Any) -> None:
    with desk() as at:
        store_id = store_of(at, upload(at))
        assert at.raw("POST", f"/vector_stores/{store_id}/search", {"query": "refunds", "filters": given}).status_code == 400


def test_removed_file_is_not_searched() -> None:
    with desk() as at:
        first, second = upload(at), upload(at, "other.txt", b"Refunds are never paid.")
        store_id = store_of(at, first, second)
        assert len(found(at, store_id, "refunds")) == 2
        at.client.vector_stores.files.delete(first, vector_store_id=store_id)
        assert [one.file_id for one in found(at, store_id, "refunds")] == [second]
        at.client.files.delete(second)
        assert found(at, store_id, "refunds") == []
        assert at.client.vector_stores.retrieve(store_id).file_counts.total == 0
        assert at.client.vector_stores.files.list(store_id).data == []


def test_passages_overlap() -> None:
    from threadlab.text.extract import passages
    from threadlab.wire.files import StaticChunking

    words = [f"w{number}" for number in range(1000)]
    pieces = passages(" ".join(words), StaticChunking(100, 50))
    assert all(len(piece.split()) <= 75 for piece in pieces)
    assert set(" ".join(pieces).split()) == set(words)
    for before, after in itertools.pairwise(pieces):
        assert set(before.split()) & set(after.split())


def pdf(text: str) -> bytes:
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1")})
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = stream
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"Refunds", None),
        ("a.txt", "Refunds".encode("utf-16"), None),
        ("a.py", b"# Refunds", None),
        ("a.json", b'{"a": "Refunds"}', None),
        ("a.csv", b"a,Refunds", "unsupported_file"),
        ("a.html", b"<style>x</style><p>Refunds</p>", None),
        ("a.pdf", pdf("Refunds are paid"), None),
        ("a.pdf", b"%PDF-1.4 broken", "invalid_file"),
        ("a.txt", b"\xff\x00\xfe", "invalid_file"),
        ("a.json", b"{", "invalid_file"),
        ("a.docx", b"PK", "unsupported_file"),
        ("a", b"Refunds", "unsupported_file"),
    ],
)
def test_kind_of_file_decides_whether_it_is_read(name: str, data: bytes, code: str | None) -> None:
    with desk() as at:
        file_id = upload(at, name, data)
        store_id = store_of(at)
        at.client.vector_stores.files.create(store_id, file_id=file_id)
        at.wait(2)
        file = at.client.vector_stores.files.retrieve(file_id, vector_store_id=store_id)
        counts = at.client.vector_stores.retrieve(store_id).file_counts
        if code is None:
            assert (file.status, file.last_error, counts.completed) == ("completed", None, 1)
            assert len(found(at, store_id, "refunds")) == 1
        else:
            assert (file.status, counts.failed) == ("failed", 1)
            assert file.last_error is not None
            assert file.last_error.code == code
            assert found(at, store_id, "refunds") == []


def test_style_of_a_page_is_not_its_text() -> None:
    with desk() as at:
        file_id = upload(at, "a.html", b"<html><script>var refunds</script><h1>Title</h1><p>Body</p></html>")
        store_id = store_of(at, file_id)
        (part,) = at.client.vector_stores.files.content(file_id, vector_store_id=store_id).data
        assert part.text is not None
        assert part.text.split() == ["Title", "Body"]


def test_file_is_in_progress_before_it_is_ready() -> None:
    with desk() as at:
        store = at.client.vector_stores.create(file_ids=[upload(at)])
        assert (store.status, store.file_counts.in_progress, store.usage_bytes) == ("in_progress", 1, 0)
        at.wait(2)
        store = at.client.vector_stores.retrieve(store.id)
        assert (store.status, store.file_counts.completed, store.usage_bytes) == ("completed", 1, len(HANDBOOK.encode()))


def test_poll_helpers_of_the_sdk_come_to_an_end() -> None:
    with desk() as at, at.service.time():
        store = at.client.vector_stores.create()
        file = at.client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("a.txt", b"Refunds"))
        assert file.status == "completed"
        batch = at.client.vector_stores.file_batches.upload_and_poll(store.id, files=[("b.txt", b"x"), ("c.docx", b"x")])
        assert (batch.status, batch.file_counts.completed, batch.file_counts.failed) == ("completed", 1, 1)


def test_cancelled_batch_stops() -> None:
    with desk() as at:
        store_id = store_of(at)
        batch = at.client.vector_stores.file_batches.create(store_id, file_ids=[upload(at)])
        assert batch.status == "in_progress"
        cancelled = at.client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store_id)
        assert (cancelled.status, cancelled.file_counts.cancelled) == ("cancelled", 1)
        at.wait(5)
        assert found(at, store_id, "refunds") == []


def test_expired_vector_store_is_not_searched() -> None:
    with desk() as at:
        store_id = store_of(at, upload(at), expires_after={"anchor": "last_active_at", "days": 1})
        at.wait(80_000)
        assert found(at, store_id, "refunds")
        at.wait(80_000)
        assert at.client.vector_stores.retrieve(store_id).status == "completed"
        at.wait(10_000)
        assert at.client.vector_stores.retrieve(store_id).status == "expired"
        with pytest.raises(openai.BadRequestError, match="has expired"):
            found(at, store_id, "refunds")


# ---- in runs ---------------------------------------------------------------------------------------------------------------------------


def test_answer_cites_the_file_it_is_from() -> None:
    with desk() as at:
        file_id = upload(at)
        thread = at.threads.create(tool_resources={"file_search": {"vector_store_ids": [store_of(at, file_id)]}})
        at.threads.messages.create(thread.id, role="user", content="When are refunds paid?")
        run = at.finished(thread.id, tools=SEARCH)
        message = at.threads.messages.list(thread.id).data[0]
        text = message.content[0].text
        (note,) = text.annotations
        assert text.value == f"Refunds are paid within 30 days of the return.{note.text}"
        assert text.value[note.start_index : note.end_index] == note.text
        assert note.file_citation.file_id == file_id
        first, second = at.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc").data
        assert (first.type, second.type) == ("tool_calls", "message_creation")
        (call,) = first.step_details.tool_calls
        assert [result.file_id for result in call.file_search.results] == [file_id]
        assert call.file_search.results[0].content is None


def test_content_of_results_is_there_when_included() -> None:
    with desk() as at:
        thread_id = searched(at)
        run = at.threads.runs.list(thread_id).data[0]
        include: Any = ["step_details.tool_calls[*].file_search.results[*].content"]
        (step,) = [one for one in at.threads.runs.steps.list(run.id, thread_id=thread_id, include=include) if one.type == "tool_calls"]
        assert "Refunds" in step.step_details.tool_calls[0].file_search.results[0].content[0].text
        again = at.threads.runs.steps.retrieve(step.id, thread_id=thread_id, run_id=run.id)
        assert again.step_details.tool_calls[0].file_search.results[0].content is None


def searched(at: Desk, **options: Any) -> str:
    attachment: Any = {"file_id": upload(at), "tools": SEARCH}
    thread_id = at.threads.create(messages=[{"role": "user", "content": "When are refunds paid?", "attachments": [attachment]}]).id
    at.wait(2)
    at.finished(thread_id, tools=SEARCH, **options)
    return thread_id


def test_attachment_reaches_the_thread() -> None:
    with desk() as at:
        thread_id = searched(at)
        (store_id,) = at.threads.retrieve(thread_id).tool_resources.file_search.vector_store_ids
        store = at.client.vector_stores.retrieve(store_id)
        assert store.expires_after is not None
        assert (store.expires_after.days, store.file_counts.total) == (7, 1)
        more: Any = {"file_id": upload(at, "b.txt", b"x"), "tools": [*SEARCH, {"type": "code_interpreter"}]}
        at.threads.messages.create(thread_id, role="user", content="More", attachments=[more])
        resources = at.threads.retrieve(thread_id).tool_resources
        assert resources.file_search.vector_store_ids == [store_id]
        assert resources.code_interpreter.file_ids == [more["file_id"]]
        assert at.client.vector_stores.retrieve(store_id).file_counts.total == 2


def test_missing_attachment_is_refused() -> None:
    with desk() as at:
        attachment: Any = {"file_id": "file-none", "tools": SEARCH}
        thread_id = at.thread()
        with pytest.raises(openai.NotFoundError, match="No file found with id 'file-none'"):
            at.threads.messages.create(thread_id, role="user", content="x", attachments=[attachment])
        assert at.texts(thread_id) == []


def test_nothing_is_searched_without_the_tool() -> None:
    with desk() as at:
        thread_id = searched(at)
        run = at.finished(thread_id)
        assert [step.type for step in at.threads.runs.steps.list(run.id, thread_id=thread_id)] == ["message_creation"]


def test_passages_cost_tokens() -> None:
    with desk() as at:
        with_search = at.threads.runs.list(searched(at)).data[0].usage.prompt_tokens
        without = at.finished(at.thread("When are refunds paid?")).usage.prompt_tokens
        assert with_search > without + 20


def test_citation_comes_in_the_stream() -> None:
    with desk() as at:
        thread_id = searched(at)
        with at.threads.runs.stream(thread_id=thread_id, assistant_id=at.assistant_id, tools=SEARCH) as events:
            events.until_done()
            (message,) = events.get_final_messages()
        assert message.content[0].text == at.threads.messages.list(thread_id).data[0].content[0].text
        assert len(message.content[0].text.annotations) == 1


@pytest.mark.parametrize(
    ("options", "fails"),
    [
        ({"tool_choice": {"type": "code_interpreter"}}, True),
        ({"tool_choice": "required"}, True),
        ({"tool_choice": "auto"}, False),
        ({"tool_choice": "none"}, False),
    ],
)
def test_code_interpreter_says_that_it_is_not_there(options: Any, fails: bool) -> None:
    with desk() as at:
        run = at.finished(at.thread("What is the capital of France?"), tools=[{"type": "code_interpreter"}], **options)
        assert run.status == ("failed" if fails else "completed")
        if fails:
            assert run.last_error.message.startswith("tool not available here: this service runs no code")
            assert len(at.texts(run.thread_id)) == 1
