"""Clients that write as fast as they can and say what was acknowledged. A connection that breaks is made anew; nothing is sent twice.

    python load.py PORT KEY NAME THREADS

Every text is sent at most once, so that a text that is stored twice shows a request that was carried out twice. Ends when its standard
input closes.
"""

import contextlib
import http.client
import json
import sys
import threading
import time
from typing import Any

PORT, KEY, NAME, THREADS = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
HEADERS = {"Authorization": f"Bearer {KEY}", "OpenAI-Beta": "assistants=v2", "Content-Type": "application/json"}
over = threading.Event()


def say(*words: Any) -> None:
    """One line, whole, whichever threads say something at the same time."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


class Gone(Exception):
    """No reply: nobody knows whether the request was carried out."""


class Client:
    def __init__(self) -> None:
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if over.is_set():
            raise SystemExit
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
            self._connection.request("POST", f"/v1{path}", json.dumps(body), HEADERS)
            response = self._connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection = None
            time.sleep(0.01)
            raise Gone from error
        if response.status != 200:
            say("unexpected", response.status, answer)
        return answer


def work(name: str) -> None:
    client, sent = Client(), 0
    while True:
        with contextlib.suppress(Gone):
            assistant = client.post("/assistants", {"model": "gpt-4o"})["id"]
            thread = client.post("/threads", {})["id"]
            for _ in range(4):
                sent += 1
                text = f"{name}-{sent}"
                message = client.post(f"/threads/{thread}/messages", {"role": "user", "content": text})["id"]
                say("message", thread, message, text)
            run = client.post(f"/threads/{thread}/runs", {"assistant_id": assistant})["id"]
            say("run", thread, run, "")


threads = [threading.Thread(target=work, args=(f"{NAME}-{index}",), daemon=True) for index in range(THREADS)]
for one in threads:
    one.start()
sys.stdin.read()
over.set()
for one in threads:
    one.join(25)
