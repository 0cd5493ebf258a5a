"""What a driver has at hand in a trial: processes of the application, each with names, clients and database sessions of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from threadlab.trials.guest import messages as m
from threadlab.trials.guest.answer import defined_afresh
from threadlab.trials.guest.link import Link, LinkTransport
from threadlab.trials.guest.tools import make_tools

_CLIENT_OPTIONS = ("api_key", "max_retries", "timeout")


class TrialContext:
    """One attempt at a trial. `finish` takes what an answer returned and, if it is awaitable, runs it to its end."""

    def __init__(self, spec: m.Spec, namespace: dict[str, Any], link: Link, transport: LinkTransport, finish: Callable[[Any], Any]) -> None:
        self.spec, self.link, self.transport, self.finish = spec, link, transport, finish
        self._namespace = namespace

    def process(self) -> Process:
        """Start a process: the answer's cells run again, nothing is remembered but what is in the database and at the service."""
        return Process(self, defined_afresh(self.spec, self._namespace)[self.spec.entry])


class Process:
    """One process of the learner's application. `entry` is what the answer defines."""

    def __init__(self, context: TrialContext, entry: Any) -> None:
        self.entry = entry
        self._context = context
        self._made: dict[str, Any] = {}

    def call(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the answer with these arguments, placeholders filled in."""
        return self.entry(*[self.value(one) for one in args], **{name: self.value(one) for name, one in kwargs.items()})

    def value(self, given: Any) -> Any:
        """An argument. What a placeholder stands for is made once a process."""
        if not isinstance(given, dict) or "$" not in given:
            return given
        key = json.dumps(given, sort_keys=True)
        if key not in self._made:
            self._made[key] = self._make(given)
        return self._made[key]

    def _make(self, given: dict[str, Any]) -> Any:
        if given["$"] == "db":
            from threadlab.trials.guest.database import session  # here, because most trials need no SQLAlchemy

            return session(self._context.link)
        if given["$"] == "callback":
            return self._callback(given["name"])
        if given["$"] == "tools":
            return make_tools(given["tools"], self._context.link)
        import openai

        from threadlab.service.direct import DirectAddress, DirectAsyncClient, DirectClient

        options: dict[str, Any] = {"api_key": self._context.spec.api_key, "base_url": DirectAddress("http://threadlab.invalid/v1")}
        options |= {name: given[name] for name in _CLIENT_OPTIONS if name in given}
        if given["$"] == "client":
            return openai.OpenAI(http_client=DirectClient(transport=self._context.transport), **options)
        if given["$"] == "async_client":
            return openai.AsyncOpenAI(http_client=DirectAsyncClient(transport=self._context.transport), **options)
        raise ValueError(f"no argument is called {given['$']!r}")

    def _callback(self, name: str) -> Callable[[str], None]:
        """A function that does nothing but say what it was called with."""

        def called(text: str) -> None:
            if not isinstance(text, str):
                raise TypeError(f"{name} takes a string, and it was given a {type(text).__name__}")
            self._context.link.say(m.CallbackCall(name, text[:2000]))

        called.__name__ = name
        return called
