"""The same turn with a peer: openai-responses, which puts scripted replies under the SDK's transport. It keeps no rules and no time.

    python benchmarks/peers.py

The peer needs an older SDK, so it gets an environment of its own in a temporary folder (a minute, and a network), and is compared with
that SDK alone; this service with the one that it is used with. The last line is `ratio=…`, ours, with `peer=…` before it.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

PEER = "openai-responses==0.13.1"
PROGRAM = """
import statistics, time, warnings
warnings.simplefilter("ignore")
import httpx, openai, openai_responses
from itertools import cycle

RUN = {"status": "completed", "model": "gpt-4o", "tools": [], "thread_id": "thread_any", "instructions": ""}

def turn(client, assistant_id):
    threads = client.beta.threads
    thread = threads.create()
    threads.messages.create(thread.id, role="user", content="What is the capital of France?")
    run = threads.runs.create(thread.id, assistant_id=assistant_id)
    run = threads.runs.retrieve(run.id, thread_id=thread.id)
    assert run.status == "completed"
    threads.messages.list(thread.id)

def median(client, assistant_id, turns=600):
    taken = []
    for _ in range(turns):
        begun = time.process_time()
        turn(client, assistant_id)
        taken.append(time.process_time() - begun)
    return statistics.median(taken[60:])

@openai_responses.mock()
def with_peer(openai_mock):
    openai_mock.beta.threads.runs.create.response = RUN
    replies = []
    kept = httpx.Client(event_hooks={"response": [lambda reply: replies.append((reply.status_code, reply.read()))]})
    client = openai.OpenAI(api_key="sk-none")
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    turn(openai.OpenAI(api_key="sk-none", http_client=kept), assistant_id)
    return median(client, assistant_id), replies

def alone(replies):
    at_once = cycle(replies)
    def answer(request):
        status, body = next(at_once)
        return httpx.Response(status, headers={"content-type": "application/json"}, content=body)
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return median(openai.OpenAI(api_key="sk-none", http_client=http), "asst_any")

peer, replies = with_peer()
print(openai.__version__, peer, alone(replies))
"""


def peer() -> tuple[str, float, float]:
    """The SDK's version, and seconds of processor time a turn: with the peer, and with the SDK alone."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"Installing {PEER} into a folder of its own.", flush=True)
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER], check=True)
        said = subprocess.run([python, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    return said[0], float(said[1]), float(said[2])


def main() -> None:
    from service import ratio

    try:
        version, theirs, floor = peer()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{PEER} could not be measured: {(error.stderr or 'it could not be installed').strip().splitlines()[-1]}")
    print(f"a turn with {PEER}: {theirs * 1000:.2f} ms; openai {version} alone: {floor * 1000:.2f} ms")
    ours = ratio()
    print(f"peer={theirs / floor:.3f} ratio={ours:.3f}")


if __name__ == "__main__":
    main()
