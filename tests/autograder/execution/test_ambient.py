"""What demonstration cells of a graded notebook show: the same whenever it is graded, however busy the computer is."""

from autograder.execution.client import Session
from autograder.judging.notebook import AMBIENT

THREAD = """
from openai import OpenAI, AsyncOpenAI
client = OpenAI()
assistant = client.beta.assistants.create(model="gpt-4o")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of France?"}])
run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
"""


def said(session: Session, source: str) -> str:
    result = session.run_cell(source, 30)
    return "".join(output.get("text", "") for output in result.outputs if output.get("name") != "stderr") + (
        result.outputs[-1].get("ename", "") if result.outputs else ""
    )


def test_busy_computer_changes_nothing_that_a_notebook_shows(session: Session) -> None:
    """Half a second of computing is no time at all; waiting is."""
    session.run_cell(AMBIENT, 30)
    assert said(session, THREAD) == ""
    look = "\nprint(client.beta.threads.runs.retrieve(run.id, thread_id=thread.id).status)"
    assert said(session, "x = sum(n * n for n in range(3_000_000))" + look) == "queued\n"
    assert said(session, "import time\ntime.sleep(60)" + look) == "completed\n"


def test_loop_that_only_asks_ends(session: Session) -> None:
    session.run_cell(AMBIENT, 30)
    said(session, THREAD)
    polls = "while run.status != 'completed': run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)\nprint(run.status)"
    assert said(session, polls) == "completed\n"
    assert said(session, "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass\nprint('over')") == "over\n"


def test_who_sleeps_longer_wakes_later(session: Session) -> None:
    session.run_cell(AMBIENT, 30)
    naps = "import asyncio, time\nstart, woken = time.time(), []\nasync def nap(s):\n    await asyncio.sleep(s); woken.append(s)\n"
    naps += "await asyncio.gather(nap(30), nap(1), nap(600), nap(2))\nprint(woken, time.time() - start >= 600)"
    assert said(session, naps) == "[1, 2, 30, 600] True\n"
    assert (
        said(session, THREAD + "print((await AsyncOpenAI().beta.threads.runs.poll(run.id, thread_id=thread.id)).status)") == "completed\n"
    )
    late = "try:\n    await asyncio.wait_for(asyncio.sleep(60), 5)\nexcept TimeoutError: print('late')\nawait nap(1); print(woken[-1])"
    assert said(session, late) == "late\n1\n"


def test_thread_of_its_own_waits_on_the_same_time(session: Session) -> None:
    session.run_cell(AMBIENT, 30)
    said(session, THREAD)
    poll = "print(pool.submit(client.beta.threads.runs.poll, run.id, thread_id=thread.id, poll_interval_ms=60_000).result().status)"
    assert (
        said(session, f"from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as pool:\n    {poll}")
        == "completed\n"
    )
