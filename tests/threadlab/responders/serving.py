"""Services in processes of their own: one that has the model, and one that asks it; and an endpoint that misbehaves."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from openai import OpenAI

KEY = "sk-secret-0123456789abcdef"
"""The key of an endpoint, which nobody but that endpoint may ever see."""


class Service(NamedTuple):
    process: subprocess.Popen[str]
    url: str
    key: str
    greeting: str

    def client(self, **options: Any) -> OpenAI:
        return OpenAI(**{"base_url": f"{self.url}/v1", "api_key": self.key, "max_retries": 0, "timeout": 60, **options})


@contextmanager
def serving(
    folder: Path, *options: str, store: str = ":memory:", port: int = 0, quiet: bool = True, **environment: str
) -> Iterator[Service]:
    """`serve` in a process of its own, whose store is in memory unless said otherwise. Nobody reads the lines of its requests, and a pipe
    that is full would hold it up: they are left out unless a test looks at them."""
    folder.mkdir(exist_ok=True)
    key_file = folder / "key"
    command = [sys.executable, "-m", "threadlab", "serve", "--port", str(port), "--store", store, "--key-file", str(key_file), *options]
    command += ["--quiet"] if quiet else []
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "THREADLAB_"))}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**clean, "THREADLAB_HOME": str(folder), **environment}
    )
    try:
        assert process.stdout
        assert process.stderr
        greeting = "".join(iter(process.stdout.readline, "")) if process.poll() is not None else _greeting(process)
        found = re.search(r"http://127\.0\.0\.1:\d+", greeting)
        assert found, greeting + process.stderr.read()
        yield Service(process, found[0], key_file.read_text().strip(), greeting)
    finally:
        process.kill()
        process.communicate()


def _greeting(process: subprocess.Popen[str]) -> str:
    lines = ""
    assert process.stdout
    while "The last requests" not in lines:
        line = process.stdout.readline()
        if not line:
            break
        lines += line
    return lines


@contextmanager
def bridged(folder: Path, endpoint: str, key: str = KEY, *options: str, **more: Any) -> Iterator[Service]:
    """A service that asks the endpoint at this address."""
    asks = ("--responder", "hosted", "--responder-url", endpoint, *options)
    with serving(folder, *asks, THREADLAB_RESPONDER_KEY=key, **more) as service:
        yield service


# ---- an endpoint that does what a test tells it to ---------------------------------------------------------------------------------------

Behaviour = Callable[[Any, dict[str, Any]], None]


class Endpoint:
    """Keeps what it was asked, and answers each request as `behave` says."""

    def __init__(self, behave: Behaviour) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.gone = threading.Event()
        """Set when a client has left in the middle of an answer."""
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                endpoint.asked.append(body)
                endpoint.keys.append(self.headers["authorization"])
                try:
                    behave(self, body)
                except OSError:
                    endpoint.gone.set()

            def log_message(self, *words: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Endpoint:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def says(handler: Any, status: int, body: Any) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def streams(handler: Any, *chunks: Any) -> None:
    """Server-sent events, one by one; the connection is closed after the last."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.end_headers()
    for chunk in chunks:
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        handler.wfile.write(f"data: {data}\n\n".encode())
        handler.wfile.flush()


def chat_chunk(content: str | None = None, finish: str | None = None, tools: Any = None, usage: Any = None) -> dict[str, Any]:
    """A chunk of a Chat Completions stream; the one with the usage has no choice in it."""
    delta: dict[str, Any] = {"role": "assistant"} | ({"content": content} if content else {}) | ({"tool_calls": tools} if tools else {})
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, "usage": usage}


USAGE = {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}
