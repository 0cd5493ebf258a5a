"""The whole way: a real notebook, a real kernel, the real SDK, the server that `%load_ext` starts."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

import threadlab
from tests import kernels
from threadlab.service.data_folder import Home

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PROGRAM = """
import time

from openai import OpenAI

client = OpenAI()
helper = client.beta.assistants.create(model="gpt-4-1106-preview", name="Travel helper", instructions="One sentence, please.")
trip = client.beta.threads.create()
client.beta.threads.messages.create(trip.id, role="user", content="What is the capital of France?")

run = client.beta.threads.runs.create(trip.id, assistant_id=helper.id)
while run.status in ("queued", "in_progress"):
    time.sleep(0.5)
    run = client.beta.threads.runs.retrieve(run.id, thread_id=trip.id)

for said in client.beta.threads.messages.list(trip.id, order="asc"):
    print(said.role, said.content[0].text.value, sep=": ")
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the kernel finds this package, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(Path(threadlab.__file__).parent.parent))


def execute(folder: Path, *cells: str) -> list[str]:
    """Run the cells in a fresh kernel: what each printed. Anything but standard output is an error."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    kernels.executed(notebook, folder=folder)
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert [output for output in outputs if output.get("name") != "stdout"] == []
    return ["".join(output.text for output in cell.outputs) for cell in notebook.cells]


def test_first_program_says_paris(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    loaded, printed = execute(tmp_path, "%load_ext threadlab", PROGRAM)
    assert len([line for line in loaded.splitlines() if not line.startswith("Starting ")]) == 2  # that one is for a slow start
    question, answer = printed.splitlines()
    assert question == "user: What is the capital of France?"
    assert answer.startswith("assistant: ")
    assert "Paris" in answer


def test_second_kernel_reads_the_thread_of_the_first(home: Home, tmp_path: Path) -> None:
    setup = "%load_ext threadlab\nfrom openai import OpenAI\nclient = OpenAI()"
    first = execute(tmp_path, setup, "print(client.beta.threads.create(metadata={'who': 'ann'}).id)")
    second = execute(tmp_path, setup, f"print(client.beta.threads.retrieve({first[1].strip()!r}).metadata)")
    assert second[1] == "{'who': 'ann'}\n"


def test_failure_in_a_notebook_is_a_sentence(home: Home, tmp_path: Path) -> None:
    home.folder.touch()
    with pytest.raises(CellExecutionError) as caught:
        execute(tmp_path, "%load_ext threadlab")
    home.folder.unlink()
    assert "UsageError: threadlab: The folder" in caught.value.traceback
    assert "Traceback" not in caught.value.traceback
    assert os.fspath(Path(threadlab.__file__).parent) not in caught.value.traceback
