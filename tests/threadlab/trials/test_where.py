"""Trials work where people are: in a notebook's kernel, whose loop is running, in a script, and in pytest with a running loop."""

import asyncio
import subprocess
import sys

import nbformat

from tests import kernels
from tests.threadlab.trials.programs import racing, windows, world
from threadlab.trials.explore import explore
from threadlab.trials.trial import ASYNC_CLIENT

PROGRAM = """
import asyncio

from threadlab.trials.explore import explore
from threadlab.trials.trial import ASYNC_CLIENT, World


def setup(client):
    return client.beta.threads.create().id, client.beta.assistants.create(model="gpt-4o").id


async def racing(client, thread_id, assistant_id):
    asyncio.create_task(client.beta.threads.messages.create(thread_id, role="user", content="x"))
    return await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)


world = World(setup)
orders = explore(racing, ASYNC_CLIENT, *world.given, world=world)
print(sorted({len(order.requests("createRun")[0].window) for order in orders}))
"""


def test_running_loop_of_pytest_is_not_in_the_way():
    async def inside():
        there = world()
        found = {tuple(windows(order)) for order in explore(racing, ASYNC_CLIENT, *there.given, "x", world=there)}
        assert asyncio.get_running_loop().is_running()
        await asyncio.sleep(0)
        return found

    assert asyncio.run(inside()) == {(5,), (6,)}


def test_script_needs_no_notebook(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "[0, 1]\n", done.stderr


def test_kernel_loop_is_not_in_the_way():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(PROGRAM),
            nbformat.v4.new_code_cell("await asyncio.sleep(0.01)\nprint('the loop still runs')"),
        ]
    )
    kernels.executed(notebook)
    text = "".join(output.get("text", "") for cell in notebook.cells for output in cell.outputs)
    assert text == "[0, 1]\nthe loop still runs\n"
    assert not [output for cell in notebook.cells for output in cell.outputs if output.get("name") == "stderr"]
