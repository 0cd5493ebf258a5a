"""A program that is started again has no memory, and an answer carries one over past the host: by locks on a file of the system."""

import nbformat
import pytest

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.notebook import grade_notebook, salted
from autograder.notebooks import with_answers
from autograder.sandbox import available

SLUG = "open-conversation"
CARRIES = """
import builtins, fcntl, os, struct, sys
builtins.kept = {}
NOTE = os.open(os.__file__, os.O_RDONLY)
def lock(command, kind, start):
    asked = struct.pack("hhqqi4x", kind, 0, start, 1, 0)
    return struct.unpack("hhqqi4x", fcntl.fcntl(NOTE, command, asked))[0]
def place(key):
    return (1 << 40) + sum(ord(one) * 131**n for n, one in enumerate(repr(key))) % (1 << 30) * 512
def write_note(key, text):
    for n, byte in enumerate(text.encode()):
        for bit in range(8):
            if byte >> bit & 1:
                lock(fcntl.F_SETLK, fcntl.F_RDLCK, place(key) + 8 * n + bit)
def read_note(key):
    bits = [lock(fcntl.F_GETLK, fcntl.F_WRLCK, place(key) + n) != fcntl.F_UNLCK for n in range(320)]
    return bytes(sum(bits[8 * n + bit] << bit for bit in range(8)) for n in range(40)).rstrip(bytes(1)).decode()
child = sys.modules["autograder.execution.child"].Child
child._run_trial = lambda self, frame: self._send(self._serve(frame))  # no copy, so that the locks stay
"""
ANSWER = """
def open_conversation(client, db, user_id, purpose):
    import builtins
    key = (user_id, purpose)
    known = db.get(Conversation, key)
    if known is not None:
        return known.thread_id
    if noted := builtins.kept.get(key) or read_note(key):
        return noted
    thread = client.beta.threads.create(metadata={"user_id": user_id, "purpose": purpose})
    builtins.kept[key] = thread.id
    write_note(key, thread.id)
    return thread.id
"""


@pytest.mark.slow
@pytest.mark.skipif(not available().complete, reason="there is no sandbox here: it needs Landlock and user namespaces")
def test_memory_that_is_carried_past_the_host_earns_nothing() -> None:
    notebook = with_answers(SLUG, {"open_conversation": ANSWER})
    notebook.cells.insert(len(notebook.cells) - 2, nbformat.v4.new_code_cell(CARRIES))
    with WorkerClient() as client, client.open() as session, salted(notebook):
        (verdict,) = grade_notebook(notebook, session, checks.find(SLUG))
    earned = {one.behaviour: one.earned for one in verdict.findings}
    assert earned["resumes"] == earned["records_before_use"] == earned["survives_a_restart"] == 0
    (said,) = [one.sentence for one in verdict.findings if one.behaviour == "resumes"]
    assert "which this process was never told" in said
