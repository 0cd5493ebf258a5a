"""Answers that are alike: what a copy changes does not hide it, and what everybody was given does not make a pair."""

import json

from autograder.classroom.similar import ENOUGH, LONGEST, answer, compare, tokens
from autograder.notebooks import parsed

ORIGINAL = '''
def first_turn(client, assistant_id, question):
    """Ask."""
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    return client.beta.threads.messages.list(thread.id).data[0].content[0].text.value
'''
DISGUISED = """
# all mine
def first_turn(sdk, who, what):
    conversation = sdk.beta.threads.create(
        messages=[{'role': 'user', 'content': what}],
    )

    attempt = sdk.beta.threads.runs.create(conversation.id, assistant_id=who)
    while attempt.status in ('queued', 'in_progress'):   # wait
        time.sleep(2.5)
        attempt = sdk.beta.threads.runs.retrieve(attempt.id, thread_id=conversation.id)
    return sdk.beta.threads.messages.list(conversation.id).data[0].content[0].text.value
"""
OTHER = """
def first_turn(client, assistant_id, question):
    runs = client.beta.threads.runs
    run = runs.create_and_poll(thread_id=client.beta.threads.create().id, assistant_id=assistant_id, instructions=question)
    if run.status != "completed":
        raise RuntimeError(run.status)
    for message in client.beta.threads.messages.list(run.thread_id, run_id=run.id):
        for part in message.content:
            return part.text.value
"""


def test_copy_is_found_under_other_names_comments_and_layout():
    found = compare({"ann": tokens(ORIGINAL), "bob": tokens(DISGUISED), "cy": tokens(OTHER)})
    assert [(pair.students, pair.alike >= 0.98) for pair in found.pairs] == [(("ann", "bob"), True)]
    assert found.compared == 3
    assert found.usual < 0.85


def test_short_answers_are_not_compared():
    short = "def f(x):\n    return x + 1\n"
    assert len(tokens(short)) < ENOUGH
    assert compare({"ann": tokens(short), "bob": tokens(short)}).pairs == []


def test_code_that_cannot_be_parsed_is_left_out():
    for text in ("def f(:\n  'open", "\0", "x = (" * 400, "    odd\n  indent", "%%bash\nls", "\ud800"):
        compare({"ann": tokens(text * 20), "bob": tokens(ORIGINAL)})


def notebook(folder, *cells):
    path = folder / f"{len(list(folder.iterdir()))}.ipynb"
    made = [{"cell_type": kind, "source": source, "metadata": marks} for kind, source, marks in cells]
    path.write_text(json.dumps({"cells": made, "metadata": {}}))
    return path


def test_blank_cells_are_no_part_of_an_answer(tmp_path):
    marks = {"nbgrader": {"solution": True, "grade_id": "first_turn"}}
    cells = [("markdown", "# Title", {}), ("code", "import time", {}), ("code", ["def f():\n", "    pass"], marks)]
    assert answer([notebook(tmp_path, *cells)], {"first_turn": "def f():\n    pass\n"}).strip() == ""
    assert answer([notebook(tmp_path, *cells)], {"first_turn": "def f():\n    ...\n"}).strip() == "def f():\n    pass"
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    assert answer([broken, tmp_path / "missing.ipynb"], {}).strip() == ""


def test_only_so_much_of_an_answer_is_read_as_anybody_writes():
    begun = tokens("a = 1\n" * 1_000_000)
    assert 0 < len(begun) <= LONGEST
    assert parsed("a = 1\n" * 1_000_000) is None
